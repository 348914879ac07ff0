// SPDX-License-Identifier: BSD-2-Clause
// What else is written: the timeline, folded stacks, raw samples.
import { beforeAll, describe, expect, test } from 'vitest';
import { foldedStacks } from '../../src/profile/folded.ts';
import { runRounds } from '../../src/profile/rounds.ts';
import type { RunSample } from '../../src/profile/sample.ts';
import { samplesCsv } from '../../src/profile/samples_csv.ts';
import { type TraceEvent, timeline } from '../../src/profile/timeline.ts';
import { drawn, drawnProfile, planOf } from './synthetic.ts';
import { nested } from './trace_events.ts';

let samples: readonly RunSample[];
beforeAll(async () => {
  const strategies = [{ name: 'in-place', file: null }];
  ({ samples } = await runRounds(
    planOf({ strategies, sweeps: [] }),
    drawn({ seed: 1, noise: 0.02 }),
  ));
});

describe('the timeline', () => {
  const made = () => {
    const cosim = samples.find((s) => s.mode === 'cosim')!;
    const file = timeline(
      cosim,
      samples.filter((s) => s.mode === 'stack'),
    );
    return { file: JSON.parse(JSON.stringify(file)), cosim };
  };

  test('is trace-event JSON, each packet a track, and slices nest', () => {
    const { file, cosim } = made();
    const tracks = nested(file);
    expect(tracks.size).toBe(2 * cosim.tracks.length);
    for (const [name, slices] of tracks) {
      expect(slices[0]!.name, name).toMatch(/^packet/);
      expect(slices.filter((s) => s.depth === 0).length, name).toBe(1);
    }
  });

  test('shows the way of a packet in order, in the cycles it had', () => {
    const { file, cosim } = made();
    const events: TraceEvent[] = file.traceEvents;
    const card = events.filter((e) => e.ph === 'X' && e.pid === 1 && e.tid === 1);
    expect(card.map((e) => e.name)).toEqual([
      'packet 0',
      'stack',
      'tag',
      'driver',
      'descriptor',
      'DMA',
      'crypto',
      'wire',
      'completion',
    ]);
    const track = cosim.tracks[0]!;
    const wire = card.at(-2)!;
    expect(wire.ts).toBeCloseTo(track.wireBegin * 0.004, 9);
    expect(wire.ts! + wire.dur!).toBeCloseTo(track.wireEnd * 0.004, 9);
  });

  test('shows the host in wall time: a packet is as long as its stages', () => {
    const host = (made().file.traceEvents as TraceEvent[]).filter(
      (e) => e.ph === 'X' && e.pid === 2 && e.tid === 2,
    );
    expect(host.map((e) => e.name)).toEqual(['packet', 'stack', 'tag', 'driver', 'completion']);
    const [whole, ...parts] = host;
    expect(parts.reduce((sum, e) => sum + e.dur!, 0)).toBeCloseTo(whole!.dur!, 9);
    expect(whole!.dur!).toBeGreaterThan(0.6);
  });
});

test('nesting is checked: slices that overlap in part are refused', () => {
  const slice = (ts: number, dur: number) => ({ name: 'x', ph: 'X', pid: 1, tid: 1, ts, dur });
  expect(() => nested({ traceEvents: [slice(0, 10), slice(5, 10)] })).toThrow('overlap');
  expect(nested({ traceEvents: [slice(0, 10), slice(5, 5)] }).size).toBe(1);
});

test('folded stacks are `frame;frame;frame count` lines, and add up to the host time', async () => {
  const report = await drawnProfile({ seed: 1, noise: 0.02 }, { sweeps: [], cosim: [] });
  const lines = foldedStacks(report).trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^[\w-]+;(tx|rx);\w+ \d+$/);
  const mine = lines.filter((line) => line.startsWith('in-place;tx;'));
  const ps = mine.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
  expect(ps / 1000 / report.strategies[0]!.tx.hostNs.p50).toBeCloseTo(1, 1);
});

test('raw samples: every batch is a line of CSV', () => {
  const [head, ...lines] = samplesCsv(samples).trimEnd().split('\n');
  expect(head).toBe('mode,strategy,workload,round,direction,stage,batch,ns_per_packet');
  const batches = samples.flatMap(({ stagesNs }) =>
    [stagesNs.tx, stagesNs.rx].flatMap((stages) => Object.values(stages).flat()),
  );
  expect(lines.length).toBe(batches.length);
  expect(lines.map((line) => Number(line.split(',').at(-1)))).toEqual(batches);
});
