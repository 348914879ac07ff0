// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { cardLibrary } from '../../src/harness/library.ts';
import { RING } from '../../src/profile/bench_pair.ts';
import { BASE_WORKLOAD, type Job, RTL_STAGES, type RunSample } from '../../src/profile/sample.ts';
import { median } from '../../src/profile/stats.ts';

const CHILD = new URL('../../src/profile/child.ts', import.meta.url).pathname;

function child(job: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', CHILD, job], { encoding: 'utf8' });
}

const job = (over: Partial<Job>): string =>
  JSON.stringify({
    strategy: 'in-place',
    strategyFile: null,
    scenario: 'tunnel',
    mode: 'stack',
    workload: BASE_WORKLOAD,
    round: 3,
    seed: 1,
    quick: true,
    nic: 'rtl',
    ...over,
  } satisfies Job);

// What is looked at is built beforehand: that takes longer than a test may.
beforeAll(async () => void (await cardLibrary({ probe: true })));

const SMALL = { ...BASE_WORKLOAD, sizeBytes: 64 };

describe('a measuring child', () => {
  it('the stack alone: prints one sample, every stage of every batch in it', () => {
    const { status, stdout, stderr } = child(job({}));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const sample = JSON.parse(stdout) as RunSample;
    expect(sample).toMatchObject({ schema: 1, strategy: 'in-place', mode: 'stack', round: 3 });
    expect([sample.sent, sample.offloaded]).toEqual([RING, RING]);
    const ways = [
      ['tx', ['ip', 'policy', 'esp', 'tag', 'driver', 'descriptor', 'completion', 'reclaim']],
      ['rx', ['completion', 'driver', 'tag', 'esp', 'policy', 'ip', 'reclaim']],
    ] as const;
    for (const [way, names] of ways) {
      const { host, ...stages } = sample.stagesNs[way];
      expect(Object.keys(stages).sort()).toEqual([...names].sort());
      const { ip, ...others } = stages;
      const known = Object.values(others).reduce((sum, ns) => sum + median(ns), 0);
      for (const [i, ns] of host!.entries()) {
        expect(ns).toBeGreaterThan(0);
        expect(ip![i]! + known).toBeCloseTo(ns, 3);
      }
      expect(stages.tag!.every((ns) => ns > 0)).toBe(true);
      expect(sample.counts[way]).toMatchObject({ allocs: 1, frees: 1, handoverAllocs: 0 });
      expect(sample.counts[way].heapBytes).toBeLessThan(0.5);
    }
    expect(sample.warmUpBatches).toBeGreaterThan(0);
    expect(sample.timerNs).toBeGreaterThan(0);
    expect(sample.hazards.length).toBeGreaterThan(0);
  });

  it('software ESP leaves the packets of the other stages as they were', () => {
    const { status, stdout, stderr } = child(job({ strategy: 'none', workload: SMALL }));
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ strategy: 'none', offloaded: 0 });
  });

  it('the co-simulation: cycles of every packet in every stage of the card, and where time goes', () => {
    const { status, stdout, stderr } = child(job({ mode: 'cosim', workload: SMALL }));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const sample = JSON.parse(stdout) as RunSample;
    const { rtl, split, ffi, tracks } = sample;
    for (const stage of RTL_STAGES) expect(rtl!.cyclesPerStage[stage]).toHaveLength(2500);
    // The engine's own figures: from the last text to the ICV at least 5 cycles.
    expect(Math.min(...rtl!.cyclesPerStage.icv)).toBe(5);
    // Back to back: what the wire takes, however long the flow and the way to its first frame are.
    expect(rtl!.cyclesPerPacket).toBeCloseTo(11, 1);
    expect(rtl!.cycles / sample.sent).toBeGreaterThan(12);
    expect([rtl!.dmaReadBeats > 5, rtl!.dmaWriteBeats > 5]).toEqual([true, true]);
    for (const part of [split.rtl, split.ffi, split.stack, ffi.ns]) expect(part).toBeGreaterThan(0);
    expect(ffi.calls).toBeGreaterThan(0);
    expect(ffi.calls).toBeLessThan(1);
    expect(tracks).toHaveLength(64);
    expect(sample.stagesNs.tx.host!.length).toBeGreaterThan(1);
  });

  it('runs a scenario of the user’s own once: 100 datagrams and their answers', () => {
    const scenario = new URL('../data/scenarios/echo.ts', import.meta.url).pathname;
    const { status, stdout, stderr } = child(job({ mode: 'cosim', nic: 'model', scenario }));
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ sent: 200, offloaded: 200, warmUpBatches: 0 });
  });

  it('on the functional model there is no RTL to tell of', () => {
    const { status, stdout } = child(job({ mode: 'cosim', nic: 'model' }));
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rtl: null, tracks: [], mode: 'cosim' });
  });

  it.each([
    ['a strategy that is not there', job({ strategy: 'no-such' }), /no strategy 'no-such'/],
    ['a strategy file that is not there', job({ strategyFile: '/no/such.ts' }), /does not exist/],
    ['no JSON', 'in-place', /JSON/],
  ])('%s: exit code 2, and why', (_what, text, why) => {
    const { status, stdout, stderr } = child(text);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(why);
  });
});
