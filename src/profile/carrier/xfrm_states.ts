// SPDX-License-Identifier: BSD-2-Clause
import {
  type OffloadRequest,
  REQ_DST,
  REQ_GENERATION,
  REQ_PROTO,
  REQ_SA_HANDLE,
  REQ_SPI,
} from '../../netipsec/pact.ts';

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
    const h = r[REQ_SA_HANDLE]! & (HANDLES - 1);
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

  /** Fills of the request to[0 …] what the SA itself is. */
  describe(x: number, to: Uint32Array): void {
    const w = this.#words;
    const p = x * STATE_WORDS;
    to[REQ_SA_HANDLE] = w[p]!;
    to[REQ_GENERATION] = w[p + 1]!;
    to[REQ_SPI] = w[p + 2]!;
    to[REQ_PROTO] = w[p + 3]!;
    for (let i = 0; i < 4; i++) to[REQ_DST + i] = w[p + 4 + i]!;
  }

  #isOf(x: number, r: OffloadRequest): boolean {
    const p = x * STATE_WORDS;
    return this.#words[p + 1] === r[REQ_GENERATION] && this.#words[p + 2] === r[REQ_SPI];
  }

  /** The SADB's own reference is the first. */
  #make(h: number, r: OffloadRequest): number {
    const x = this.#free[--this.#freeCount]!;
    const w = this.#words;
    const p = x * STATE_WORDS;
    w[p] = r[REQ_SA_HANDLE]!;
    w[p + 1] = r[REQ_GENERATION]!;
    w[p + 2] = r[REQ_SPI]!;
    w[p + 3] = r[REQ_PROTO]!;
    for (let i = 0; i < 4; i++) w[p + 4 + i] = r[REQ_DST + i]!;
    this.#refs[x] = 1;
    this.#newest[h] = x;
    return x;
  }

  #put(x: number): void {
    if (--this.#refs[x]! === 0) this.#free[this.#freeCount++] = x;
  }
}
