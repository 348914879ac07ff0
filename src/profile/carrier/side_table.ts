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
  REQUEST_WORDS,
} from '../../netipsec/pact.ts';
import { putRequest } from '../../netipsec/request_words.ts';

const NONE = -1;
/** Words of an entry: state, the next older entry of the same packet, the request. */
const REQUEST = 2;
const ENTRY_WORDS = REQUEST + REQUEST_WORDS;
export const SIDE_TABLE_ENTRY_BYTES = 4 * ENTRY_WORDS;

/**
 * Requests in a table beside the packets, keyed by packet, as was proposed for Linux instead of
 * storage in every skb. A request is an insert, the packet's end a delete, every question a probe of
 * an open-addressing hash; entries of one packet hang on one key, newest first.
 *
 *     hash(m) ->  | key | entry |   linear probing; a delete moves what follows back, so that no
 *                 | key | entry |   probe ever meets a tombstone
 */
export class CarrierSideTable implements Carrier, PacketExt {
  readonly name = 'side-table';
  /** Keys put in and taken out, and slots looked at on the way. */
  inserts = 0;
  deletes = 0;
  steps = 0;
  /** The entries. */
  readonly words: Uint32Array;
  readonly #mask: number;
  readonly #shift: number;
  readonly #key: Int32Array;
  readonly #head: Int32Array;
  readonly #free: Int32Array;
  #freeCount: number;

  constructor(mbufs: MbufPool) {
    const log2 = Math.ceil(Math.log2(2 * mbufs.count));
    this.#mask = (1 << log2) - 1;
    this.#shift = 32 - log2;
    this.#key = new Int32Array(1 << log2).fill(NONE);
    this.#head = new Int32Array(1 << log2);
    // As many entries as the tag pool has tags: pressure comes at the same point.
    this.#freeCount = mbufs.tags.capacity;
    this.words = new Uint32Array(this.#freeCount * ENTRY_WORDS);
    this.#free = Int32Array.from({ length: this.#freeCount }, (_, i) => i);
    mbufs.ext = this;
  }

  /** Entries in use. */
  get inUse(): number {
    return this.#free.length - this.#freeCount;
  }

  request(m: Mbuf, state: number, r: OffloadRequest): number {
    const e = this.#hang(m, state);
    if (e === NONE) return ENOBUFS;
    putRequest(this.words, e * ENTRY_WORDS + REQUEST, r);
    return 0;
  }

  handOver(_m: Mbuf): number {
    return 0;
  }

  take(m: Mbuf): number {
    return this.#inState(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED);
  }

  done(m: Mbuf, at: number): void {
    this.#relabel(m, at, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, PACKET_TAG_IPSEC_OUT_DONE);
  }

  report(m: Mbuf, state: number, r: OffloadRequest): number {
    return this.request(m, state, r);
  }

  read(m: Mbuf): number {
    return this.#inState(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE);
  }

  accept(m: Mbuf, at: number): void {
    this.#relabel(m, at, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, PACKET_TAG_IPSEC_IN_DONE);
  }

  applied(m: Mbuf, i: number): number {
    return this.#nth(m, i, PACKET_TAG_IPSEC_OUT_DONE, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED);
  }

  accepted(m: Mbuf, i: number): number {
    return this.#nth(m, i, PACKET_TAG_IPSEC_IN_DONE, PACKET_TAG_IPSEC_IN_DONE);
  }

  clear(m: Mbuf): void {
    const slot = this.#find(m);
    if (this.#key[slot] === NONE) return;
    for (let e = this.#head[slot]!; e !== NONE; e = this.#next(e))
      this.#free[this.#freeCount++] = e;
    this.#remove(slot);
    this.deletes++;
  }

  copy(to: Mbuf, from: Mbuf): number {
    const slot = this.#find(from);
    return this.#key[slot] === NONE ? 0 : this.#copyFrom(this.#head[slot]!, to);
  }

  /** Oldest first, so that the order stays. */
  #copyFrom(e: number, to: Mbuf): number {
    const older = this.#next(e);
    if (older !== NONE && this.#copyFrom(older, to) !== 0) return ENOBUFS;
    const c = this.#hang(to, this.words[e * ENTRY_WORDS]!);
    if (c === NONE) {
      this.clear(to);
      return ENOBUFS;
    }
    const a = e * ENTRY_WORDS + REQUEST;
    const b = c * ENTRY_WORDS + REQUEST;
    for (let i = 0; i < REQUEST_WORDS; i++) this.words[b + i] = this.words[a + i]!;
    return 0;
  }

  /** A new entry of m, its newest; NONE when there is none left. */
  #hang(m: Mbuf, state: number): number {
    if (this.#freeCount === 0) return NONE;
    const e = this.#free[--this.#freeCount]!;
    const slot = this.#find(m);
    const isNew = this.#key[slot] === NONE;
    this.words[e * ENTRY_WORDS] = state;
    this.words[e * ENTRY_WORDS + 1] = isNew ? NONE : this.#head[slot]!;
    this.#key[slot] = m;
    this.#head[slot] = e;
    if (isNew) this.inserts++;
    return e;
  }

  #next(e: number): number {
    return this.words[e * ENTRY_WORDS + 1]! | 0;
  }

  /** The slot with m's key, or the empty one where it would go. Never full: twice the packets. */
  #find(m: Mbuf): number {
    let slot = this.#home(m);
    let n = 1;
    while (this.#key[slot] !== NONE && this.#key[slot] !== m) {
      slot = (slot + 1) & this.#mask;
      n++;
    }
    this.steps += n;
    return slot;
  }

  /** Fibonacci hashing: the product's top bits. */
  #home(m: Mbuf): number {
    return Math.imul(m, 0x9e3779b1) >>> this.#shift;
  }

  /** Knuth 6.4, algorithm R: fills the gap with what was pushed past it. */
  #remove(slot: number): void {
    let gap = slot;
    let at = slot;
    for (;;) {
      at = (at + 1) & this.#mask;
      const key = this.#key[at]!;
      if (key === NONE) break;
      const home = this.#home(key);
      const isBehindGap = ((at - home) & this.#mask) >= ((at - gap) & this.#mask);
      if (!isBehindGap) continue;
      this.#key[gap] = key;
      this.#head[gap] = this.#head[at]!;
      gap = at;
    }
    this.#key[gap] = NONE;
  }

  #inState(m: Mbuf, state: number): number {
    return this.#nth(m, 0, state, state);
  }

  #nth(m: Mbuf, n: number, stateA: number, stateB: number): number {
    const slot = this.#find(m);
    if (this.#key[slot] === NONE) return NO_REQUEST;
    let left = n;
    for (let e = this.#head[slot]!; e !== NONE; e = this.#next(e)) {
      const state = this.words[e * ENTRY_WORDS]!;
      if ((state !== stateA && state !== stateB) || left-- > 0) continue;
      return e * ENTRY_WORDS + REQUEST;
    }
    return NO_REQUEST;
  }

  #relabel(m: Mbuf, at: number, from: number, to: number): void {
    if (this.words[at - REQUEST] !== from)
      throw new Error(`mbuf ${m}: its entry is not in state ${from}`);
    this.words[at - REQUEST] = to;
  }
}
