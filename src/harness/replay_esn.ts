// SPDX-License-Identifier: BSD-2-Clause
import { AH_HDR_LEN, ahSeq } from '../header/ah.ts';
import { ESP_HDR_LEN, espSeq } from '../header/esp.ts';
import { IPPROTO_AH } from '../header/ip.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import { zeroMutable } from '../netipsec/ah_image.ts';
import type { Sa } from '../netipsec/sa.ts';

/** High halves tried to find where an SA is; what the capture left out cannot be known. */
const HIGH_MAX = 16384;
const PACKETS_TRIED = 4;

/**
 * An SA with extended sequence numbers may be anywhere when the capture begins, and the high half is
 * not sent: it is the one that the first packets' ICV is right with (RFC 4303 §A3).
 */
export class ReplayEsn {
  readonly #pool: MbufPool;
  readonly #tries = new Map<Sa, number>();

  constructor(pool: MbufPool) {
    this.#pool = pool;
  }

  /**
   * Before the first packets of an SA; m is at its IP header, headersLen before ESP. True: with this
   * packet it became known where the SA is.
   */
  find(m: Mbuf, sa: Sa, headersLen: number): boolean {
    if (!sa.esn || sa.replay.top !== 0) return false;
    const tries = this.#tries.get(sa) ?? 0;
    if (tries === PACKETS_TRIED) return false;
    this.#tries.set(sa, tries + 1);
    const isAh = sa.proto === IPPROTO_AH;
    const hi = isAh ? this.#highOfAh(m, sa, headersLen) : this.#highOfEsp(m, sa, headersLen);
    if (hi <= 0) return hi === 0;
    const at = this.#pool.off[m]! + headersLen;
    const seqLo = isAh ? ahSeq(this.#pool.view, at) : espSeq(this.#pool.view, at);
    sa.replay.top = hi * 0x1_0000_0000 + seqLo - 1;
    return true;
  }

  /** -1: with none of them. */
  #highOfEsp(m: Mbuf, sa: Sa, headersLen: number): number {
    const { ivBytes, icvBytes, blockBytes } = sa.session;
    const packet = this.#copy(m);
    const textLen = packet.length - headersLen - ESP_HDR_LEN - ivBytes - icvBytes;
    if (textLen < 2 || textLen % blockBytes !== 0) return -1;
    for (let hi = 0; hi < HIGH_MAX; hi++) {
      if (sa.session.open(packet, headersLen, textLen, hi)) return hi;
    }
    return -1;
  }

  #highOfAh(m: Mbuf, sa: Sa, headersLen: number): number {
    const packet = this.#copy(m);
    const icv = headersLen + AH_HDR_LEN;
    const image = packet.slice();
    if (icv + sa.ah!.icvBytes > packet.length || !zeroMutable(image, headersLen)) return -1;
    image.fill(0, icv, icv + sa.ah!.icvBytes);
    for (let hi = 0; hi < HIGH_MAX; hi++) {
      if (sa.ah!.isRight(image, image.length, packet, icv, hi)) return hi;
    }
    return -1;
  }

  #copy(m: Mbuf): Uint8Array {
    const pool = this.#pool;
    return pool.data.slice(pool.off[m]!, pool.off[m]! + pool.len[m]!);
  }
}
