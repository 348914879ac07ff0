// SPDX-License-Identifier: BSD-2-Clause
import { it } from 'vitest';
import { hostileCardRun } from './hostile_card.ts';

it.each([
  ['model', 1_000_000],
  ['rtl', 1_000_000],
] as const)(
  '1 million hostile frames through the card (%s)',
  async (nic, frames) => {
    const drops = await hostileCardRun(nic, frames, 20_030_818);
    process.stderr.write(`${nic}: ${JSON.stringify(drops)}\n`);
  },
  4 * 3_600_000,
);
