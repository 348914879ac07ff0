// SPDX-License-Identifier: BSD-2-Clause
import { etherCopy, etherSame } from '../header/ether.ts';
import { type Clock, secondsToCycles } from '../kern/clock.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { Mbufq } from '../kern/mbufq.ts';

const SLOTS = 256;
/** Slots that an address may lie in, from its hash on. */
const WAYS = 8;

/** States of a neighbour (RFC 4861 §7.3.2); STATIC is ours. */
export const ND_FREE = 0;
export const ND_INCOMPLETE = 1;
export const ND_REACHABLE = 2;
export const ND_STALE = 3;
export const ND_DELAY = 4;
export const ND_PROBE = 5;
export const ND_STATIC = 6;

/** What the timer asks for. */
export const ND_WAIT = 0;
export const ND_SOLICIT_GROUP = 1;
export const ND_SOLICIT_NEIGHBOR = 2;
export const ND_GIVE_UP = 3;

/** Times and limits; each may be changed before the first packet. Defaults: RFC 4861 §10. */
export interface Nd6Limits {
  reachableCycles: number;
  retransCycles: number;
  delayFirstProbeCycles: number;
  /** MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT. */
  solicits: number;
  /** §7.2.2: packets that wait for one address, at least one. */
  waiting: number;
}

/**
 * The neighbour cache: (interface, IPv6 address) to Ethernet address, how sure of it the host is, and
 * the packets that wait for an answer. It sends nothing itself. An entry is an index, valid during
 * the call that asked for it.
 *
 *     INCOMPLETE --answer--> REACHABLE --time--> STALE --a packet goes--> DELAY --5 s--> PROBE
 *         |                      ^                 ^                                     |  |
 *      3 in vain              answer    another address heard                      answer|  |3 in vain
 *         v                      +-------------------------------------------------------+  v
 *       gone                                                                               gone
 */
export class Nd6Table {
  readonly limits: Nd6Limits = {
    reachableCycles: secondsToCycles(30),
    retransCycles: secondsToCycles(1),
    delayFirstProbeCycles: secondsToCycles(5),
    solicits: 3,
    waiting: 64,
  };
  /** Ethernet addresses: 6 bytes an entry. */
  readonly lladdr: Uint8Array = new Uint8Array(SLOTS * 6);
  readonly #clock: Clock;
  readonly #state: Uint8Array = new Uint8Array(SLOTS);
  readonly #addr: Uint32Array = new Uint32Array(SLOTS * 4);
  readonly #ifIndex: Int32Array = new Int32Array(SLOTS);
  readonly #tries: Int32Array = new Int32Array(SLOTS);
  /** Cycle at which the state ends, or the next solicitation is due. */
  readonly #due: Float64Array = new Float64Array(SLOTS);
  readonly #waiting: (Mbufq | null)[] = new Array<Mbufq | null>(SLOTS).fill(null);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The entry in whatever state, or -1. */
  find(ifIndex: number, w0: number, w1: number, w2: number, w3: number): number {
    const home = hash(w2, w3);
    const a = this.#addr;
    for (let i = 0; i < WAYS; i++) {
      const e = (home + i) & (SLOTS - 1);
      const p = 4 * e;
      if (
        a[p + 3] === w3 &&
        a[p + 2] === w2 &&
        a[p + 1] === w1 &&
        a[p] === w0 &&
        this.#state[e] !== ND_FREE &&
        this.#ifIndex[e] === ifIndex
      ) {
        return e;
      }
    }
    return -1;
  }

  /**
   * A packet is about to go to e: may it, to lladdr? An address that is not sure any more is used all
   * the same, and DELAY begins (§7.3.3).
   */
  use(e: number): boolean {
    const state = this.#state[e]!;
    if (state === ND_STATIC) return true;
    if (state === ND_INCOMPLETE) return false;
    const { cycle } = this.#clock;
    if (state === ND_STALE || (state === ND_REACHABLE && cycle >= this.#due[e]!)) {
      this.#state[e] = ND_DELAY;
      this.#due[e] = cycle + this.limits.delayFirstProbeCycles;
    }
    return true;
  }

  /**
   * The entry, made if there is none, in place of the one that expires first where the ways are
   * full. -1: all of them are static or have packets waiting.
   */
  make(ifIndex: number, w0: number, w1: number, w2: number, w3: number): number {
    const found = this.find(ifIndex, w0, w1, w2, w3);
    if (found >= 0) return found;
    let victim = -1;
    for (let i = 0; i < WAYS; i++) {
      const e = (hash(w2, w3) + i) & (SLOTS - 1);
      if (this.#state[e] === ND_FREE) {
        victim = e;
        break;
      }
      if (this.#state[e] === ND_STATIC || (this.#waiting[e]?.length ?? 0) > 0) continue;
      if (victim < 0 || this.#due[e]! < this.#due[victim]!) victim = e;
    }
    if (victim < 0) return -1;
    this.#state[victim] = ND_INCOMPLETE;
    this.#addr[4 * victim] = w0;
    this.#addr[4 * victim + 1] = w1;
    this.#addr[4 * victim + 2] = w2;
    this.#addr[4 * victim + 3] = w3;
    this.#ifIndex[victim] = ifIndex;
    this.#tries[victim] = 0;
    this.#due[victim] = 0;
    return victim;
  }

  /** e's neighbour asked for us and named its address lladdr[at…] (§7.2.3). */
  heard(e: number, lladdr: Uint8Array, at: number): void {
    const state = this.#state[e]!;
    if (state === ND_STATIC) return;
    const isSame = etherSame(this.lladdr, 6 * e, lladdr, at);
    if (state !== ND_INCOMPLETE && isSame) return;
    this.#set(e, ND_STALE, 0);
    etherCopy(this.lladdr, 6 * e, lladdr, at);
  }

  /**
   * An advertisement from e's neighbour (§7.2.5); at < 0: it names no address. True: packets that
   * waited may go now.
   */
  advertised(
    e: number,
    lladdr: Uint8Array,
    at: number,
    solicited: boolean,
    override: boolean,
  ): boolean {
    const state = this.#state[e]!;
    if (state === ND_STATIC) return false;
    if (state === ND_INCOMPLETE) {
      if (at < 0) return false;
      etherCopy(this.lladdr, 6 * e, lladdr, at);
      this.#confirm(e, solicited);
      return true;
    }
    const differs = at >= 0 && !etherSame(this.lladdr, 6 * e, lladdr, at);
    if (differs && !override) {
      if (state === ND_REACHABLE) this.#set(e, ND_STALE, 0);
      return false;
    }
    if (differs) etherCopy(this.lladdr, 6 * e, lladdr, at);
    if (solicited || differs) this.#confirm(e, solicited);
    return false;
  }

  #confirm(e: number, solicited: boolean): void {
    if (solicited) {
      this.#set(e, ND_REACHABLE, this.#clock.cycle + this.limits.reachableCycles);
    } else {
      this.#set(e, ND_STALE, 0);
    }
  }

  #set(e: number, state: number, due: number): void {
    this.#state[e] = state;
    this.#due[e] = due;
    this.#tries[e] = 0;
  }

  /** An entry that never expires. */
  addStatic(ifIndex: number, words: Uint32Array, lladdr: Uint8Array): void {
    const e = this.make(ifIndex, words[0]!, words[1]!, words[2]!, words[3]!);
    if (e < 0) throw new RangeError('no room for another static neighbour');
    etherCopy(this.lladdr, e * 6, lladdr, 0);
    this.#state[e] = ND_STATIC;
  }

  /** m waits for the answer. False when too many do: then m is still the caller's. */
  hold(pool: MbufPool, e: number, m: Mbuf): boolean {
    this.#waiting[e] ??= new Mbufq(this.limits.waiting);
    return this.#waiting[e].enqueue(pool, m);
  }

  /** The next packet that waited for e, or NO_MBUF. */
  release(pool: MbufPool, e: number): Mbuf {
    return this.#waiting[e]?.dequeue(pool) ?? NO_MBUF;
  }

  /** What is due for e now: ND_WAIT, a solicitation (counted here) or ND_GIVE_UP. */
  due(e: number): number {
    const state = this.#state[e]!;
    const isTimed = state === ND_INCOMPLETE || state === ND_DELAY || state === ND_PROBE;
    const { cycle } = this.#clock;
    if (!isTimed || cycle < this.#due[e]!) return ND_WAIT;
    if (state === ND_DELAY) this.#set(e, ND_PROBE, 0);
    if (this.#tries[e]! >= this.limits.solicits) return ND_GIVE_UP;
    this.#tries[e]!++;
    this.#due[e] = cycle + this.limits.retransCycles;
    return state === ND_INCOMPLETE ? ND_SOLICIT_GROUP : ND_SOLICIT_NEIGHBOR;
  }

  /** For the timer: the next entry in use from `from` on, or -1. */
  next(from: number): number {
    for (let e = from; e < SLOTS; e++) if (this.#state[e] !== ND_FREE) return e;
    return -1;
  }

  state(e: number): number {
    return this.#state[e]!;
  }

  /** Word i of e's address. */
  word(e: number, i: number): number {
    return this.#addr[4 * e + i]!;
  }

  ifIndex(e: number): number {
    return this.#ifIndex[e]!;
  }

  /** Forgets e; what waits for it has been released. */
  forget(e: number): void {
    this.#state[e] = ND_FREE;
  }

  /** Forgets all that is known of an interface; returns how many packets waited, now freed. */
  forgetInterface(pool: MbufPool, ifIndex: number): number {
    let n = 0;
    for (let e = 0; e < SLOTS; e++) {
      if (this.#state[e] === ND_FREE || this.#ifIndex[e] !== ifIndex) continue;
      this.#state[e] = ND_FREE;
      n += this.#waiting[e]?.drain(pool) ?? 0;
    }
    return n;
  }

  /** Frees all waiting packets; the addresses stay. Returns how many. */
  drain(pool: MbufPool): number {
    let n = 0;
    for (let e = 0; e < SLOTS; e++) n += this.#waiting[e]?.drain(pool) ?? 0;
    return n;
  }
}

function hash(w2: number, w3: number): number {
  return (w2 ^ w3 ^ (w3 >>> 8) ^ (w3 >>> 16)) & (SLOTS - 1);
}
