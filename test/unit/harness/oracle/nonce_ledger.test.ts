// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AGAIN,
  FRESH,
  FULL,
  NonceLedger,
  REUSED,
} from '../../../../src/harness/oracle/nonce_ledger.ts';

describe('the ledger of numbers', () => {
  it('agrees with a set, whatever the order', () => {
    const number = fc.tuple(
      fc.constantFrom(0, 1, 0xffffffff),
      fc.oneof(fc.nat(5000), fc.integer({ min: 0xfffffff0, max: 0xffffffff })),
    );
    fc.assert(
      fc.property(fc.array(number, { maxLength: 300 }), (numbers) => {
        const ledger = new NonceLedger();
        const seen = new Set<string>();
        numbers.forEach(([hi, lo], i) => {
          const name = `${hi} ${lo}`;
          expect(ledger.note(hi, lo, i)).toBe(seen.has(name) ? REUSED : FRESH);
          seen.add(name);
        });
      }),
    );
  });

  it('tells a frame seen again from a number used again', () => {
    const ledger = new NonceLedger();
    expect(ledger.note(0, 1, 0xabcdef01)).toBe(FRESH);
    expect(ledger.note(0, 1, 0xabcdef01)).toBe(AGAIN);
    expect(ledger.note(0, 1, 0xabcdef02)).toBe(REUSED);
  });

  it('never forgets, though pages that are full shrink: a million numbers stay below 300 KB', () => {
    const ledger = new NonceLedger();
    for (let i = 1; i <= 1_000_000; i++) ledger.note(0, i, i);
    expect(ledger.bytes).toBeLessThan(300_000);
    expect(ledger.note(0, 1, 7)).toBe(REUSED);
    expect(ledger.note(0, 4096, 7)).toBe(REUSED);
    expect(ledger.note(0, 1_000_000, 7)).toBe(REUSED);
    expect(ledger.note(0, 1_000_001, 7)).toBe(FRESH);
  });

  it('says so when scattered numbers reach its bound', () => {
    const ledger = new NonceLedger();
    let i = 0;
    while (i < 40_000 && ledger.note(i, 0, 0) === FRESH) i++;
    expect(i).toBe(32768);
    expect(ledger.note(i, 0, 0)).toBe(FULL);
    expect(ledger.bytes).toBeLessThan(18 << 20);
  });
});
