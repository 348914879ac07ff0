// SPDX-License-Identifier: BSD-2-Clause
/** Simulated time. Nothing in the stack reads a wall clock: the world that steps the cards owns this. */
export interface Clock {
  /** Cycles since the world began; at most 2^53, which is 417 days. */
  readonly cycle: number;
}

/** Host software and cards share one clock of 250 MHz. */
export const CYCLES_PER_SECOND = 250_000_000;
export const NS_PER_CYCLE = 1_000_000_000 / CYCLES_PER_SECOND;

export function secondsToCycles(seconds: number): number {
  return Math.round(seconds * CYCLES_PER_SECOND);
}

export function cyclesToSeconds(cycles: number): number {
  return cycles / CYCLES_PER_SECOND;
}
