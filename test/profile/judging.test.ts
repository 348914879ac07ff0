// SPDX-License-Identifier: BSD-2-Clause
// From samples to a verdict, on drawn samples of which the truth is known.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { compareProfiles } from '../../src/profile/compare.ts';
import { runRounds } from '../../src/profile/rounds.ts';
import type { Job } from '../../src/profile/sample.ts';
import type { ProfileReport } from '../../src/report/profile_report.ts';
import { PROFILE_SCHEMA } from '../../src/report/profile_schema.ts';
import { drawn, drawnProfile, planOf, STRATEGIES } from './synthetic.ts';

/** Processes of one strategy differ by so much on a quiet machine, and on a busy one. */
const QUIET = 0.01;
const BUSY = 0.4;

describe('rounds', () => {
  test('each round takes every strategy once, in an order that the seed shuffles', async () => {
    const order = async (seed: number): Promise<Job[]> => {
      const jobs: Job[] = [];
      const measure = drawn({ seed: 1, noise: QUIET });
      await runRounds(planOf({ seed, sweeps: [], cosim: [] }), (job) => {
        jobs.push(job);
        return measure(job);
      });
      return jobs;
    };
    const jobs = await order(1);
    const rounds = Array.from({ length: 10 }, (_, i) => jobs.slice(7 * i, 7 * i + 7));
    for (const [i, round] of rounds.entries()) {
      expect(round.map((j) => j.strategy).sort()).toEqual([...STRATEGIES].sort());
      expect(new Set(round.map((j) => j.round))).toEqual(new Set([i]));
    }
    const names = (of: Job[]) => of.map((j) => j.strategy).join();
    expect(new Set(rounds.map(names)).size).toBeGreaterThan(5);
    expect(names(await order(1))).toBe(names(jobs));
    expect(names(await order(2))).not.toBe(names(jobs));
  });

  test('the sweeps go on for as long as there is time, and say what they left out', async () => {
    const sweeps = async (budgetMs: number) => {
      const report = await drawnProfile({ seed: 1, noise: QUIET }, { budgetMs, cosim: [] });
      const missing = report.method.notes.find((note) => /had no time/.test(note));
      return {
        rows: report.workloads.length,
        rounds: report.workloads[0]?.tx.hostNs.rounds.length,
        missing,
      };
    };
    expect(await sweeps(0)).toEqual({
      rows: 0,
      rounds: undefined,
      missing: '14 of the other workloads had no time',
    });
    expect(await sweeps(60_000)).toEqual({ rows: 14, rounds: 3, missing: undefined });
  });

  test('too slow a machine gets fewer rounds, where that is allowed, and the report says so', async () => {
    const slow = await drawnProfile({ seed: 1, noise: QUIET }, { roundsMin: 6, cosim: [] });
    expect(slow.method).toMatchObject({ rounds: 6 });
    expect(slow.method.notes).toContain('6 rounds instead of 10: time was over');
    expect(slow.strategies[0]!.tx.tagNs.rounds.length).toBe(6);
  });

  test('two processes at a time, where that is allowed, and never more', async () => {
    const measure = drawn({ seed: 1, noise: QUIET });
    let running = 0;
    let most = 0;
    const { samples } = await runRounds(planOf({ parallel: 2 }), async (job) => {
      most = Math.max(most, ++running);
      await new Promise((done) => setImmediate(done));
      running--;
      return measure(job);
    });
    expect(most).toBe(2);
    expect(samples.filter((s) => s.workload.name === 'base').length).toBe(10 * STRATEGIES.length);
  });

  test('a process that fails ends the rounds with its error', async () => {
    const failing = async () => Promise.reject(new Error('strategy none, round 3'));
    await expect(runRounds(planOf(), failing)).rejects.toThrow('strategy none, round 3');
  });

  test('and none is begun after it, when two are under way', async () => {
    const measure = drawn({ seed: 1, noise: QUIET });
    let begun = 0;
    const second = async (job: Job) => {
      if (++begun === 2) throw new Error('the second');
      await new Promise((done) => setImmediate(done));
      return measure(job);
    };
    await expect(runRounds(planOf({ parallel: 2 }), second)).rejects.toThrow('the second');
    for (let i = 0; i < 10; i++) await new Promise((done) => setImmediate(done));
    expect(begun).toBe(2);
  });

  test('the sweeps take every strategy before the next workload, in shuffled order', async () => {
    const measure = drawn({ seed: 1, noise: QUIET });
    const jobs: Job[] = [];
    const plan = planOf({ rounds: 0, cosim: [] });
    await runRounds(plan, (job) => {
      jobs.push(job);
      return measure(job);
    });
    const turns = Array.from({ length: 3 * plan.sweeps.length }, (_, i) =>
      jobs.slice(7 * i, 7 * i + 7),
    );
    for (const [i, turn] of turns.entries()) {
      const { name } = plan.sweeps[i % plan.sweeps.length]!;
      expect(new Set(turn.map((j) => j.workload.name))).toEqual(new Set([name]));
      expect(turn.map((j) => j.strategy).sort()).toEqual([...STRATEGIES].sort());
    }
    expect(new Set(turns.map((turn) => turn.map((j) => j.strategy).join())).size).toBeGreaterThan(
      3,
    );
  });
});

describe('profile.json', () => {
  let report: ProfileReport;
  beforeAll(async () => {
    report = await drawnProfile({ seed: 3, noise: QUIET });
  });

  test('is what its schema says', () => {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(PROFILE_SCHEMA);
    validate(JSON.parse(JSON.stringify(report)));
    expect(validate.errors).toBe(null);
    validate({ ...report, strategies: [{ ...report.strategies[0], tx: {} }] });
    expect(validate.errors).not.toBe(null);
  });

  test('finds the true times, within their intervals', () => {
    for (const { name, tx } of report.strategies) {
      const { p50, p90, p99, low95, high95 } = tx.tagNs;
      expect(low95! <= p50 && p50 <= high95! && p50 <= p90 && p90 <= p99, name).toBe(true);
    }
    const inPlace = report.strategies.find((s) => s.name === 'in-place')!;
    expect(inPlace.tx.tagNs.p50).toBeGreaterThan(40);
    expect(inPlace.tx.tagNs.p50).toBeLessThan(42);
    expect(inPlace.tx).toMatchObject({ allocs: 1, frees: 1, handoverAllocs: 0 });
    expect(inPlace.tx.tagShare.p50).toBeCloseTo(40 / 716, 2);
  });

  test('ranks strategies by their tag work', () => {
    const ranked = [...report.strategies].sort((a, b) => a.rank.tx - b.rank.tx);
    expect(ranked.map((s) => s.name)).toEqual([
      'none',
      'mbuf-field',
      'in-place',
      'sec-path',
      'accel-tag',
      'strip-add',
      'side-table',
    ]);
    expect(ranked.map((s) => s.rank.tx)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('few rounds make no verdict, and no bounds', async () => {
    const few = await drawnProfile({ seed: 3, noise: QUIET }, { rounds: 3 });
    expect(new Set(few.comparisons.map((c) => c.verdict))).toEqual(new Set(['no difference']));
    expect(new Set(few.comparisons.map((c) => c.note))).toEqual(
      new Set(['too few rounds to tell']),
    );
    expect(few.strategies[0]!.tx.tagNs).toMatchObject({ low95: null, high95: null });
  });

  test('a machine too noisy to tell says so, and names no winner', async () => {
    const busy = await drawnProfile({ seed: 3, noise: 2 });
    const close = busy.comparisons.find(
      (c) => c.a === 'in-place' && c.b === 'sec-path' && c.metric === 'hostNs',
    )!;
    expect(close).toMatchObject({ verdict: 'no difference' });
    expect(close.note).toMatch(/^too noisy: less than ±\d+ % cannot be seen$/);
  });
});

describe('two runs', () => {
  const changedIn = async (noise: number, seed: number, slower = {}) => {
    const before = await drawnProfile({ seed, noise }, { sweeps: [], cosim: [] });
    const after = await drawnProfile(
      { seed: seed + 1000, noise, slower },
      { sweeps: [], cosim: [] },
    );
    return compareProfiles(before, after).changed.map((c) => `${c.strategy} ${c.metric}`);
  };

  test('of the same code are "no difference", quiet or busy', async () => {
    const found: string[] = [];
    for (const noise of [QUIET, BUSY]) {
      for (let seed = 1; seed <= 6; seed++) found.push(...(await changedIn(noise, seed)));
    }
    expect(found).toEqual([]);
  });

  test('3 % planted in one stage are found in that stage, and nowhere else', async () => {
    const found = await changedIn(QUIET, 5, { esp: 1.03 });
    expect(found.sort()).toEqual(
      STRATEGIES.flatMap((s) => [`${s} rx.stages.esp`, `${s} tx.stages.esp`]).sort(),
    );
  });

  test('agree on the ranking, or say "no difference", however busy the machine', async () => {
    const verdicts = async (seed: number) => {
      const report = await drawnProfile({ seed, noise: BUSY }, { sweeps: [], cosim: [] });
      return new Map(
        report.comparisons.map((c) => [[c.direction, c.metric, c.a, c.b].join(), c.verdict]),
      );
    };
    for (let seed = 10; seed < 20; seed += 2) {
      const [one, other] = [await verdicts(seed), await verdicts(seed + 1)];
      const contradictions = [...one].filter(([key, verdict]) => {
        const opposite = { less: 'more', more: 'less', 'no difference': '' }[verdict];
        return other.get(key) === opposite;
      });
      expect(contradictions).toEqual([]);
    }
  });
});
