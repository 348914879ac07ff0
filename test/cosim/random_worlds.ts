// SPDX-License-Identifier: BSD-2-Clause
import { expect } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import type { RunReport } from '../../src/harness/run_report.ts';
import { ALGORITHMS, type Algorithm } from '../../src/harness/topology.ts';
import type { WorldOptions } from '../../src/harness/world_options.ts';
import { Rng } from '../../src/kern/rng.ts';

const PACKETS = 120;

const BY_SOFTWARE = (Object.keys(ALGORITHMS) as Algorithm[]).filter(
  (alg) => alg !== 'aes-gcm-128' && alg !== 'aes-gcm-256',
);

/** A world that follows from its seed: mode, algorithm, sizes, wire and memory at random. */
function randomWorld(seed: number): { options: WorldOptions; size: number | 'imix' } {
  const rng = new Rng(seed);
  const one = <T>(...choices: T[]): T => choices[rng.below(choices.length)]!;
  const mtu = one(1280, 1500, 9000);
  const mode = one<'tunnel' | 'transport'>('tunnel', 'transport');
  const byCard = one('aes-gcm-128', 'aes-gcm-256', null);
  const options: WorldOptions = {
    seed,
    mtu,
    mode,
    offload: one(true, true, true, false),
    wire: {
      latencyCycles: 1 + rng.below(2000),
      lossPercent: one(0, 0, 1, 10),
      flipPpm: one(0, 0, 20_000),
      reorderPpm: one(0, 0, 50_000),
      reorderCycles: 1 + rng.below(500),
    },
    memory: { latencyCycles: 1 + rng.below(400), stallPermille: one(0, 0, 100, 300) },
    card: { itrCount: 1 + rng.below(64), itrIntervalCycles: 1 + rng.below(3000) },
  };
  const size = one<number | 'imix'>('imix', 1 + rng.below(mtu - 100), 1 + rng.below(64), 3 * mtu);
  // Drawn last: what a seed was before there was IPv6, and more algorithms, it mostly still is.
  const alg = byCard ?? one(...BY_SOFTWARE);
  const outer = one<4 | 6>(4, 4, 6);
  const inner = mode === 'transport' ? outer : one<4 | 6>(4, 4, 6);
  return { options: { ...options, alg, inner, outer }, size };
}

/** Both ways at once in that world. */
async function runRandomWorld(seed: number, packets: number): Promise<RunReport> {
  const { options, size } = randomWorld(seed);
  const world = await createWorld(options);
  await world.duplex({ packets, size });
  return finishRun(world, `random world ${seed}`);
}

/** Worlds of the seeds [first, first + worlds): no oracle trips, nothing is left, losses have names. */
export async function expectRandomWorlds(first: number, worlds: number): Promise<void> {
  for (let seed = first; seed < first + worlds; seed++) {
    const r = await runRandomWorld(seed, PACKETS);
    const what = `seed ${seed}: ${JSON.stringify(randomWorld(seed))} ${JSON.stringify(r.drops)}`;
    expect(r.violations, what).toEqual([]);
    expect(r.mismatches + r.plaintextLeaks + r.tags.leaked, what).toBe(0);
    expect(r.compared, what).toBe(r.packets.delivered);
    expect(r.packets.sent, what).toBe(2 * PACKETS);
    if (r.packets.lost === 0 && Object.keys(r.drops).length === 0) {
      expect(r.packets.delivered, what).toBe(2 * PACKETS);
    }
  }
}
