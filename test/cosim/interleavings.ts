// SPDX-License-Identifier: BSD-2-Clause
import { expect } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import type { RunReport } from '../../src/harness/run_report.ts';
import { SCENARIOS } from '../../src/harness/scenario.ts';

/** Inner and outer family; transport mode has the outer one alone. */
const FAMILIES = [
  [4, 4],
  [6, 6],
  [4, 6],
  [6, 4],
] as const;

/** The scenario by one seed, which also says mode and families. */
export async function interleave(
  seed: number,
  rulesOff: readonly string[] = [],
): Promise<RunReport> {
  const scenario = SCENARIOS.interleave!;
  const mode = seed % 2 === 0 ? 'tunnel' : 'transport';
  const [inner, outer] = FAMILIES[(seed >> 1) % FAMILIES.length]!;
  const families = mode === 'tunnel' ? { inner, outer } : { outer };
  const world = await createWorld({ ...scenario.world, mode, ...families, seed, rulesOff });
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
