// SPDX-License-Identifier: BSD-2-Clause
import { ENOBUFS } from '../../kern/errno.ts';
import { MTAG_PAYLOAD_BYTES, type MTag, type MTagPool, NO_TAG } from '../../kern/m_tag.ts';
import type { Mbuf, MbufPool } from '../../kern/mbuf.ts';
import { CarrierInPlace } from '../../netipsec/carrier_in_place.ts';
import {
  MTAG_COOKIE_IPSEC,
  newOffloadRequest,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
} from '../../netipsec/pact.ts';
import { packRequest, REQUEST_WORDS, unpackRequest } from '../../netipsec/request_words.ts';

/** Names the ABI between layer 2 and its drivers. */
export const MTAG_COOKIE_LINK = 0x6c696e6b; // "link"
/** Ids under it; the low bits of those on the way in are ipsec's own, for the counters by id. */
const LINK_OUT = 4;
const LINK_OUT_DONE = 2;
const LINK_IN = 3;

/**
 * tech-net, 22 August 2003: ip_output takes the tags of layer 3 off and hangs a hardware tag for
 * layer 2 on. So the hand-over costs a second allocation, and each tag is freed by its own layer.
 * Receive is the mirror: the driver's hardware tag is freed by ipsec_input, which allocates its own.
 */
export class CarrierStripAdd extends CarrierInPlace {
  override readonly name = 'strip-add';
  readonly #mbufs: MbufPool;
  readonly #tags: MTagPool;
  readonly #accepted = newOffloadRequest();

  constructor(mbufs: MbufPool) {
    super(mbufs);
    this.#mbufs = mbufs;
    this.#tags = mbufs.tags;
  }

  override handOver(m: Mbuf): number {
    const tags = this.#tags;
    const asked = this.#locate(m, MTAG_COOKIE_IPSEC, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED);
    if (asked === NO_TAG) return 0;
    const link = tags.alloc(MTAG_COOKIE_LINK, LINK_OUT, MTAG_PAYLOAD_BYTES, true);
    if (link === NO_TAG) return ENOBUFS;
    const from = tags.payload(asked, MTAG_COOKIE_IPSEC);
    const to = tags.payload(link, MTAG_COOKIE_LINK);
    for (let i = 0; i < REQUEST_WORDS; i++) tags.words[to + i] = tags.words[from + i]!;
    this.#strip(m);
    tags.prepend(this.#mbufs, m, link);
    return 0;
  }

  /** Layer 3's tags go; what others hung on m stays. */
  #strip(m: Mbuf): void {
    const tags = this.#tags;
    let t = tags.first(this.#mbufs, m);
    while (t !== NO_TAG) {
      const next = tags.next(t);
      if (tags.cookie(t) === MTAG_COOKIE_IPSEC) tags.delete(this.#mbufs, m, t);
      t = next;
    }
  }

  override take(m: Mbuf, r: OffloadRequest): boolean {
    if (this.#mbufs.firstTag[m] === NO_TAG) return false;
    const link = this.#locate(m, MTAG_COOKIE_LINK, LINK_OUT);
    if (link === NO_TAG) return super.take(m, r);
    r.state = PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED;
    unpackRequest(this.#tags.words, this.#tags.payload(link, MTAG_COOKIE_LINK), r);
    return true;
  }

  override done(m: Mbuf): void {
    const link = this.#locate(m, MTAG_COOKIE_LINK, LINK_OUT);
    if (link === NO_TAG) super.done(m);
    else this.#tags.relabel(link, MTAG_COOKIE_LINK, LINK_OUT_DONE);
  }

  override report(m: Mbuf, r: OffloadRequest): number {
    if (r.state !== PACKET_TAG_IPSEC_IN_CRYPTO_DONE) return super.report(m, r);
    const tags = this.#tags;
    const link = tags.alloc(MTAG_COOKIE_LINK, LINK_IN, MTAG_PAYLOAD_BYTES, true);
    if (link === NO_TAG) return ENOBUFS;
    packRequest(tags.words, tags.payload(link, MTAG_COOKIE_LINK), r);
    tags.prepend(this.#mbufs, m, link);
    return 0;
  }

  override read(m: Mbuf, r: OffloadRequest): boolean {
    if (this.#mbufs.firstTag[m] === NO_TAG) return false;
    const link = this.#locate(m, MTAG_COOKIE_LINK, LINK_IN);
    if (link === NO_TAG) return false;
    r.state = PACKET_TAG_IPSEC_IN_CRYPTO_DONE;
    unpackRequest(this.#tags.words, this.#tags.payload(link, MTAG_COOKIE_LINK), r);
    return true;
  }

  override accept(m: Mbuf): void {
    const link = this.#locate(m, MTAG_COOKIE_LINK, LINK_IN);
    if (link === NO_TAG) throw new Error(`mbuf ${m} carries no report`);
    const r = this.#accepted;
    unpackRequest(this.#tags.words, this.#tags.payload(link, MTAG_COOKIE_LINK), r);
    this.#tags.delete(this.#mbufs, m, link);
    r.state = PACKET_TAG_IPSEC_IN_DONE;
    // Out of tags: m has come in by no SA then, and policy says what that means.
    super.report(m, r);
  }

  #locate(m: Mbuf, cookie: number, id: number): MTag {
    return this.#tags.locate(this.#mbufs, m, cookie, id, NO_TAG);
  }
}
