// SPDX-License-Identifier: BSD-2-Clause
import { type Clock, cyclesToSeconds } from '../kern/clock.ts';

/** Limits the rate of ICMP errors (RFC 1812 §4.3.2.8, a token bucket). */
export class IcmpLimit {
  /** Errors a second in the long run, and in one go. */
  perSecond = 200;
  burst = 50;
  readonly #clock: Clock;
  #tokens = 50;
  #atCycle = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a token: may one more error be sent now? */
  allow(): boolean {
    const now = this.#clock.cycle;
    const earned = cyclesToSeconds(now - this.#atCycle) * this.perSecond;
    this.#tokens = Math.min(this.burst, this.#tokens + earned);
    this.#atCycle = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
