// SPDX-License-Identifier: BSD-2-Clause
/**
 * Statistics of few, noisy samples. Times of processes follow no bell curve, so nothing here assumes
 * one: intervals come from ranks alone, and are exact for any continuous distribution.
 */

/** An estimate and what it may be; `confidence` is what the interval really has, 0 to 1. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
}

const ascending = (values: Iterable<number>): Float64Array => Float64Array.from(values).sort();

/** Quantile q (0 to 1) of ascending values, interpolated between neighbours. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const at = (sorted.length - 1) * q;
  const i = Math.floor(at);
  const a = sorted[i]!;
  return i + 1 < sorted.length ? a + (at - i) * (sorted[i + 1]! - a) : a;
}

export function median(values: Iterable<number>): number {
  return quantile(ascending(values), 0.5);
}

/** Interval of the median, between two of the values themselves (binomial order statistics). */
export function medianInterval(values: readonly number[], confidence = 0.95): Interval {
  const binomial = [1];
  for (let i = 1; i <= values.length; i++)
    binomial.push((binomial[i - 1]! * (values.length - i + 1)) / i);
  // The median lies below the k-th smallest value with the chance of fewer than k heads in n throws.
  return ranked(ascending(values), binomial, confidence);
}

/**
 * By how much b[i] is above a[i], each pair taken in one round: the median of all means of two
 * differences, and its interval from Wilcoxon's signed ranks.
 */
export function pairedShift(
  a: readonly number[],
  b: readonly number[],
  confidence = 0.95,
): Interval {
  if (a.length !== b.length) throw new RangeError(`"a" has ${a.length} values, "b" ${b.length}`);
  const d = a.map((x, i) => b[i]! - x);
  const means: number[] = [];
  for (let i = 0; i < d.length; i++)
    for (let j = i; j < d.length; j++) means.push((d[i]! + d[j]!) / 2);
  return ranked(ascending(means), signedRankWays(d.length), confidence);
}

/**
 * By how much the values of b are above those of a, when the two have no pairs: the median of all
 * differences, and its interval from the Mann-Whitney statistic.
 */
export function shift(a: readonly number[], b: readonly number[], confidence = 0.95): Interval {
  const differences = b.flatMap((y) => a.map((x) => y - x));
  return ranked(ascending(differences), rankSumWays(a.length, b.length), confidence);
}

/** Ways to give the ranks 1..n signs so that the positive ones sum up to 0, 1, 2… */
const signedRankWays = remembered((n = 0) => {
  let ways = [1];
  for (let rank = 1; rank <= n; rank++) {
    const next = new Array<number>(ways.length + rank).fill(0);
    for (const [w, count] of ways.entries()) {
      next[w]! += count;
      next[w + rank]! += count;
    }
    ways = next;
  }
  return ways;
});

/**
 * Orders of two sets, of n and m values, in which 0, 1, 2… pairs have the second below the first: the
 * coefficients of a Gaussian binomial.
 */
const rankSumWays = remembered((n = 0, m = 0) => {
  let ways = [1];
  for (let i = 1; i <= n; i++) ways = over(times(ways, m + i), i);
  return ways;
});

function remembered(count: (...n: number[]) => number[]): (...n: number[]) => readonly number[] {
  const known = new Map<string, number[]>();
  return (...n) => {
    const key = n.join();
    const ways = known.get(key) ?? count(...n);
    known.set(key, ways);
    return ways;
  };
}

/** The product of a polynomial and 1 - q^k. */
function times(p: readonly number[], k: number): number[] {
  const out = [...p, ...new Array<number>(k).fill(0)];
  for (const [i, x] of p.entries()) out[i + k]! -= x;
  return out;
}

/** A polynomial divided by 1 - q^k, which leaves nothing over. */
function over(p: readonly number[], k: number): number[] {
  const out = p.slice(0, p.length - k);
  for (let i = k; i < out.length; i++) out[i]! += out[i - k]!;
  return out;
}

/**
 * The middle of sorted values, and the narrowest interval between two of them, as far from either
 * end, that has the confidence. `ways` counts, for a statistic symmetric about its middle, in how many
 * equally likely cases it is 0, 1, 2…; too few values leave an interval without bounds.
 */
function ranked(sorted: Float64Array, ways: readonly number[], confidence: number): Interval {
  const all = ways.reduce((sum, count) => sum + count, 0);
  let tail = 0;
  let outside = 0;
  let k = 0;
  while (2 * (k + 1) <= sorted.length && 2 * (tail + ways[k]!) <= (1 - confidence) * all) {
    tail += ways[k]!;
    outside = (2 * tail) / all;
    k++;
  }
  const estimate = quantile(sorted, 0.5);
  if (k === 0) return { estimate, low: -Infinity, high: Infinity, confidence: 1 };
  return {
    estimate,
    low: sorted[k - 1]!,
    high: sorted[sorted.length - k]!,
    confidence: 1 - outside,
  };
}
