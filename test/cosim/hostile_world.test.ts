// SPDX-License-Identifier: BSD-2-Clause
// A host's whole stack behind the card; hostile_card.test.ts has the card alone, and more of them.
import { expect, it } from 'vitest';
import { hostileWorldRun } from './hostile_world.ts';

it.each([
  ['model', 20_000],
  ['rtl', 1000],
] as const)(
  'hostile frames for a host with a card (%s): each ends under a name, nothing is left',
  async (nic, frames) => {
    const drops = await hostileWorldRun(nic, frames, 7);
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
