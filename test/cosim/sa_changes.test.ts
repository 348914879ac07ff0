// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { expectSaChanges } from './sa_changes.ts';

it.each([
  ['transport, crypto by the card', { mode: 'transport' }, true],
  ['tunnel, crypto by the card', { mode: 'tunnel' }, true],
  ['transport, in software', { mode: 'transport', offload: false }, false],
  ['transport of IPv6, by the card', { mode: 'transport', outer: 6 }, true],
  ['IPv6 in a tunnel of IPv4, by the card', { mode: 'tunnel', inner: 6 }, true],
] as const)(
  'SAs come, go, end and change places while packets are under way, oracles silent: %s',
  async (_name, world, byCard) => {
    const { got, offloaded } = await expectSaChanges({ nic: 'model', ...world }, 12, 20260101);
    expect(got).toBeGreaterThan(100);
    expect(offloaded > 100).toBe(byCard);
  },
  120_000,
);
