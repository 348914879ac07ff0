// SPDX-License-Identifier: BSD-2-Clause
import { ENOBUFS } from '../../kern/errno.ts';
import type { Mbuf, MbufPool } from '../../kern/mbuf.ts';
import type { PacketExt } from '../../kern/packet_ext.ts';
import {
  type Carrier,
  NO_REQUEST,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
  REQ_CARD_SA,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_IF_INDEX,
  REQUEST_WORDS,
} from '../../netipsec/pact.ts';
import { XfrmStates } from './xfrm_states.ts';

const NONE = -1;
/** XFRM_MAX_DEPTH */
export const SEC_PATH_DEPTH = 6;

// Words of an object: struct skb_ext (8 bytes) and struct sec_path (88) on LP64.
const REFCNT = 0;
const LEN = 2;
const OLEN = 3;
const XVEC = 6;
const OVEC = 18;
const OBJECT_WORDS = 24;
export const SEC_PATH_BYTES = 4 * OBJECT_WORDS;

/**
 * Linux: a packet points at an skb extension with a sec_path in it: the states that were applied,
 * each with a reference held, and room for one offload. Clones share the object and count; whoever
 * writes to a shared one copies it first, and takes every reference again.
 *
 *     | refcnt | chunks | len | olen | verified | - | xvec[6]: state, label | ovec[1]: 6 words |
 *       0        1        2     3      4              6                17     18           23
 *     ovec: espOffset, trailerLen | esnHi | cardSa | ifIndex | - | -
 */
export class CarrierSecPath implements Carrier, PacketExt {
  readonly name = 'sec-path';
  /** One request, gathered anew for who asks: half of it is in the state that the object refers to. */
  readonly words = new Uint32Array(REQUEST_WORDS);
  readonly states: XfrmStates;
  /** Objects taken and given back. */
  allocs = 0;
  frees = 0;
  readonly #ext: Int32Array;
  readonly #objects: Uint32Array;
  readonly #free: Int32Array;
  #freeCount: number;

  constructor(mbufs: MbufPool) {
    const capacity = mbufs.tags.capacity;
    this.states = new XfrmStates(2 * capacity);
    this.#ext = new Int32Array(mbufs.count).fill(NONE);
    this.#objects = new Uint32Array(capacity * OBJECT_WORDS);
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
    this.#freeCount = capacity;
    mbufs.ext = this;
  }

  get inUse(): number {
    return this.#free.length - this.#freeCount;
  }

  request(m: Mbuf, state: number, r: OffloadRequest): number {
    const o = this.#own(m);
    if (o === NONE) return ENOBUFS;
    const w = this.#objects;
    const n = w[o + LEN]!;
    const x = n === SEC_PATH_DEPTH ? NONE : this.states.hold(r);
    if (x === NONE) return ENOBUFS;
    w[o + XVEC + 2 * n] = x;
    w[o + XVEC + 2 * n + 1] = state;
    w[o + LEN] = n + 1;
    w[o + OLEN] = 1;
    w[o + OVEC] = r[REQ_ESP]!;
    w[o + OVEC + 1] = r[REQ_ESN_HI]!;
    w[o + OVEC + 2] = r[REQ_CARD_SA]!;
    w[o + OVEC + 3] = r[REQ_IF_INDEX]!;
    return 0;
  }

  handOver(_m: Mbuf): number {
    return 0;
  }

  take(m: Mbuf): number {
    return this.#newest(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED);
  }

  done(m: Mbuf, _at: number): void {
    this.#relabel(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, PACKET_TAG_IPSEC_OUT_DONE);
  }

  report(m: Mbuf, state: number, r: OffloadRequest): number {
    return this.request(m, state, r);
  }

  read(m: Mbuf): number {
    return this.#newest(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE);
  }

  accept(m: Mbuf, _at: number): void {
    this.#relabel(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, PACKET_TAG_IPSEC_IN_DONE);
  }

  applied(m: Mbuf, i: number): number {
    return this.#nth(m, i, PACKET_TAG_IPSEC_OUT_DONE, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED);
  }

  accepted(m: Mbuf, i: number): number {
    return this.#nth(m, i, PACKET_TAG_IPSEC_IN_DONE, PACKET_TAG_IPSEC_IN_DONE);
  }

  /** skb_ext_put */
  clear(m: Mbuf): void {
    const o = this.#ext[m]!;
    if (o === NONE) return;
    this.#ext[m] = NONE;
    this.#put(o);
  }

  /** __skb_ext_copy: a clone shares. */
  copy(to: Mbuf, from: Mbuf): number {
    const o = this.#ext[from]!;
    this.#ext[to] = o;
    if (o !== NONE) this.#objects[o + REFCNT]!++;
    return 0;
  }

  #put(o: number): void {
    const w = this.#objects;
    if (--w[o + REFCNT]! > 0) return;
    const n = w[o + LEN]!;
    for (let i = 0; i < n; i++) this.states.release(w[o + XVEC + 2 * i]!);
    this.#free[this.#freeCount++] = o / OBJECT_WORDS;
    this.frees++;
  }

  /** skb_ext_add: an object of m's own, new or copied on write; word index, or NONE. */
  #own(m: Mbuf): number {
    const w = this.#objects;
    const old = this.#ext[m]!;
    if (old !== NONE && w[old + REFCNT] === 1) return old;
    if (this.#freeCount === 0) return NONE;
    const o = this.#free[--this.#freeCount]! * OBJECT_WORDS;
    this.allocs++;
    this.#ext[m] = o;
    if (old === NONE) {
      // secpath_set() clears what counts; kmem_cache_alloc() cleared nothing.
      w[o + LEN] = 0;
      w[o + OLEN] = 0;
      w[o + 4] = 0;
      for (let i = OVEC; i < OBJECT_WORDS; i++) w[o + i] = 0;
    } else {
      w.copyWithin(o, old, old + OBJECT_WORDS);
      const n = w[o + LEN]!;
      for (let i = 0; i < n; i++) this.states.holdAgain(w[o + XVEC + 2 * i]!);
      this.#put(old);
    }
    w[o + REFCNT] = 1;
    return o;
  }

  /** Only the newest can be waiting: there is room for one offload. */
  #newest(m: Mbuf, label: number): number {
    const o = this.#ext[m]!;
    if (o === NONE) return NO_REQUEST;
    const at = o + XVEC + 2 * (this.#objects[o + LEN]! - 1);
    return this.#objects[at + 1] === label ? this.#gather(o, at) : NO_REQUEST;
  }

  #nth(m: Mbuf, n: number, labelA: number, labelB: number): number {
    const o = this.#ext[m]!;
    if (o === NONE) return NO_REQUEST;
    let left = n;
    for (let i = this.#objects[o + LEN]! - 1; i >= 0; i--) {
      const at = o + XVEC + 2 * i;
      const label = this.#objects[at + 1]!;
      if ((label === labelA || label === labelB) && left-- === 0) return this.#gather(o, at);
    }
    return NO_REQUEST;
  }

  #gather(o: number, at: number): number {
    const w = this.#objects;
    const r = this.words;
    this.states.describe(w[at]!, r);
    r[REQ_ESP] = w[o + OVEC]!;
    r[REQ_ESN_HI] = w[o + OVEC + 1]!;
    r[REQ_CARD_SA] = w[o + OVEC + 2]!;
    r[REQ_IF_INDEX] = w[o + OVEC + 3]!;
    return 0;
  }

  /** Writes: so a shared object is copied first. Out of objects m forgets its path instead. */
  #relabel(m: Mbuf, from: number, to: number): void {
    if (this.#ext[m] === NONE) throw new Error(`mbuf ${m} has no sec_path`);
    const o = this.#own(m);
    if (o === NONE) {
      this.clear(m);
      return;
    }
    const at = o + XVEC + 2 * (this.#objects[o + LEN]! - 1);
    if (this.#objects[at + 1] !== from)
      throw new Error(`mbuf ${m}: its newest state is not ${from}`);
    this.#objects[at + 1] = to;
  }
}
