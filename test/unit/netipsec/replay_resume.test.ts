// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayWindow } from '../../../src/netipsec/replay.ts';

const size = fc.constantFrom(8, 32, 64, 128);
const base = fc.constantFrom(0, 2 ** 32 - 40, 2 ** 40);
const steps = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 });

function played(window: ReplayWindow, seqs: readonly number[]): boolean[] {
  return seqs.map((seq) => {
    const isNew = window.check(seq);
    if (isNew) window.update(seq);
    return isNew;
  });
}

describe('a window between software and a card (RFC 4303 §3.4.3)', () => {
  it('resumed from seen() and top it says of every number what the old one says', () => {
    fc.assert(
      fc.property(size, base, steps, steps, (n, from, before, after) => {
        const old = new ReplayWindow(n, from);
        played(
          old,
          before.map((s) => from + s),
        );
        const seen = new Uint32Array(4);
        old.seen(seen);
        const young = new ReplayWindow(n);
        young.resume(old.top, seen);
        expect(young.top).toBe(old.top);
        const seqs = after.map((s) => from + s);
        expect(played(young, seqs)).toEqual(played(old, seqs));
      }),
    );
  });

  it('closed, it takes nothing more', () => {
    const window = new ReplayWindow(64, 5);
    window.close();
    expect([1, 6, 2 ** 32, 2 ** 50].map((seq) => window.check(seq))).toEqual(Array(4).fill(false));
  });
});
