// SPDX-License-Identifier: BSD-2-Clause
import { ENOBUFS } from '../../kern/errno.ts';
import { MTAG_PAYLOAD_BYTES, type MTag, type MTagPool, NO_TAG } from '../../kern/m_tag.ts';
import type { Mbuf, MbufPool } from '../../kern/mbuf.ts';
import { CarrierInPlace } from '../../netipsec/carrier_in_place.ts';
import {
  MTAG_COOKIE_IPSEC,
  NO_REQUEST,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  REQUEST_WORDS,
} from '../../netipsec/pact.ts';
import { putRequest } from '../../netipsec/request_words.ts';

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
  /** Of a report, from the one tag into the other. */
  readonly #moved = new Uint32Array(REQUEST_WORDS);

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
    for (let i = 0; i < REQUEST_WORDS; i++) this.words[to + i] = this.words[from + i]!;
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

  override take(m: Mbuf): number {
    const link = this.#locate(m, MTAG_COOKIE_LINK, LINK_OUT);
    return link === NO_TAG ? super.take(m) : this.#tags.payload(link, MTAG_COOKIE_LINK);
  }

  override done(m: Mbuf, at: number): void {
    const t = this.#tags.tagAt(at);
    if (this.#tags.cookie(t) !== MTAG_COOKIE_LINK) super.done(m, at);
    else this.#tags.relabel(t, MTAG_COOKIE_LINK, LINK_OUT_DONE);
  }

  override report(m: Mbuf, state: number, r: OffloadRequest): number {
    if (state !== PACKET_TAG_IPSEC_IN_CRYPTO_DONE) return super.report(m, state, r);
    const tags = this.#tags;
    const link = tags.alloc(MTAG_COOKIE_LINK, LINK_IN, MTAG_PAYLOAD_BYTES, true);
    if (link === NO_TAG) return ENOBUFS;
    putRequest(this.words, tags.payload(link, MTAG_COOKIE_LINK), r);
    tags.prepend(this.#mbufs, m, link);
    return 0;
  }

  override read(m: Mbuf): number {
    const link = this.#locate(m, MTAG_COOKIE_LINK, LINK_IN);
    return link === NO_TAG ? NO_REQUEST : this.#tags.payload(link, MTAG_COOKIE_LINK);
  }

  override accept(m: Mbuf, at: number): void {
    const tags = this.#tags;
    const moved = this.#moved;
    for (let i = 0; i < REQUEST_WORDS; i++) moved[i] = this.words[at + i]!;
    tags.delete(this.#mbufs, m, tags.tagAt(at));
    const t = tags.alloc(MTAG_COOKIE_IPSEC, PACKET_TAG_IPSEC_IN_DONE, MTAG_PAYLOAD_BYTES, true);
    // Out of tags: m has come in by no SA then, and policy says what that means.
    if (t === NO_TAG) return;
    const to = tags.payload(t, MTAG_COOKIE_IPSEC);
    for (let i = 0; i < REQUEST_WORDS; i++) this.words[to + i] = moved[i]!;
    tags.prepend(this.#mbufs, m, t);
  }

  #locate(m: Mbuf, cookie: number, id: number): MTag {
    return this.#tags.locate(this.#mbufs, m, cookie, id, NO_TAG);
  }
}
