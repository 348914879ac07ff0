// SPDX-License-Identifier: BSD-2-Clause

const READINGS = 2000;

/**
 * The timer: CPU time of this process, nanoseconds. What other processes do meanwhile is not in it,
 * so that a busy machine tells nearly the same as an idle one. It counts whole microseconds.
 */
export function cpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** What reading the timer once costs, nanoseconds: the best of five rows of readings. */
export function timerCostNs(): number {
  let best = Number.POSITIVE_INFINITY;
  for (let row = 0; row < 5; row++) {
    const t0 = cpuNs();
    for (let i = 0; i < READINGS; i++) cpuNs();
    best = Math.min(best, (cpuNs() - t0) / READINGS);
  }
  return best;
}

/** Nanoseconds that f takes, without the timer's own. */
export function timeNs(timerNs: number, f: () => void): number {
  const t0 = cpuNs();
  f();
  return cpuNs() - t0 - timerNs;
}
