// SPDX-License-Identifier: BSD-2-Clause
import { type Mbuf, type MbufPool, NO_MBUF } from './mbuf.ts';

/** mbufq(9): a bounded first-in first-out queue of packets, linked through the pool's nextPkt. */
export class Mbufq {
  readonly limit: number;
  length = 0;
  #head: Mbuf = NO_MBUF;
  #tail: Mbuf = NO_MBUF;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** False when the queue is full: then m is still the caller's. */
  enqueue(pool: MbufPool, m: Mbuf): boolean {
    if (this.length === this.limit) return false;
    pool.nextPkt[m] = NO_MBUF;
    if (this.#tail === NO_MBUF) this.#head = m;
    else pool.nextPkt[this.#tail] = m;
    this.#tail = m;
    this.length++;
    return true;
  }

  /** The oldest packet, or NO_MBUF. */
  dequeue(pool: MbufPool): Mbuf {
    const m = this.#head;
    if (m === NO_MBUF) return NO_MBUF;
    this.#head = pool.nextPkt[m]!;
    if (this.#head === NO_MBUF) this.#tail = NO_MBUF;
    pool.nextPkt[m] = NO_MBUF;
    this.length--;
    return m;
  }

  /** Frees all packets; returns how many. */
  drain(pool: MbufPool): number {
    const n = this.length;
    for (let m = this.dequeue(pool); m !== NO_MBUF; m = this.dequeue(pool)) pool.free(m);
    return n;
  }
}
