// SPDX-License-Identifier: BSD-2-Clause
import type { OffloadRequest } from '../../netipsec/pact.ts';

const NONE = -1;
const STATE_WORDS = 8;
/** SADB handles that have a state of their own; more than an SADB holds. */
const HANDLES = 1 << 16;

/**
 * Linux' struct xfrm_state, as far as a packet's sec_path needs it: what an SA is, and how many hold
 * it. A state outlives its SA for as long as a packet refers to it.
 *
 *     words: handle | generation | spi | proto, family | destination, 4 words
 */
export class XfrmStates {
  holds = 0;
  releases = 0;
  readonly #words: Uint32Array;
  readonly #refs: Int32Array;
  readonly #newest = new Int32Array(HANDLES).fill(NONE);
  readonly #free: Int32Array;
  #freeCount: number;

  constructor(capacity: number) {
    this.#words = new Uint32Array(capacity * STATE_WORDS);
    this.#refs = new Int32Array(capacity);
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
    this.#freeCount = capacity;
  }

  /** xfrm_state_hold: the state of r's SA, with a reference more; -1 when there is no room. */
  hold(r: OffloadRequest): number {
    const h = r.saHandle & (HANDLES - 1);
    let x = this.#newest[h]!;
    if (x === NONE || !this.#isOf(x, r)) {
      if (this.#freeCount === 0) return NONE;
      if (x !== NONE) this.#put(x);
      x = this.#make(h, r);
    }
    this.#refs[x]!++;
    this.holds++;
    return x;
  }

  /** One reference more to a state that somebody holds. */
  holdAgain(x: number): void {
    this.#refs[x]!++;
    this.holds++;
  }

  /** xfrm_state_put */
  release(x: number): void {
    this.releases++;
    this.#put(x);
  }

  /** References that packets hold to the SA's state: it is pinned while there are any. */
  references(saHandle: number): number {
    const x = this.#newest[saHandle & (HANDLES - 1)]!;
    return x === NONE ? 0 : this.#refs[x]! - 1;
  }

  /** Fills of r what the SA itself is. */
  describe(x: number, r: OffloadRequest): void {
    const w = this.#words;
    const p = x * STATE_WORDS;
    r.saHandle = w[p]! | 0;
    r.generation = w[p + 1]!;
    r.spi = w[p + 2]!;
    r.proto = w[p + 3]! & 0xff;
    r.family = w[p + 3]! >>> 8;
    r.dst0 = w[p + 4]!;
    r.dst1 = w[p + 5]!;
    r.dst2 = w[p + 6]!;
    r.dst3 = w[p + 7]!;
  }

  #isOf(x: number, r: OffloadRequest): boolean {
    const p = x * STATE_WORDS;
    return this.#words[p + 1] === r.generation && this.#words[p + 2] === r.spi;
  }

  /** The SADB's own reference is the first. */
  #make(h: number, r: OffloadRequest): number {
    const x = this.#free[--this.#freeCount]!;
    const w = this.#words;
    const p = x * STATE_WORDS;
    w[p] = r.saHandle;
    w[p + 1] = r.generation;
    w[p + 2] = r.spi;
    w[p + 3] = (r.proto & 0xff) | (r.family << 8);
    w[p + 4] = r.dst0;
    w[p + 5] = r.dst1;
    w[p + 6] = r.dst2;
    w[p + 7] = r.dst3;
    this.#refs[x] = 1;
    this.#newest[h] = x;
    return x;
  }

  #put(x: number): void {
    if (--this.#refs[x]! === 0) this.#free[this.#freeCount++] = x;
  }
}
