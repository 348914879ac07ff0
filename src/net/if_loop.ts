// SPDX-License-Identifier: BSD-2-Clause
import { type Counters, counter } from '../kern/counters.ts';
import { ENETDOWN, ENOBUFS } from '../kern/errno.ts';
import { M_LOOP, type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { Mbufq } from '../kern/mbufq.ts';
import { LOOPBACK } from '../kern/turn_rules.ts';
import { IFF_LOOPBACK, IFF_UP, type SoftIf, type Tap } from './ifnet.ts';

const LOOP_FULL = counter('loop.full', 'loopback queue full');
const LOOP_DOWN = counter('loop.down', 'loopback is down');

/**
 * lo0. What is sent comes back up, in order, at the next poll(): as in BSD's netisr, so that a
 * receiver never runs inside the sender's call.
 */
export class LoopIf implements SoftIf {
  readonly name: string = 'lo0';
  readonly index: number;
  mtu = 16384;
  flags: number = IFF_UP | IFF_LOOPBACK;
  readonly capabilities = 0;
  readonly lladdr = null;
  tap: Tap | null = null;
  input: (m: Mbuf) => void;
  readonly #pool: MbufPool;
  readonly #counters: Counters;
  readonly #queue: Mbufq = new Mbufq(256);

  constructor(index: number, pool: MbufPool, counters: Counters) {
    this.index = index;
    this.#pool = pool;
    this.#counters = counters;
    this.input = (m) => pool.free(m);
  }

  transmit(m: Mbuf): number {
    const pool = this.#pool;
    if ((this.flags & IFF_UP) === 0) {
      this.#counters.n[LOOP_DOWN]!++;
      pool.free(m);
      return ENETDOWN;
    }
    // The packet turns round here with all it was given on the way down. Tags of the way out mean
    // something else on the way in (an old "done out" would excuse the answer from IPsec): they go.
    // Whatever the tags still asked for, the gate in front of transmit() has had done.
    pool.turn(m, LOOPBACK);
    pool.flags[m] = M_LOOP;
    pool.rcvIf[m] = this.index;
    if (!this.#queue.enqueue(pool, m)) {
      this.#counters.n[LOOP_FULL]!++;
      pool.free(m);
      return ENOBUFS;
    }
    return 0;
  }

  poll(): number {
    const n = this.#queue.length;
    for (let i = 0; i < n; i++) {
      const m = this.#queue.dequeue(this.#pool);
      if (m === NO_MBUF) return i;
      this.input(m);
    }
    return n;
  }

  drain(): number {
    return this.#queue.drain(this.#pool);
  }
}
