// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { expectSaChanges } from './sa_changes.ts';

const HOUR_MS = 3_600_000;

it.each([
  ['model', 1000],
  ['rtl', 300],
] as const)(
  'SAs that change under way on a wire that loses and reorders, %s card, %i times',
  async (nic, runs) => {
    const lossy = { latencyCycles: 300, lossPercent: 2, reorderPpm: 20_000, reorderCycles: 200 };
    const { got } = await expectSaChanges({ nic, wire: lossy }, runs, 1);
    expect(got).toBeGreaterThan(10 * runs);
  },
  HOUR_MS,
);
