// SPDX-License-Identifier: BSD-2-Clause
import { type Clock, secondsToCycles } from '../kern/clock.ts';

const SLOTS = 1024;
/** Slots that an address may lie in, from its hash on. */
const WAYS = 8;
const NO_MEMBER = -1;

/** Which member of a bridge an Ethernet address was last heard on (IEEE 802.1D §7.8, §7.9). */
export class BridgeRtable {
  /** FreeBSD's default: 20 minutes. */
  lifeCycles: number = secondsToCycles(20 * 60);
  readonly #clock: Clock;
  readonly #high: Uint32Array = new Uint32Array(SLOTS);
  readonly #low: Uint32Array = new Uint32Array(SLOTS);
  readonly #member: Int32Array = new Int32Array(SLOTS).fill(NO_MEMBER);
  readonly #due: Float64Array = new Float64Array(SLOTS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The address at data[at…] was heard on `member`; the one that expires first makes room. */
  learn(data: Uint8Array, at: number, member: number): void {
    const high = highOf(data, at);
    const low = lowOf(data, at);
    let slot = this.#find(high, low);
    if (slot < 0) slot = this.#victim(low);
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#member[slot] = member;
    this.#due[slot] = this.#clock.cycle + this.lifeCycles;
  }

  /** The member that leads to the address at data[at…], or -1. */
  lookup(data: Uint8Array, at: number): number {
    const slot = this.#find(highOf(data, at), lowOf(data, at));
    if (slot < 0 || this.#clock.cycle >= this.#due[slot]!) return NO_MEMBER;
    return this.#member[slot]!;
  }

  /** Forgets what was heard on a member. */
  forget(member: number): void {
    for (let i = 0; i < SLOTS; i++) if (this.#member[i] === member) this.#member[i] = NO_MEMBER;
  }

  #find(high: number, low: number): number {
    const home = hash(low);
    for (let i = 0; i < WAYS; i++) {
      const s = (home + i) & (SLOTS - 1);
      if (this.#member[s] !== NO_MEMBER && this.#low[s] === low && this.#high[s] === high) return s;
    }
    return -1;
  }

  #victim(low: number): number {
    const home = hash(low);
    let victim = home;
    for (let i = 0; i < WAYS; i++) {
      const s = (home + i) & (SLOTS - 1);
      if (this.#member[s] === NO_MEMBER) return s;
      if (this.#due[s]! < this.#due[victim]!) victim = s;
    }
    return victim;
  }
}

function highOf(data: Uint8Array, at: number): number {
  return (data[at]! << 8) | data[at + 1]!;
}

function lowOf(data: Uint8Array, at: number): number {
  const word = (data[at + 2]! << 24) | (data[at + 3]! << 16) | (data[at + 4]! << 8) | data[at + 5]!;
  return word >>> 0;
}

function hash(low: number): number {
  return (low ^ (low >>> 10) ^ (low >>> 20)) & (SLOTS - 1);
}
