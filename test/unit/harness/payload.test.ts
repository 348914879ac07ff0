// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Payloads } from '../../../src/harness/payload.ts';

const SIZES = [0, 1, 7, 8, 9, 11, 12, 13, 64, 1400, 8900];

describe('payloads of a scenario', () => {
  it('match what was filled, at any size, and stay inside their place', () => {
    const payloads = new Payloads(7, 8900);
    for (const size of SIZES) {
      const out = new Uint8Array(size + 8).fill(0xee);
      payloads.fill(out, 4, size, 12345);
      expect(payloads.matches(out, 4, size, 12345)).toBe(true);
      expect([...out.slice(0, 4), ...out.slice(4 + size)]).toEqual(Array(8).fill(0xee));
    }
  });

  it('do not match with any one bit flipped', () => {
    const payloads = new Payloads(1, 256);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.nat(1e6), fc.nat(), (size, index, bit) => {
        const out = new Uint8Array(size);
        payloads.fill(out, 0, size, index);
        out[(bit >> 3) % size] ^= 1 << (bit & 7);
        expect(payloads.matches(out, 0, size, index)).toBe(false);
      }),
    );
  });

  it('of 12 bytes and more differ between packets, and between seeds', () => {
    const payloads = new Payloads(1, 1400);
    const other = new Payloads(2, 1400);
    const seen = new Set<string>();
    const out = new Uint8Array(12);
    for (let index = 0; index < 2000; index++) {
      payloads.fill(out, 0, 12, index);
      seen.add(Buffer.from(out).toString('hex'));
      expect(other.matches(out, 0, 12, index)).toBe(false);
    }
    expect(seen.size).toBe(2000);
  });

  it('start with the marker of the world when they are long enough', () => {
    const payloads = new Payloads(3, 100);
    const out = new Uint8Array(100);
    payloads.fill(out, 0, 100, 5);
    expect(out.slice(0, 8)).toEqual(payloads.marker);
    expect(new Payloads(3, 10).marker).toEqual(payloads.marker);
  });

  it('refuse to match past the end of a buffer or past the longest size', () => {
    const payloads = new Payloads(3, 100);
    const out = new Uint8Array(50);
    payloads.fill(out, 0, 50, 5);
    expect(payloads.matches(out, 0, 51, 5)).toBe(false);
    expect(payloads.matches(new Uint8Array(200), 0, 101, 5)).toBe(false);
  });

  it('are named by their source port, to the nearest index', () => {
    const payloads = new Payloads(3, 100);
    fc.assert(
      fc.property(fc.nat(4e6), fc.integer({ min: -30000, max: 30000 }), (index, away) => {
        const port = payloads.sourcePort(index);
        expect(port).toBeGreaterThanOrEqual(2048);
        expect(port).toBeLessThan(63488);
        expect(payloads.indexOf(port, Math.max(0, index + away))).toBe(index);
      }),
    );
    expect(payloads.indexOf(2047, 0)).toBe(-1);
    expect(payloads.indexOf(63488, 0)).toBe(-1);
    expect(payloads.indexOf(53, 1e6)).toBe(-1);
  });
});
