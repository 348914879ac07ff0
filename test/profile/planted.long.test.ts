// SPDX-License-Identifier: BSD-2-Clause
// The whole way, on this machine: a strategy that is slower by a known part, beside itself without it.
import { resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { judgePaired } from '../../src/profile/judge.ts';
import { runRounds } from '../../src/profile/rounds.ts';
import { runChild } from '../../src/profile/run_child.ts';
import { type Job, type RunSample, STAGES, type StageName } from '../../src/profile/sample.ts';
import { median } from '../../src/profile/stats.ts';
import { planOf } from './synthetic.ts';

const FILE = resolve(import.meta.dirname, '../data/strategies/planted.ts');
const ROUNDS = 16;
const PLANTED = 0.03;
/** planted.ts spreads its steps over so many packets. */
const PACKETS = 8;

const measure = (job: Job, steps: number): Promise<RunSample> => {
  process.env.PLANTED_STEPS = `${steps}`;
  return runChild(job, 300_000, new AbortController().signal);
};

/** Nanoseconds of one step of planted.ts. */
const stepNs = (): number => {
  const rows = Array.from({ length: 20 }, () => {
    const before = process.cpuUsage();
    let x = 1;
    for (let i = 0; i < 1e6; i++) x = (Math.imul(x, 0x41c64e6d) + 12345) | 0;
    const { user, system } = process.cpuUsage(before);
    return x === 0 ? 0 : (user + system) / 1000;
  });
  return median(rows);
};

describe('a stage that is slower by 3 %', () => {
  let samples: readonly RunSample[];
  const roundsOf = (strategy: string, stage: StageName) =>
    samples
      .filter((s) => s.strategy === strategy)
      .sort((a, b) => a.round - b.round)
      .map((s) => Math.min(...s.stagesNs.tx[stage]!));
  const verdictOf = (strategy: string, stage: StageName, family: number) =>
    judgePaired(roundsOf('control', stage), roundsOf(strategy, stage), family);

  beforeAll(async () => {
    const plan = planOf({
      strategies: ['control', 'same', 'planted'].map((name) => ({ name, file: FILE })),
      ...{ rounds: ROUNDS, sweeps: [], cosim: [] },
    });
    const job: Job = {
      ...{ strategy: 'control', strategyFile: FILE, mode: 'stack', workload: plan.base },
      ...{ scenario: 'tunnel', round: 0, seed: 1, quick: false, nic: 'rtl' },
    };
    const tagNs = Math.min(...(await measure(job, 0)).stagesNs.tx.tag!);
    const steps = Math.round((PLANTED * tagNs * PACKETS) / stepNs());
    ({ samples } = await runRounds(plan, async (one) => {
      const sample = await measure(one, one.strategy === 'planted' ? steps : 0);
      return { ...sample, strategy: one.strategy };
    }));
  }, 900_000);

  test('is found slower, by about that', () => {
    const { verdict, ratio } = verdictOf('planted', 'tag', 1);
    expect(verdict).toBe('more');
    expect(ratio).toBeGreaterThan(PLANTED / 3);
    expect(ratio).toBeLessThan(PLANTED * 3);
  });

  test('and the others are not', () => {
    const others = STAGES.filter((stage) => stage !== 'tag' && stage !== 'host');
    const found = others.filter(
      (stage) => verdictOf('planted', stage, others.length).verdict !== 'no difference',
    );
    expect(found).toEqual([]);
  });

  test('the same code twice is "no difference" in every stage', () => {
    const found = STAGES.filter(
      (stage) => verdictOf('same', stage, STAGES.length).verdict !== 'no difference',
    );
    expect(found).toEqual([]);
  });
});
