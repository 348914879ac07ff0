// SPDX-License-Identifier: BSD-2-Clause
// A slice of hostile_card.long.test.ts.
import { expect, it } from 'vitest';
import { hostileCardRun } from './hostile_card.ts';

it.each([
  ['model', 20_000],
  ['rtl', 1000],
] as const)(
  'hostile frames through the card (%s): each ends under a name, nothing is left',
  async (nic, frames) => {
    const drops = await hostileCardRun(nic, frames, 7);
    // It got to the card's crypto, and past it.
    for (const name of [
      'nic.rxAuthFail',
      'nic.rxOffloaded',
      'esp.replay',
      'esp.noSa',
      'ip.badSum',
    ]) {
      expect(drops[name], name).toBeGreaterThan(0);
    }
  },
);
