// SPDX-License-Identifier: BSD-2-Clause
import { ENOBUFS } from '../kern/errno.ts';
import { MTAG_PAYLOAD_BYTES, type MTagPool, NO_TAG } from '../kern/m_tag.ts';
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

  constructor(mbufs: MbufPool) {
    this.#mbufs = mbufs;
    this.#tags = mbufs.tags;
  }

  request(m: Mbuf, r: OffloadRequest): number {
    const t = this.#tags.alloc(MTAG_COOKIE_IPSEC, r.state, MTAG_PAYLOAD_BYTES);
    if (t === NO_TAG) return ENOBUFS;
    packRequest(this.#tags.words, this.#tags.payload(t, MTAG_COOKIE_IPSEC), r);
    this.#tags.prepend(this.#mbufs, m, t);
    return 0;
  }

  handOver(_m: Mbuf): number {
    return 0;
  }

  take(m: Mbuf, r: OffloadRequest): boolean {
    return this.#find(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, r);
  }

  done(m: Mbuf): void {
    this.#relabel(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, PACKET_TAG_IPSEC_OUT_DONE);
  }

  report(m: Mbuf, r: OffloadRequest): number {
    return this.request(m, r);
  }

  read(m: Mbuf, r: OffloadRequest): boolean {
    return this.#find(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, r);
  }

  accept(m: Mbuf): void {
    this.#relabel(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, PACKET_TAG_IPSEC_IN_DONE);
  }

  applied(m: Mbuf, i: number, r: OffloadRequest): boolean {
    return this.#nth(m, i, PACKET_TAG_IPSEC_OUT_DONE, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, r);
  }

  accepted(m: Mbuf, i: number, r: OffloadRequest): boolean {
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
    if (this.#mbufs.firstTag[m] === NO_TAG) return false;
    const t = this.#tags.locate(this.#mbufs, m, MTAG_COOKIE_IPSEC, id, NO_TAG);
    if (t === NO_TAG) return false;
    r.state = id;
    unpackRequest(this.#tags.words, this.#tags.payload(t, MTAG_COOKIE_IPSEC), r);
    return true;
  }

  #relabel(m: Mbuf, from: number, to: number): void {
    const t = this.#tags.locate(this.#mbufs, m, MTAG_COOKIE_IPSEC, from, NO_TAG);
    if (t === NO_TAG) throw new Error(`mbuf ${m} carries no tag with id ${from}`);
    this.#tags.relabel(t, MTAG_COOKIE_IPSEC, to);
  }
}
