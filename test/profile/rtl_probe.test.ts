// SPDX-License-Identifier: BSD-2-Clause
import { beforeAll, describe, expect, it } from 'vitest';
import type { NativeWorld } from '../../src/ffi/sim_world.ts';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import { cardLibrary } from '../../src/harness/library.ts';
import type { WorldOptions } from '../../src/harness/world_options.ts';
import { cyclesPerStage, pace, RtlProbe } from '../../src/profile/rtl_probe.ts';
import type { PacketTrack } from '../../src/profile/sample.ts';

const PACKETS = 120;

// What is looked at is built beforehand: that takes longer than a test may.
beforeAll(async () => void (await cardLibrary({ probe: true })));

async function probed(options: WorldOptions, probe: boolean) {
  const world = await createWorld({ nic: 'rtl', probe, ...options });
  const wireEnds: number[] = [];
  world.onFrame = (f) => {
    if (f.card === 0) wireEnds.push(f.cycle);
  };
  const rtl = probe ? new RtlProbe(world.sim as NativeWorld, 0, PACKETS) : null;
  await world.flow(0, { packets: PACKETS, size: 'imix' });
  const tracks = rtl?.tracks() ?? [];
  const { digest, violations } = await finishRun(world, 'probe');
  expect(violations).toEqual([]);
  return { digest, tracks, wireEnds };
}

const ORDER: readonly (keyof PacketTrack)[] = [
  'asked',
  'descriptor',
  'fetchBegin',
  'sa',
  'cryptoBegin',
  'cryptoEnd',
  'icv',
  'wireBegin',
  'wireEnd',
  'completion',
];

describe('the probe in the transmit path of the RTL', () => {
  it.each([{}, { memory: { stallPermille: 200 } }, { mode: 'transport' }] as const)(
    'sees every frame pass every stage, in order, and changes nothing: %o',
    async (options) => {
      const watched = await probed(options, true);
      const alone = await probed(options, false);
      expect(watched.digest).toBe(alone.digest);
      const { tracks, wireEnds } = watched;
      expect(tracks).toHaveLength(PACKETS);
      expect(tracks.map((t) => t.wireEnd)).toEqual(wireEnds);
      for (const t of tracks) {
        const cycles = ORDER.map((step) => t[step]);
        expect(cycles).toEqual([...cycles].sort((a, b) => a - b));
        expect(t.fetchEnd).toBeGreaterThan(t.fetchBegin);
        // What is fetched last leaves the engine later.
        expect(t.cryptoEnd).toBeGreaterThan(t.fetchEnd);
      }
      const stages = cyclesPerStage(tracks);
      // nic_gcm: "last text output to tag 5 cycles", and no better; memory answers after 200.
      expect(Math.min(...stages.icv)).toBeGreaterThanOrEqual(5);
      expect(Math.min(...stages.fetch)).toBeGreaterThan(200);
    },
  );

  it('frames that go round the engine have no part in its stages', async () => {
    const { tracks, wireEnds } = await probed({ offload: false }, true);
    expect(tracks.map((t) => t.wireEnd)).toEqual(wireEnds);
    for (const t of tracks) {
      expect([t.sa, t.cryptoBegin, t.cryptoEnd, t.icv]).toEqual([0, 0, 0, 0]);
      expect(t.wireBegin).toBeGreaterThan(t.fetchBegin);
    }
    expect(cyclesPerStage(tracks).crypto).toEqual([]);
  });

  it('keeps as many as there is room for', async () => {
    const world = await createWorld({ nic: 'rtl', probe: true });
    const probe = new RtlProbe(world.sim as NativeWorld, 0, 10);
    await world.flow(0, { packets: 30, size: 64 });
    expect(probe.tracks()).toHaveLength(10);
    world.close();
  });
});

describe('the pace of a card', () => {
  const at = (...wireEnds: number[]): PacketTrack[] =>
    wireEnds.map((wireEnd) => ({ wireEnd }) as PacketTrack);

  it('is what lies between frames of a flow, without what lies between flows', () => {
    expect(pace(at(500, 512, 524, 9000, 9010), [3, 5])).toBeCloseTo((24 + 10) / 3);
  });

  it('is unknown without two frames in one flow', () => {
    expect(pace(at(500, 900), [1, 2])).toBeNaN();
    expect(pace([], [0])).toBeNaN();
  });
});
