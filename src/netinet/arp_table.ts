// SPDX-License-Identifier: BSD-2-Clause
import { etherCopy } from '../header/ether.ts';
import { type Clock, secondsToCycles } from '../kern/clock.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { Mbufq } from '../kern/mbufq.ts';

const SLOTS = 256;
/** Slots that an address may lie in, from its hash on. */
const WAYS = 8;
const FREE = 0;
const INCOMPLETE = 1;
const REACHABLE = 2;
const STATIC = 3;

/** Times and limits; each may be changed before the first packet. */
export interface ArpLimits {
  /** RFC 1122 §2.3.2.1: entries time out. */
  lifeCycles: number;
  /** §2.3.2.1: at most one request a second and destination. */
  retryCycles: number;
  /** Requests without an answer, after which the waiting packets are dropped. */
  tries: number;
  /** §2.3.2.2: packets that wait for one address. */
  waiting: number;
}

/**
 * The ARP cache: (interface, IPv4 address) to Ethernet address, and the packets that wait for an
 * answer. It sends nothing itself. An entry is an index, valid during the call that asked for it.
 */
export class ArpTable {
  readonly limits: ArpLimits = {
    lifeCycles: secondsToCycles(20 * 60),
    retryCycles: secondsToCycles(1),
    tries: 5,
    waiting: 64,
  };
  /** Ethernet addresses: 6 bytes an entry. */
  readonly lladdr: Uint8Array = new Uint8Array(SLOTS * 6);
  readonly #clock: Clock;
  readonly #state: Uint8Array = new Uint8Array(SLOTS);
  readonly #addr: Uint32Array = new Uint32Array(SLOTS);
  readonly #ifIndex: Int32Array = new Int32Array(SLOTS);
  readonly #tries: Int32Array = new Int32Array(SLOTS);
  /** Cycle at which the entry expires (reachable) or asks again (incomplete). */
  readonly #due: Float64Array = new Float64Array(SLOTS);
  readonly #waiting: (Mbufq | null)[] = new Array<Mbufq | null>(SLOTS).fill(null);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The entry, complete or not, or -1. */
  find(ifIndex: number, addr: number): number {
    const home = hash(addr);
    for (let i = 0; i < WAYS; i++) {
      const e = (home + i) & (SLOTS - 1);
      if (this.#addr[e] === addr && this.#state[e] !== FREE && this.#ifIndex[e] === ifIndex) {
        return e;
      }
    }
    return -1;
  }

  /** Does the entry hold an address that is still good? */
  resolved(e: number): boolean {
    const state = this.#state[e]!;
    return state === STATIC || (state === REACHABLE && this.#clock.cycle < this.#due[e]!);
  }

  /**
   * The entry, made if there is none, in place of the one that expires first where the ways are
   * full. -1: all of them are static or have packets waiting.
   */
  make(ifIndex: number, addr: number): number {
    const found = this.find(ifIndex, addr);
    if (found >= 0) return found;
    let victim = -1;
    for (let i = 0; i < WAYS; i++) {
      const e = (hash(addr) + i) & (SLOTS - 1);
      if (this.#state[e] === FREE) {
        victim = e;
        break;
      }
      if (this.#state[e] === STATIC || (this.#waiting[e]?.length ?? 0) > 0) continue;
      if (victim < 0 || this.#due[e]! < this.#due[victim]!) victim = e;
    }
    if (victim < 0) return -1;
    this.#state[victim] = INCOMPLETE;
    this.#addr[victim] = addr;
    this.#ifIndex[victim] = ifIndex;
    this.#tries[victim] = 0;
    this.#due[victim] = 0;
    return victim;
  }

  /** The answer: entry e is at the address lladdr[at…]. A static entry stays as it is. */
  learn(e: number, lladdr: Uint8Array, at: number): void {
    if (this.#state[e] === STATIC) return;
    etherCopy(this.lladdr, e * 6, lladdr, at);
    this.#state[e] = REACHABLE;
    this.#tries[e] = 0;
    this.#due[e] = this.#clock.cycle + this.limits.lifeCycles;
  }

  /** An entry that never expires. */
  addStatic(ifIndex: number, addr: number, lladdr: Uint8Array): void {
    const e = this.make(ifIndex, addr);
    if (e < 0) throw new RangeError('no room for another static ARP entry');
    etherCopy(this.lladdr, e * 6, lladdr, 0);
    this.#state[e] = STATIC;
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

  /**
   * Is it time to ask for e (again)? If so the caller sends a request, which is counted here.
   */
  shouldAsk(e: number): boolean {
    if (this.#state[e] === REACHABLE) {
      this.#state[e] = INCOMPLETE;
      this.#tries[e] = 0;
    } else if (this.#clock.cycle < this.#due[e]!) {
      return false;
    }
    this.#tries[e]!++;
    this.#due[e] = this.#clock.cycle + this.limits.retryCycles;
    return true;
  }

  /** Are packets waiting in vain: as many requests as allowed, and the last one unanswered? */
  gaveUp(e: number): boolean {
    return this.#tries[e]! >= this.limits.tries && this.#clock.cycle >= this.#due[e]!;
  }

  /** For the timer: the next incomplete entry from `from` on, or -1. */
  nextIncomplete(from: number): number {
    for (let e = from; e < SLOTS; e++) if (this.#state[e] === INCOMPLETE) return e;
    return -1;
  }

  addr(e: number): number {
    return this.#addr[e]!;
  }

  ifIndex(e: number): number {
    return this.#ifIndex[e]!;
  }

  /** Forgets e; frees what waits for it and returns how many packets that were. */
  forget(pool: MbufPool, e: number): number {
    this.#state[e] = FREE;
    return this.#waiting[e]?.drain(pool) ?? 0;
  }

  /** Forgets all that is known of an interface; returns how many packets waited, now freed. */
  forgetInterface(pool: MbufPool, ifIndex: number): number {
    let n = 0;
    for (let e = 0; e < SLOTS; e++) {
      if (this.#state[e] !== FREE && this.#ifIndex[e] === ifIndex) n += this.forget(pool, e);
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

function hash(addr: number): number {
  return (addr ^ (addr >>> 8) ^ (addr >>> 16)) & (SLOTS - 1);
}
