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
import { packRequest, unpackRequest } from './request_words.ts';

/**
 * The request travels in ipsec's own tag, and the driver consumes that very tag: one allocation for
 * a transform, none at the hand-over. There is no second, "L2" tag.
 */
export class CarrierInPlace implements Carrier {
  readonly name: string = 'in-place';
  readonly #mbufs: MbufPool;
  readonly #tags: MTagPool;
  readonly #first: Int32Array;

  constructor(mbufs: MbufPool) {
    this.#mbufs = mbufs;
    this.#tags = mbufs.tags;
    this.#first = mbufs.firstTag;
  }

  request(m: Mbuf, r: OffloadRequest): number {
    const t = this.#tags.alloc(MTAG_COOKIE_IPSEC, r.state, MTAG_PAYLOAD_BYTES, true);
    if (t === NO_TAG) return ENOBUFS;
    packRequest(this.#tags.words, this.#tags.payload(t, MTAG_COOKIE_IPSEC), r);
    this.#tags.prepend(this.#mbufs, m, t);
    return 0;
  }

  handOver(_m: Mbuf): number {
    return 0;
  }

  take(m: Mbuf, r: OffloadRequest): boolean {
    // Most questions are about packets without tags: no call for those.
    return this.#first[m] !== NO_TAG && this.#find(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, r);
  }

  done(m: Mbuf): void {
    this.#relabel(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, PACKET_TAG_IPSEC_OUT_DONE);
  }

  report(m: Mbuf, r: OffloadRequest): number {
    return this.request(m, r);
  }

  read(m: Mbuf, r: OffloadRequest): boolean {
    return this.#first[m] !== NO_TAG && this.#find(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, r);
  }

  accept(m: Mbuf): void {
    this.#relabel(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, PACKET_TAG_IPSEC_IN_DONE);
  }

  applied(m: Mbuf, i: number, r: OffloadRequest): boolean {
    if (this.#first[m] === NO_TAG) return false;
    return this.#nth(m, i, PACKET_TAG_IPSEC_OUT_DONE, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, r);
  }

  accepted(m: Mbuf, i: number, r: OffloadRequest): boolean {
    if (this.#first[m] === NO_TAG) return false;
    return this.#nth(m, i, PACKET_TAG_IPSEC_IN_DONE, PACKET_TAG_IPSEC_IN_DONE, r);
  }

  #nth(m: Mbuf, n: number, idA: number, idB: number, r: OffloadRequest): boolean {
    let left = n;
    for (let t = this.#tags.first(this.#mbufs, m); t !== NO_TAG; t = this.#tags.next(t)) {
      const id = this.#tags.id(t);
      if (this.#tags.cookie(t) !== MTAG_COOKIE_IPSEC || (id !== idA && id !== idB)) continue;
      if (left-- > 0) continue;
      r.state = id;
      unpackRequest(this.#tags.words, this.#tags.payload(t, MTAG_COOKIE_IPSEC), r);
      return true;
    }
    return false;
  }

  #find(m: Mbuf, id: number, r: OffloadRequest): boolean {
    const t = this.#tag(m, id);
    if (t === NO_TAG) return false;
    r.state = id;
    unpackRequest(this.#tags.words, this.#tags.payload(t, MTAG_COOKIE_IPSEC), r);
    return true;
  }

  #relabel(m: Mbuf, from: number, to: number): void {
    const t = this.#tag(m, from);
    if (t === NO_TAG) throw new Error(`mbuf ${m} carries no tag with id ${from}`);
    this.#tags.relabel(t, MTAG_COOKIE_IPSEC, to);
  }

  /** ipsec's tag with this id; nearly always it is the newest of all. */
  #tag(m: Mbuf, id: number): MTag {
    const t = this.#first[m]!;
    if (t === NO_TAG || this.#tags.isA(t, MTAG_COOKIE_IPSEC, id)) return t;
    return this.#tags.locate(this.#mbufs, m, MTAG_COOKIE_IPSEC, id, t);
  }
}
