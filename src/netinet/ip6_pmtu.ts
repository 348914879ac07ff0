// SPDX-License-Identifier: BSD-2-Clause
import { IPV6_MMTU } from '../header/ip6.ts';
import { type Clock, secondsToCycles } from '../kern/clock.ts';

const SLOTS = 256;
/** RFC 8201 §5.3: after 10 minutes the path may be tried anew. */
const LIFE_CYCLES = secondsToCycles(600);

/**
 * What routers have told of the paths to destinations (RFC 8201): the largest packet that reaches
 * each. A table of fixed size, in which a later path takes the place of an earlier one.
 */
export class Ip6Pmtu {
  readonly #clock: Clock;
  readonly #dst: Uint32Array = new Uint32Array(SLOTS * 4);
  readonly #mtu: Uint16Array = new Uint16Array(SLOTS);
  readonly #until: Float64Array = new Float64Array(SLOTS);
  /** Paths told of, ever: while it is 0 no lookup is needed. */
  #told = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A router said so. False, and nothing is learnt: below the least MTU of IPv6 (RFC 8201 §4 has it
   * discarded; answering with atomic fragments is what RFC 8021 is against).
   */
  learn(w0: number, w1: number, w2: number, w3: number, mtu: number): boolean {
    if (mtu < IPV6_MMTU) return false;
    const slot = slotOf(w0, w1, w2, w3);
    const known = this.lookup(w0, w1, w2, w3);
    if (mtu >= known) return true; // §4: a message never makes an estimate larger.
    this.#dst[4 * slot] = w0;
    this.#dst[4 * slot + 1] = w1;
    this.#dst[4 * slot + 2] = w2;
    this.#dst[4 * slot + 3] = w3;
    this.#mtu[slot] = mtu;
    this.#until[slot] = this.#clock.cycle + LIFE_CYCLES;
    this.#told++;
    return true;
  }

  /** Largest packet for the path, bytes; 65535 where no router said anything. */
  lookup(w0: number, w1: number, w2: number, w3: number): number {
    if (this.#told === 0) return 65535;
    const slot = slotOf(w0, w1, w2, w3);
    const d = this.#dst;
    const p = 4 * slot;
    const same = d[p + 3] === w3 && d[p + 2] === w2 && d[p + 1] === w1 && d[p] === w0;
    return same && this.#clock.cycle < this.#until[slot]! ? this.#mtu[slot]! : 65535;
  }
}

function slotOf(w0: number, w1: number, w2: number, w3: number): number {
  const mix = w0 ^ w1 ^ w2 ^ w3 ^ (w3 >>> 8);
  return (mix ^ (mix >>> 16)) & (SLOTS - 1);
}
