// SPDX-License-Identifier: BSD-2-Clause
import type { Figure } from '../report/profile_report.ts';
import { type Interval, medianInterval, pairedShift, quantile } from './stats.ts';

const DIGITS = 6;

/** Six digits say more than any of these measurements can. */
export function rounded(x: number): number {
  return Number(x.toPrecision(DIGITS));
}

function finite(x: number): number | null {
  return Number.isFinite(x) ? rounded(x) : null;
}

/** Bounds as JSON has them: null where there is none. */
export function bounds({ low, high }: Interval): { low95: number | null; high95: number | null } {
  return { low95: finite(low), high95: finite(high) };
}

/**
 * Sums up what the rounds measured, one number a whole batch: the spread over all batches, and the
 * interval of the median from one number a round, since batches of one process are no strangers.
 * For comparing, each round's quickest batch: what else the machine does can only add to it.
 */
export function figureOf(rounds: readonly (readonly number[])[]): Figure {
  const measured = rounds.filter((batches) => batches.length > 0);
  if (measured.length === 0)
    return { p50: 0, p90: 0, p99: 0, low95: null, high95: null, rounds: [] };
  const all = Float64Array.from(measured.flat()).sort();
  const medians = measured.map((batches) => quantile(Float64Array.from(batches).sort(), 0.5));
  return {
    p50: rounded(quantile(all, 0.5)),
    p90: rounded(quantile(all, 0.9)),
    p99: rounded(quantile(all, 0.99)),
    ...bounds(medianInterval(medians)),
    rounds: measured.map((batches) => rounded(Math.min(...batches))),
  };
}

/** Part of each round's whole; nothing of a whole that was not measured. */
export function shareOf(part: Figure, whole: Figure): Figure {
  return figureOf(whole.rounds.map((x, i) => [part.rounds[i]! / x]));
}

/** How many times a is b, round by round, with its interval. Both must be positive. */
export function ratioOf(
  a: readonly number[],
  b: readonly number[],
): { ratio: number; low95: number | null; high95: number | null } {
  const log = (values: readonly number[]): number[] =>
    values.map((x) => Math.log(Math.max(x, 1e-3)));
  const { estimate, low, high } = pairedShift(log(a), log(b));
  return {
    ratio: rounded(Math.exp(estimate)),
    low95: low === -Infinity ? null : finite(Math.exp(low)),
    high95: finite(Math.exp(high)),
  };
}
