// SPDX-License-Identifier: BSD-2-Clause
import { ENOBUFS } from '../../kern/errno.ts';
import { MTAG_PAYLOAD_BYTES, type MTag, type MTagPool, NO_TAG } from '../../kern/m_tag.ts';
import type { Mbuf, MbufPool } from '../../kern/mbuf.ts';
import { CarrierInPlace } from '../../netipsec/carrier_in_place.ts';
import {
  type OffloadRequest,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
} from '../../netipsec/pact.ts';
import { packRequest, REQUEST_WORDS, unpackRequest } from '../../netipsec/request_words.ts';

/** FreeBSD's MTAG_ABI_COMPAT, under which PACKET_TAG_IPSEC_ACCEL_OUT lives; its number is ours. */
export const MTAG_ABI_COMPAT = 0;
export const PACKET_TAG_IPSEC_ACCEL_OUT = 14;
/** The same once a descriptor has it; FreeBSD's drivers leave the tag as it was. */
const ACCEL_OUT_POSTED = 12;

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

  override request(m: Mbuf, r: OffloadRequest): number {
    const { state } = r;
    if (state !== PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED) return super.request(m, r);
    const drvSpi = this.#drvSpi(r);
    if (drvSpi > DRV_SPI_MAX) return ENOBUFS;
    r.state = PACKET_TAG_IPSEC_OUT_DONE;
    const error = super.request(m, r);
    r.state = state;
    return error === 0 ? this.#hang(m, drvSpi, r) : error;
  }

  bypass(m: Mbuf): number {
    return this.#hang(m, DRV_SPI_BYPASS, null);
  }

  override take(m: Mbuf, r: OffloadRequest): boolean {
    if (this.#mbufs.firstTag[m] === NO_TAG) return false;
    const t = this.#locate(m);
    if (t === NO_TAG) return false;
    const { words } = this.#tags;
    const p = this.#tags.payload(t, MTAG_ABI_COMPAT);
    const drvSpi = words[p]!;
    if (drvSpi === DRV_SPI_BYPASS) return false;
    // Whoever has the number now: it may not be who had it when the packet was made.
    unpackRequest(this.#sas, drvSpi * REQUEST_WORDS, r);
    r.state = PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED;
    r.espOffset = words[p + 1]! & 0xffff;
    r.trailerLen = words[p + 1]! >>> 16;
    r.esnHi = words[p + 2]!;
    return true;
  }

  override done(m: Mbuf): void {
    const t = this.#locate(m);
    if (t === NO_TAG) throw new Error(`mbuf ${m} carries no tag for its driver`);
    this.#tags.relabel(t, MTAG_ABI_COMPAT, ACCEL_OUT_POSTED);
  }

  #locate(m: Mbuf): MTag {
    return this.#tags.locate(this.#mbufs, m, MTAG_ABI_COMPAT, PACKET_TAG_IPSEC_ACCEL_OUT, NO_TAG);
  }

  #hang(m: Mbuf, drvSpi: number, r: OffloadRequest | null): number {
    const tags = this.#tags;
    const t = tags.alloc(MTAG_ABI_COMPAT, PACKET_TAG_IPSEC_ACCEL_OUT, MTAG_PAYLOAD_BYTES);
    if (t === NO_TAG) return ENOBUFS;
    const p = tags.payload(t, MTAG_ABI_COMPAT);
    tags.words[p] = drvSpi;
    tags.words[p + 1] = r === null ? 0 : (r.espOffset & 0xffff) | (r.trailerLen << 16);
    tags.words[p + 2] = r === null ? 0 : r.esnHi;
    tags.prepend(this.#mbufs, m, t);
    return 0;
  }

  /** The SA's number: its slot's, so that who gets the slot next gets the number too. */
  #drvSpi(r: OffloadRequest): number {
    const drvSpi = DRV_SPI_MIN + r.saHandle;
    const p = drvSpi * REQUEST_WORDS;
    const w = this.#sas;
    const isKnown = w[p + 3] === r.generation && w[p + 7] === r.cardSa && w[p + 4] === r.ifIndex;
    if (!isKnown && drvSpi <= DRV_SPI_MAX) packRequest(w, p, r);
    return drvSpi;
  }
}
