// SPDX-License-Identifier: BSD-2-Clause
// A slice of hostile_card.long.test.ts.
import { expect, it } from 'vitest';
import { hostileCardRun } from './hostile_card.ts';

it.each([
  ['model', 20_000],
  ['rtl', 1_500],
] as const)(
  '%s: each of %i hostile frames ends under a name, and none leaks',
  async (nic, count) => {
    const { ends } = await hostileCardRun(nic, count, 1);
    expect(ends.frames).toBe(count);
  },
);
