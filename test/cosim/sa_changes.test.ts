// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { expectSaChanges } from './sa_changes.ts';

it.each([
  ['by the card', true],
  ['in software', false],
])(
  'SAs come, go, end and change places while packets are under way: the oracles are silent, crypto %s',
  async (_name, offload) => {
    const { got, offloaded } = await expectSaChanges({ nic: 'model', offload }, 20, 20260101);
    expect(got).toBeGreaterThan(300);
    expect(offloaded > 100).toBe(offload);
  },
  120_000,
);
