// SPDX-License-Identifier: BSD-2-Clause
import { type Counters, counter } from '../kern/counters.ts';
import { ENOBUFS } from '../kern/errno.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { Rng } from '../kern/rng.ts';
import { IfWrapper } from './if_wrapper.ts';
import type { Ifnet } from './ifnet.ts';

const FAULT_LOST = counter('fault.lost', 'received frame thrown away by fault injection');
const FAULT_DUPLICATED = counter('fault.duplicated', 'received frame handed up twice');
const FAULT_FLIPPED = counter('fault.flipped', 'received frame with one bit inverted');
const FAULT_CUT = counter('fault.cut', 'received frame cut short');
const FAULT_SWAPPED = counter('fault.swapped', 'received frame handed up after its successor');
const FAULT_REFUSED = counter('fault.refused', 'transmit refused as if the ring were full');

/** Probabilities, 0 … 1. */
export interface Faults {
  loss: number;
  duplicate: number;
  flip: number;
  cut: number;
  swap: number;
  /** On the way out; all others are on the way in, where a frame is only bytes. */
  refuse: number;
}

export const NO_FAULTS: Faults = { loss: 0, duplicate: 0, flip: 0, cut: 0, swap: 0, refuse: 0 };

/** Damages, loses, doubles and reorders packets; the seed decides which. */
export class FaultIf extends IfWrapper {
  readonly faults: Faults;
  readonly #pool: MbufPool;
  readonly #counters: Counters;
  readonly #rng: Rng;
  #held: Mbuf = NO_MBUF;

  constructor(
    inner: Ifnet,
    pool: MbufPool,
    counters: Counters,
    seed: number,
    faults: Partial<Faults>,
  ) {
    super(inner);
    this.#pool = pool;
    this.#counters = counters;
    this.#rng = new Rng(seed);
    this.faults = { ...NO_FAULTS, ...faults };
  }

  override transmit(m: Mbuf): number {
    if (!this.#rng.chance(this.faults.refuse)) return this.inner.transmit(m);
    this.#counters.n[FAULT_REFUSED]!++;
    this.#pool.free(m);
    return ENOBUFS;
  }

  protected override received(m: Mbuf): void {
    const { faults } = this;
    const n = this.#counters.n;
    const rng = this.#rng;
    if (rng.chance(faults.loss)) {
      n[FAULT_LOST]!++;
      this.#pool.free(m);
      return;
    }
    if (rng.chance(faults.flip)) this.#flip(m);
    if (rng.chance(faults.cut)) this.#cut(m);
    const copy = rng.chance(faults.duplicate) ? this.#pool.dup(m) : NO_MBUF;
    if (rng.chance(faults.swap) && this.#held === NO_MBUF) {
      n[FAULT_SWAPPED]!++;
      this.#held = m;
    } else {
      this.input(m);
      this.flush();
    }
    if (copy !== NO_MBUF) {
      n[FAULT_DUPLICATED]!++;
      this.input(copy);
    }
  }

  /** Hands up a frame that still waits for its successor. */
  flush(): void {
    const m = this.#held;
    this.#held = NO_MBUF;
    if (m !== NO_MBUF) this.input(m);
  }

  #flip(m: Mbuf): void {
    const len = this.#pool.len[m]!;
    if (len === 0) return;
    const bit = this.#rng.below(len * 8);
    this.#pool.data[this.#pool.off[m]! + (bit >> 3)]! ^= 1 << (bit & 7);
    this.#counters.n[FAULT_FLIPPED]!++;
  }

  #cut(m: Mbuf): void {
    const len = this.#pool.len[m]!;
    if (len === 0) return;
    this.#pool.adj(m, -1 - this.#rng.below(len));
    this.#counters.n[FAULT_CUT]!++;
  }
}
