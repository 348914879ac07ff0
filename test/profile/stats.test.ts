// SPDX-License-Identifier: BSD-2-Clause
// Critical values are those of the printed tables (Hollander, Wolfe: Nonparametric Statistical
// Methods; n = 10: signed rank 8, rank sum 23 at 5 %), and coverage is counted on drawn samples.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Rng } from '../../src/kern/rng.ts';
import { median, medianInterval, pairedShift, quantile, shift } from '../../src/profile/stats.ts';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe('quantiles', () => {
  test('interpolate between neighbours, and end at the ends', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3, 4], 0)).toBe(1);
    expect(quantile([1, 2, 3, 4], 1)).toBe(4);
    expect(quantile(upTo(101), 0.99)).toBe(100);
    expect(median([9, 1, 5])).toBe(5);
  });
});

describe('intervals', () => {
  test('median of 10 values: the 2nd and the 9th, which cover 97.85 %', () => {
    const { estimate, low, high, confidence } = medianInterval(upTo(10));
    expect({ estimate, low, high }).toEqual({ estimate: 5.5, low: 2, high: 9 });
    expect(confidence).toBeCloseTo(0.9785, 4);
  });

  test('five values cannot tell a median with 95 %: no bounds, rather than wrong ones', () => {
    expect(medianInterval(upTo(5))).toMatchObject({ estimate: 3, low: -Infinity, high: Infinity });
    expect(medianInterval(upTo(6))).toMatchObject({ low: 1, high: 6 });
  });

  test('ten pairs: the 9th Walsh average from either end', () => {
    // Differences 1..10: Walsh averages are known, the 9th smallest of the 55 is 3.
    const zeros = new Array<number>(10).fill(0);
    const found = pairedShift(zeros, upTo(10));
    expect(found).toMatchObject({ estimate: 5.5, low: 3, high: 8 });
    expect(found.confidence).toBeCloseTo(1 - 2 * 0.0244, 3);
  });

  test('ten against ten: the 24th of the hundred differences from either end', () => {
    const a = upTo(10).map((x) => 1000 * x);
    const found = shift(a, upTo(10));
    const all = a.flatMap((x) => upTo(10).map((y) => y - x)).sort((x, y) => x - y);
    expect(found.low).toBe(all[23]);
    expect(found.high).toBe(all[76]);
    expect(found.confidence).toBeCloseTo(1 - 2 * 0.0216, 3);
  });

  test('what is shifted by a constant has exactly that shift', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 6, maxLength: 15 }),
        fc.integer({ min: -50, max: 50 }),
        (a, by) => {
          const b = a.map((x) => x + by);
          expect(pairedShift(a, b)).toMatchObject({ estimate: by, low: by, high: by });
          const { low, high } = shift(a, b);
          expect(low <= by && by <= high).toBe(true);
        },
      ),
    );
  });

  test('pairs of unequal number are a mistake', () => {
    expect(() => pairedShift([1, 2], [1])).toThrow(RangeError);
  });
});

describe('coverage on skewed noise, where a mean would be led astray', () => {
  const rng = new Rng(7);
  /** Mostly quick, now and then disturbed for long. */
  const noisy = (): number => {
    const u = rng.u32() / 2 ** 32;
    return 100 - 5 * Math.log(1 - u) + (u > 0.9 ? 200 * u : 0);
  };
  const ten = (): number[] => Array.from({ length: 10 }, noisy);
  const RUNS = 2000;
  const share = (wrong: () => boolean): number => {
    let count = 0;
    for (let i = 0; i < RUNS; i++) if (wrong()) count++;
    return count / RUNS;
  };

  test('of equal things at most 5 % are told apart', () => {
    const excludesZero = ({ low, high }: { low: number; high: number }) => low > 0 || high < 0;
    expect(share(() => excludesZero(pairedShift(ten(), ten())))).toBeLessThan(0.06);
    expect(share(() => excludesZero(shift(ten(), ten())))).toBeLessThan(0.06);
  });

  test('a stricter confidence errs less', () => {
    const strict = share(() => {
      const { low, high } = shift(ten(), ten(), 0.999);
      return low > 0 || high < 0;
    });
    expect(strict).toBeLessThan(0.003);
  });
});
