// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayWindow } from '../../src/netipsec/replay.ts';
import { RefReplay } from '../reference/replay.ts';

const SIZES = [0, 8, 32, 64, 1024, 4096];
const U32 = 0x1_0000_0000;

describe('RFC 4303 §3.4.3 anti-replay', () => {
  it.each(SIZES)('a window of %i decides as the rule in words does', (size) => {
    // Steps relative to the highest number so far: near it, at the window's edges, far jumps.
    const step = fc.oneof(
      fc.integer({ min: -size - 3, max: 3 }),
      fc.constantFrom(-size, -size + 1, -size - 1, size, size + 1, size - 1, 0),
      fc.integer({ min: 1, max: 3 * size + 100 }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300 }),
        fc.integer({ min: 0, max: U32 }),
        (steps, start) => {
          const window = new ReplayWindow(size);
          const reference = new RefReplay(size);
          let top = 0;
          for (const [i, s] of steps.entries()) {
            const seq = i === 0 ? start : Math.max(0, top + s);
            const expected = reference.accepts(seq);
            expect(window.check(seq), `number ${seq}, highest ${top}`).toBe(expected);
            if (!expected) continue;
            window.update(seq);
            reference.note(seq);
            top = Math.max(top, seq);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('never accepts number 0 (§3.3.3), and a check alone changes nothing', () => {
    const window = new ReplayWindow(32);
    expect(window.check(0)).toBe(false);
    expect(window.check(5)).toBe(true);
    expect(window.check(5)).toBe(true);
    window.update(5);
    expect(window.check(5)).toBe(false);
    expect(window.check(4)).toBe(true);
  });

  it('drops a packet left of the window, at each size', () => {
    for (const size of SIZES.slice(1)) {
      const window = new ReplayWindow(size);
      window.update(10_000);
      expect(window.check(10_000 - size + 1)).toBe(true);
      expect(window.check(10_000 - size)).toBe(false);
    }
  });
});

describe('RFC 4303 App. A: the high half of an extended sequence number', () => {
  it('is found for each number within reach of the window', () => {
    const near = fc.integer({ min: -31, max: 0x7fff_0000 });
    const top = fc.oneof(
      fc.integer({ min: 32, max: 2 ** 50 }),
      fc
        .tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: -64, max: 64 }))
        .map(([hi, off]) => hi * U32 + off),
    );
    fc.assert(
      fc.property(top, near, (t, delta) => {
        const window = new ReplayWindow(32);
        window.update(t);
        const seq = t + delta;
        if (seq <= 0) return;
        expect(window.high(seq >>> 0)).toBe(Math.floor(seq / U32));
      }),
      { numRuns: 2000 },
    );
  });

  it('is -1 for a number before the first one', () => {
    const window = new ReplayWindow(32);
    window.update(3);
    expect(window.high(0xffff_fff0)).toBe(-1);
  });
});
