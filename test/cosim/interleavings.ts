// SPDX-License-Identifier: BSD-2-Clause
import { expect } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import type { RunReport } from '../../src/harness/run_report.ts';
import { SCENARIOS } from '../../src/harness/scenario.ts';

/** The scenario by one seed; in every other seed in tunnel mode. */
export async function interleave(
  seed: number,
  rulesOff: readonly string[] = [],
): Promise<RunReport> {
  const scenario = SCENARIOS.interleave!;
  const mode = seed % 2 === 0 ? 'tunnel' : 'transport';
  const world = await createWorld({ ...scenario.world, mode, seed, rulesOff });
  try {
    await scenario.run(world, { packets: 60, size: 'imix' });
    return await finishRun(world, 'interleave');
  } finally {
    world.close();
  }
}

/** Seeds [first, first + n): whatever comes in between, no oracle trips and nothing is left. */
export async function expectInterleavings(first: number, n: number): Promise<void> {
  for (let seed = first; seed < first + n; seed++) {
    const r = await interleave(seed);
    const schedule = `seed ${seed}:\n${r.schedule?.join('\n')}`;
    expect(r.violations, schedule).toEqual([]);
    expect(r.mismatches + r.plaintextLeaks + r.tags.leaked, schedule).toBe(0);
    expect(r.compared, schedule).toBe(r.packets.delivered);
  }
}
