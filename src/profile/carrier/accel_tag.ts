// SPDX-License-Identifier: BSD-2-Clause
import { ENOBUFS } from '../../kern/errno.ts';
import { MTAG_PAYLOAD_BYTES, type MTag, type MTagPool, NO_TAG } from '../../kern/m_tag.ts';
import type { Mbuf, MbufPool } from '../../kern/mbuf.ts';
import { CarrierInPlace } from '../../netipsec/carrier_in_place.ts';
import {
  NO_REQUEST,
  type OffloadRequest,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
  REQ_CARD_SA,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_PROTO,
  REQ_SA_HANDLE,
  REQUEST_WORDS,
} from '../../netipsec/pact.ts';
import { putRequest } from '../../netipsec/request_words.ts';

/** FreeBSD's MTAG_ABI_COMPAT, under which PACKET_TAG_IPSEC_ACCEL_OUT lives; its number is ours. */
export const MTAG_ABI_COMPAT = 0;
export const PACKET_TAG_IPSEC_ACCEL_OUT = 14;
/** The same once a descriptor has it; FreeBSD's drivers leave the tag as it was. */
const ACCEL_OUT_POSTED = 12;

/** drv_spi lies in what a request's REQ_PROTO leaves free. */
const DRV_SPI_SHIFT = 16;
/** drv_spi of a packet that policy lets pass in clear, and of the first SA. */
const DRV_SPI_BYPASS = 2;
const DRV_SPI_MIN = 3;
const DRV_SPI_MAX = 0xffff;

/**
 * FreeBSD's ipsec_accel: beside OUT_DONE a second tag goes to the driver, also with packets that
 * policy lets pass. It holds 16 bits that name the SA, and no reference to it: the driver finds the
 * SA by them. FreeBSD asks for 56 bytes where 26 would do, which comes to the 64 that ours take; the
 * bytes it leaves unused hold where ESP lies in the packet, which its cards find out themselves.
 * Received packets carry one tag, whose front part passes for IN_DONE: as in place.
 */
export class CarrierAccelTag extends CarrierInPlace {
  override readonly name = 'accel-tag';
  readonly #mbufs: MbufPool;
  readonly #tags: MTagPool;
  /** By drv_spi: the SA that it names now, packed as a request. */
  readonly #sas = new Uint32Array((DRV_SPI_MAX + 1) * REQUEST_WORDS);

  constructor(mbufs: MbufPool) {
    super(mbufs);
    this.#mbufs = mbufs;
    this.#tags = mbufs.tags;
  }

  override request(m: Mbuf, state: number, r: OffloadRequest): number {
    if (state !== PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED) return super.request(m, state, r);
    const drvSpi = this.#drvSpi(r);
    if (drvSpi > DRV_SPI_MAX) return ENOBUFS;
    const error = super.request(m, PACKET_TAG_IPSEC_OUT_DONE, r);
    return error === 0 ? this.#hang(m, drvSpi, r) : error;
  }

  bypass(m: Mbuf): number {
    return this.#hang(m, DRV_SPI_BYPASS, null);
  }

  /** ipsec_accel_drv_sa_lookup_tag: what the SA says is copied from the SA, anew for who asks. */
  override take(m: Mbuf): number {
    const t = this.#locate(m);
    if (t === NO_TAG) return NO_REQUEST;
    const { words } = this;
    const p = this.#tags.payload(t, MTAG_ABI_COMPAT);
    const drvSpi = words[p + REQ_PROTO]! >>> DRV_SPI_SHIFT;
    if (drvSpi === DRV_SPI_BYPASS) return NO_REQUEST;
    // Whoever has the number now: it may not be who had it when the packet was made.
    const sa = drvSpi * REQUEST_WORDS;
    const ofPacket = words[p + REQ_ESP]!;
    const esnHi = words[p + REQ_ESN_HI]!;
    for (let i = 0; i < REQUEST_WORDS; i++) words[p + i] = this.#sas[sa + i]!;
    words[p + REQ_PROTO]! |= drvSpi << DRV_SPI_SHIFT;
    words[p + REQ_ESP] = ofPacket;
    words[p + REQ_ESN_HI] = esnHi;
    return p;
  }

  override done(_m: Mbuf, at: number): void {
    this.#tags.relabel(this.#tags.tagAt(at), MTAG_ABI_COMPAT, ACCEL_OUT_POSTED);
  }

  #locate(m: Mbuf): MTag {
    return this.#tags.locate(this.#mbufs, m, MTAG_ABI_COMPAT, PACKET_TAG_IPSEC_ACCEL_OUT, NO_TAG);
  }

  #hang(m: Mbuf, drvSpi: number, r: OffloadRequest | null): number {
    const tags = this.#tags;
    const t = tags.alloc(MTAG_ABI_COMPAT, PACKET_TAG_IPSEC_ACCEL_OUT, MTAG_PAYLOAD_BYTES);
    if (t === NO_TAG) return ENOBUFS;
    const p = tags.payload(t, MTAG_ABI_COMPAT);
    this.words[p + REQ_PROTO] = drvSpi << DRV_SPI_SHIFT;
    this.words[p + REQ_ESP] = r === null ? 0 : r[REQ_ESP]!;
    this.words[p + REQ_ESN_HI] = r === null ? 0 : r[REQ_ESN_HI]!;
    tags.prepend(this.#mbufs, m, t);
    return 0;
  }

  /** The SA's number: its slot's, so that who gets the slot next gets the number too. */
  #drvSpi(r: OffloadRequest): number {
    const drvSpi = DRV_SPI_MIN + r[REQ_SA_HANDLE]!;
    const p = drvSpi * REQUEST_WORDS;
    const w = this.#sas;
    const isKnown =
      w[p + REQ_GENERATION] === r[REQ_GENERATION] &&
      w[p + REQ_CARD_SA] === r[REQ_CARD_SA] &&
      w[p + REQ_IF_INDEX] === r[REQ_IF_INDEX];
    if (!isKnown && drvSpi <= DRV_SPI_MAX) putRequest(w, p, r);
    return drvSpi;
  }
}
