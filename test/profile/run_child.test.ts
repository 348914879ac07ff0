// SPDX-License-Identifier: BSD-2-Clause
// A measuring process that does not deliver is named, and never mistaken for a measurement.
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ChildError, runChild } from '../../src/profile/run_child.ts';
import { BASE_WORKLOAD, type Job } from '../../src/profile/sample.ts';

const PATIENCE_MS = 50_000;

const job = (change: Partial<Job>): Job => ({
  ...{ strategy: 'in-place', strategyFile: null, mode: 'stack', scenario: 'tunnel' },
  ...{ workload: BASE_WORKLOAD, round: 4, seed: 1, quick: true, nic: 'model' },
  ...change,
});

const failure = async (change: Partial<Job>, timeoutMs: number, signal: AbortSignal) => {
  const error = await runChild(job(change), timeoutMs, signal).catch((e: unknown) => e);
  const { message, exitCode, name } = error as ChildError;
  return { message, exitCode, name };
};

describe('a measuring process', () => {
  const never = new AbortController().signal;
  const failing = resolve(import.meta.dirname, '../data/strategies/failing.mjs');

  test('of the caller’s own that fails is named with its file, and its own words', async () => {
    const change = { strategy: 'failing', strategyFile: failing };
    expect(await failure(change, PATIENCE_MS, never)).toEqual({
      message: `strategy '${failing}', stack base, round 4: this carrier carries nothing`,
      exitCode: 1,
      name: 'ChildError',
    });
  });

  test('whose job cannot be is the caller’s mistake', async () => {
    const { message, exitCode } = await failure({ strategy: 'nobody' }, PATIENCE_MS, never);
    expect(message).toBe("strategy 'nobody', stack base, round 4: there is no strategy 'nobody'");
    expect(exitCode).toBe(2);
  });

  test('that takes too long is ended, and said to', async () => {
    const { message, exitCode } = await failure({}, 50, never);
    expect(message).toMatch(/^strategy 'in-place', stack base, round 4: took longer than 0 s$/);
    expect(exitCode).toBe(124);
  });

  test('ends when it is told to', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    expect((await failure({}, PATIENCE_MS, stop.signal)).name).toBe('AbortError');
  });
});
