// SPDX-License-Identifier: BSD-2-Clause
import { type Counters, counter } from '../kern/counters.ts';
import { ENETDOWN, ENOBUFS } from '../kern/errno.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { Mbufq } from '../kern/mbufq.ts';
import { EPAIR } from '../kern/turn_rules_if.ts';
import { IFF_UP, type SoftIf, type Tap } from './ifnet.ts';

const EPAIR_FULL = counter('epair.full', 'queue of the other end is full');
const EPAIR_DOWN = counter('epair.down', 'this end or the other one is down');
const EPAIR_NO_MBUF = counter('epair.noMbuf', 'no mbuf in the host of the other end');

/** Holds what a card's whole receive ring can bring at once. */
const QUEUE_PACKETS = 1024;

/** What one end belongs to: two ends may be in one host, or in two that share an arena. */
export interface EpairHost {
  /** Of the interface, in its host. */
  readonly index: number;
  readonly pool: MbufPool;
  readonly counters: Counters;
}

/** Two Ethernet interfaces back to back: epair<unit>a and epair<unit>b. */
export function epair(unit: number, a: EpairHost, b: EpairHost, mtu = 1500): [EpairIf, EpairIf] {
  const ends: [EpairIf, EpairIf] = [
    new EpairIf(`epair${unit}a`, Uint8Array.of(2, 0x65, 0x70, unit >> 8, unit, 0x0a), a, mtu),
    new EpairIf(`epair${unit}b`, Uint8Array.of(2, 0x65, 0x70, unit >> 8, unit, 0x0b), b, mtu),
  ];
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return ends;
}

/** One end: what is sent here comes up at the other end's next poll(). */
export class EpairIf implements SoftIf {
  readonly name: string;
  readonly index: number;
  readonly lladdr: Uint8Array;
  readonly capabilities = 0;
  mtu: number;
  flags: number = IFF_UP;
  tap: Tap | null = null;
  input: (m: Mbuf) => void;
  peer: EpairIf | null = null;
  readonly #pool: MbufPool;
  readonly #counters: Counters;
  readonly #queue: Mbufq = new Mbufq(QUEUE_PACKETS);

  constructor(name: string, lladdr: Uint8Array, host: EpairHost, mtu: number) {
    this.name = name;
    this.index = host.index;
    this.lladdr = lladdr;
    this.mtu = mtu;
    this.#pool = host.pool;
    this.#counters = host.counters;
    this.input = (m) => host.pool.free(m);
  }

  /** Packets that wait to come up here. */
  get queued(): number {
    return this.#queue.length;
  }

  transmit(m: Mbuf): number {
    const { peer } = this;
    if (peer === null || (this.flags & peer.flags & IFF_UP) === 0) {
      return this.#drop(m, EPAIR_DOWN, ENETDOWN);
    }
    if (peer.#queue.length === QUEUE_PACKETS) return this.#drop(m, EPAIR_FULL, ENOBUFS);
    const there = peer.#pool === this.#pool ? this.#turn(m) : this.#copy(m, peer.#pool);
    if (there === NO_MBUF) return this.#drop(m, EPAIR_NO_MBUF, ENOBUFS);
    peer.#pool.rcvIf[there] = peer.index;
    peer.#queue.enqueue(peer.#pool, there);
    return 0;
  }

  poll(): number {
    const n = this.#queue.length;
    for (let i = 0; i < n; i++) {
      const m = this.#queue.dequeue(this.#pool);
      if (m === NO_MBUF) return i;
      if ((this.flags & IFF_UP) === 0) this.#drop(m, EPAIR_DOWN, 0);
      else this.input(m);
    }
    return n;
  }

  drain(): number {
    return this.#queue.drain(this.#pool);
  }

  /**
   * epair_clear_mbuf: the packet is on another link now, and what its tags say was about the way to
   * here. Whatever they still asked for, the gate in front of transmit() has had done.
   */
  #turn(m: Mbuf): Mbuf {
    const pool = this.#pool;
    pool.turn(m, EPAIR);
    pool.flags[m] = 0;
    return m;
  }

  /** Into the other host, as over a wire: bytes alone, for tags mean something in one host only. */
  #copy(m: Mbuf, pool: MbufPool): Mbuf {
    const lenBytes = this.#pool.len[m]!;
    const c = pool.allocFor(lenBytes);
    if (c === NO_MBUF) return NO_MBUF;
    pool.append(c, lenBytes);
    const from = this.#pool.off[m]!;
    const to = pool.off[c]!;
    if (pool.data === this.#pool.data) pool.data.copyWithin(to, from, from + lenBytes);
    else pool.data.set(this.#pool.data.subarray(from, from + lenBytes), to);
    this.#pool.free(m);
    return c;
  }

  #drop(m: Mbuf, why: number, errno: number): number {
    this.#counters.n[why]!++;
    this.#pool.free(m);
    return errno;
  }
}
