// SPDX-License-Identifier: BSD-2-Clause
import { ENOBUFS } from '../kern/errno.ts';
import { MTAG_PAYLOAD_BYTES, type MTag, type MTagPool, NO_TAG } from '../kern/m_tag.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import {
  type Carrier,
  MTAG_COOKIE_IPSEC,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
} from './pact.ts';
import { putRequest } from './request_words.ts';

// An import is looked up at each use; a constant of the module's own costs nothing.
const COOKIE = MTAG_COOKIE_IPSEC;
const BYTES = MTAG_PAYLOAD_BYTES;
const NONE = NO_TAG;
const OUT_CRYPTO_NEEDED = PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED;
const OUT_DONE = PACKET_TAG_IPSEC_OUT_DONE;
const IN_CRYPTO_DONE = PACKET_TAG_IPSEC_IN_CRYPTO_DONE;
const IN_DONE = PACKET_TAG_IPSEC_IN_DONE;

/**
 * The request travels in ipsec's own tag, and the driver consumes that very tag: one allocation for
 * a transform, none at the hand-over. There is no second, "L2" tag. The words are the tag's payload.
 */
export class CarrierInPlace implements Carrier {
  readonly name: string = 'in-place';
  readonly words: Uint32Array;
  readonly #mbufs: MbufPool;
  readonly #tags: MTagPool;
  readonly #first: Int32Array;

  constructor(mbufs: MbufPool) {
    this.#mbufs = mbufs;
    this.#tags = mbufs.tags;
    this.#first = mbufs.firstTag;
    this.words = mbufs.tags.words;
  }

  request(m: Mbuf, state: number, r: OffloadRequest): number {
    const t = this.#tags.alloc(COOKIE, state, BYTES, true);
    if (t === NONE) return ENOBUFS;
    putRequest(this.words, this.#tags.payload(t, COOKIE), r);
    this.#tags.prepend(this.#mbufs, m, t);
    return 0;
  }

  handOver(_m: Mbuf): number {
    return 0;
  }

  take(m: Mbuf): number {
    return this.#find(m, OUT_CRYPTO_NEEDED);
  }

  done(_m: Mbuf, at: number): void {
    this.#relabel(at, OUT_CRYPTO_NEEDED, OUT_DONE);
  }

  report(m: Mbuf, state: number, r: OffloadRequest): number {
    return this.request(m, state, r);
  }

  read(m: Mbuf): number {
    return this.#find(m, IN_CRYPTO_DONE);
  }

  accept(_m: Mbuf, at: number): void {
    this.#relabel(at, IN_CRYPTO_DONE, IN_DONE);
  }

  applied(m: Mbuf, i: number): number {
    return this.#nth(m, i, OUT_DONE, OUT_CRYPTO_NEEDED);
  }

  accepted(m: Mbuf, i: number): number {
    return i === 0 ? this.#find(m, IN_DONE) : this.#nth(m, i, IN_DONE, IN_DONE);
  }

  #nth(m: Mbuf, n: number, idA: number, idB: number): number {
    const tags = this.#tags;
    let left = n;
    for (let t = tags.first(this.#mbufs, m); t !== NONE; t = tags.next(t)) {
      const id = tags.id(t);
      if (tags.cookie(t) !== COOKIE || (id !== idA && id !== idB)) continue;
      if (left-- === 0) return tags.payload(t, COOKIE);
    }
    return NONE;
  }

  /** Where ipsec's tag with this id says it; nearly always it is the newest of all. */
  #find(m: Mbuf, id: number): number {
    const t = this.#first[m]!;
    if (t === NONE) return NONE;
    if (this.#tags.isA(t, COOKIE, id)) return this.#tags.payload(t, COOKIE);
    return this.#findOlder(m, t, id);
  }

  #findOlder(m: Mbuf, after: MTag, id: number): number {
    const t = this.#tags.locate(this.#mbufs, m, COOKIE, id, after);
    return t === NONE ? NONE : this.#tags.payload(t, COOKIE);
  }

  #relabel(at: number, from: number, to: number): void {
    const t = this.#tags.tagAt(at);
    if (this.#tags.id(t) !== from) throw new Error(`tag ${t} does not have the id ${from}`);
    this.#tags.relabel(t, COOKIE, to);
  }
}
