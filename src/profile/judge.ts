// SPDX-License-Identifier: BSD-2-Clause
import { type Interval, median, pairedShift, shift } from './stats.ts';

export type Verdict = 'less' | 'more' | 'no difference';

/** What b costs beside a, as far as the rounds can tell. Times are nanoseconds per packet. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly differenceNs: number;
  /** Interval of the difference; null when there are too few rounds for one. */
  readonly low: number | null;
  readonly high: number | null;
  /** The difference as a part of a. */
  readonly ratio: number;
  /** Half the interval as a part of a: what is smaller than this cannot be seen on this machine. */
  readonly resolution: number | null;
}

/** Differences that are real but smaller than this part of the whole are nobody's concern. */
const NEGLIGIBLE = 0.005;
/** A resolution worse than this is called noise. */
export const NOISY_RESOLUTION = 0.1;

/**
 * Is b dearer than a? Both were measured in the same rounds, so each round is compared with itself,
 * and what the machine did meanwhile to both cancels.
 * @param family judgements made at once: the chance that any of them is wrong stays below 5 %
 */
export function judgePaired(a: readonly number[], b: readonly number[], family = 1): Judgement {
  return judge(a, pairedShift(a, b, 1 - 0.05 / family), 0);
}

/**
 * The same for two runs that had their rounds at different times.
 * @param drift what runs of the same code are known to differ by, as a part of a
 */
export function judgeRuns(
  a: readonly number[],
  b: readonly number[],
  family = 1,
  drift = 0,
): Judgement {
  return judge(a, shift(a, b, 1 - 0.05 / family), drift);
}

function judge(a: readonly number[], interval: Interval, drift: number): Judgement {
  const base = median(a);
  const { estimate, low, high } = interval;
  const least = Math.max(NEGLIGIBLE, drift) * Math.abs(base);
  const verdict = low > least ? 'more' : high < -least ? 'less' : 'no difference';
  const bounded = Number.isFinite(low) && Number.isFinite(high);
  return {
    verdict,
    differenceNs: estimate,
    low: bounded ? low : null,
    high: bounded ? high : null,
    ratio: base === 0 ? 0 : estimate / base,
    resolution: bounded && base !== 0 ? (high - low) / 2 / Math.abs(base) : null,
  };
}

/** Why no difference was found: there is none to speak of, or the machine hides it. */
export function noiseNote(j: Judgement): string {
  if (j.verdict !== 'no difference') return '';
  if (j.resolution === null) return 'too few rounds to tell';
  if (j.resolution < NOISY_RESOLUTION) return '';
  return `too noisy: less than ±${Math.round(100 * j.resolution)} % cannot be seen`;
}
