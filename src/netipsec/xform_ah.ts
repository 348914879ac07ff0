// SPDX-License-Identifier: BSD-2-Clause
import { AH_HDR_LEN, AH_NXT, AH_SPI, ahLen, ahPut, ahSeq } from '../header/ah.ts';
import { ETHER_HDR_LEN } from '../header/ether.ts';
import { IP_MAXPACKET, IPPROTO_AH, IPPROTO_IPIP } from '../header/ip.ts';
import { IP6_HDR_LEN, IPPROTO_IPV6 } from '../header/ip6.ts';
import { EACCES, EINVAL, ENOBUFS } from '../kern/errno.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import type { Inet } from '../netinet/inet.ts';
import { zeroMutable } from './ah_image.ts';
import { finishHeader, fixedHeaderLen, headersBefore, moveHeaders } from './ip_headers.ts';
import {
  AH_BAD_HEADERS,
  AH_BAD_ICV,
  AH_BAD_INNER,
  AH_BAD_LENGTH,
  AH_BAD_NEXT,
  AH_ECN_DROP,
  AH_IN,
  AH_IN_OK,
  AH_NO_ROOM,
  AH_NO_SA,
  AH_OUT,
  AH_REPLAY,
  AH_RUNT,
  AH_SEQ_EXHAUSTED,
  IPSEC_BAD_PACKET,
} from './ipsec_counters.ts';
import type { OffloadRequest } from './pact.ts';
import type { Sa } from './sa.ts';
import { putOuterHeader, TUNNEL_LEFT, TUNNEL_NO_PACKET, takeOuterHeader } from './tunnel_header.ts';
import {
  describeRequest,
  INSIDE_NOTHING,
  INSIDE_PACKET,
  INSIDE_PAYLOAD,
  type Xform,
} from './xform.ts';

/**
 * AH, RFC 4302. All of the packet is authenticated but what may change on its way; no card does it.
 *
 *     transport:  IP [options] | AH ICV | payload
 *     tunnel:     outer IP     | AH ICV | inner IP [options] payload
 */
export class XformAh implements Xform {
  readonly name = 'ah';
  readonly proto = IPPROTO_AH;
  readonly headerLen = AH_HDR_LEN;
  readonly spiOff = AH_SPI;
  readonly counts = { arrived: AH_IN, accepted: AH_IN_OK, noSa: AH_NO_SA, runt: AH_RUNT };
  readonly #mbufs: MbufPool;
  readonly #n: Float64Array;
  readonly #inet: Inet;
  /** The packet as its ICV sees it. */
  readonly #image = new Uint8Array(IP6_HDR_LEN + IP_MAXPACKET);

  constructor(inet: Inet) {
    this.#inet = inet;
    this.#mbufs = inet.pool;
    this.#n = inet.counters.n;
  }

  lengthAfter(sa: Sa, tunnel: boolean, ipLen: number, _ipHeaderLen: number): number {
    return ipLen + headerLenOf(sa) + (tunnel ? fixedHeaderLen(sa.family) : 0);
  }

  encapsulate(m: Mbuf, sa: Sa, tunnel: boolean, r: OffloadRequest): number {
    // RFC 4302 §3.3.2: nor may AH's sequence number cycle.
    if (sa.seq >= sa.seqLimit) return this.#fail(AH_SEQ_EXHAUSTED, EACCES);
    const mb = this.#mbufs;
    const headersLen = tunnel ? 0 : headersBefore(mb.view, mb.off[m]!, mb.len[m]!);
    // RFC 4302 §3.3.4: transport mode is for whole datagrams.
    if (headersLen < 0) return this.#fail(IPSEC_BAD_PACKET, EINVAL);
    if (!tunnel) {
      this.#image.set(mb.data.subarray(mb.off[m]!, mb.off[m]! + headersLen));
      if (!zeroMutable(this.#image, headersLen)) return this.#fail(AH_BAD_HEADERS, EINVAL);
    }
    const lenBytes = headerLenOf(sa);
    const ahOffset = tunnel ? fixedHeaderLen(sa.family) : headersLen;
    const room = tunnel ? ahOffset + lenBytes : lenBytes;
    mb.makeHeadroom(m, room + ETHER_HDR_LEN);
    if (!mb.prepend(m, room)) return this.#fail(AH_NO_ROOM, ENOBUFS);
    const seq = ++sa.seq;
    const seqLo = seq >>> 0;
    const seqHi = Math.floor(seq / 0x1_0000_0000);
    const next = tunnel
      ? putOuterHeader(this.#inet, m, sa, ahOffset + lenBytes, IPPROTO_AH)
      : moveHeaders(mb, m, lenBytes, headersLen, IPPROTO_AH);
    const ah = mb.off[m]! + ahOffset;
    ahPut(mb.view, ah, next, lenBytes, sa.spi, seqLo);
    mb.data.fill(0, ah + AH_HDR_LEN, ah + lenBytes);
    sa.ah!.writeIv(mb.data, ah + AH_HDR_LEN, seqHi, seqLo);
    describeRequest(r, sa, ahOffset, 0, sa.esn ? seqHi : 0);
    this.#n[AH_OUT]!++;
    return 0;
  }

  seal(m: Mbuf, sa: Sa, ipOffset: number, ahOffset: number, seqHi: number): void {
    const mb = this.#mbufs;
    const at = mb.off[m]! + ipOffset;
    const lenBytes = mb.len[m]! - ipOffset;
    this.#makeImage(at, lenBytes, ahOffset, sa);
    sa.ah!.seal(this.#image, lenBytes, mb.data, at + ahOffset + AH_HDR_LEN, seqHi);
  }

  input(m: Mbuf, sa: Sa, headersLen: number, _decrypted: boolean): number {
    const mb = this.#mbufs;
    const ah = mb.off[m]! + headersLen;
    const lenBytes = ahLen(mb.view, ah);
    // RFC 4302 §2.2: what follows IPv6 is a multiple of 8. More padding than we would send is right.
    const isWhole = sa.family === 4 || lenBytes % 8 === 0;
    const isLong = lenBytes >= AH_HDR_LEN + sa.ah!.icvBytes;
    if (!isWhole || !isLong || headersLen + lenBytes > mb.len[m]!) {
      return this.#refuse(AH_BAD_LENGTH);
    }
    const seqLo = ahSeq(mb.view, ah);
    const seqHi = sa.esn ? sa.replay.high(seqLo) : 0;
    const seq = seqHi * 0x1_0000_0000 + seqLo;
    if (seqHi < 0 || !sa.replay.check(seq)) {
      sa.replayed++;
      return this.#refuse(AH_REPLAY);
    }
    const packetLen = mb.len[m]!;
    if (!this.#makeImage(mb.off[m]!, packetLen, headersLen, sa)) {
      return this.#refuse(AH_BAD_HEADERS);
    }
    if (!sa.ah!.isRight(this.#image, packetLen, mb.data, ah + AH_HDR_LEN, seqHi)) {
      sa.authFailed++;
      return this.#refuse(AH_BAD_ICV);
    }
    // RFC 4302 §3.4.3: the window moves only once the integrity is verified.
    sa.replay.update(seq);
    return this.#strip(m, sa, headersLen, lenBytes);
  }

  /** Takes the header away, and gives the packet its IP header back. */
  #strip(m: Mbuf, sa: Sa, headersLen: number, lenBytes: number): number {
    const mb = this.#mbufs;
    const at = mb.off[m]!;
    const next = mb.data[at + headersLen + AH_NXT]!;
    const isPacket = next === IPPROTO_IPIP || next === IPPROTO_IPV6;
    if (sa.mode === 'tunnel' || (sa.mode === 'any' && isPacket)) {
      if (!isPacket) return this.#refuse(AH_BAD_NEXT);
      const left = takeOuterHeader(mb, m, headersLen + lenBytes, next);
      if (left === TUNNEL_LEFT) return INSIDE_PACKET;
      return this.#refuse(left === TUNNEL_NO_PACKET ? AH_BAD_INNER : AH_ECN_DROP);
    }
    mb.data.copyWithin(at + lenBytes, at, at + headersLen);
    mb.adj(m, lenBytes);
    finishHeader(mb.view, mb.off[m]!, headersLen, mb.len[m]!, next);
    return INSIDE_PAYLOAD;
  }

  /** RFC 4302 §3.3.3: zeros for the ICV field, and for what may change. False: headers are broken. */
  #makeImage(at: number, lenBytes: number, headersLen: number, sa: Sa): boolean {
    const image = this.#image;
    image.set(this.#mbufs.data.subarray(at, at + lenBytes));
    const icv = headersLen + AH_HDR_LEN;
    image.fill(0, icv, icv + sa.ah!.icvBytes);
    return zeroMutable(image, headersLen);
  }

  #refuse(counterIndex: number): number {
    this.#n[counterIndex]!++;
    return INSIDE_NOTHING;
  }

  #fail(counterIndex: number, errno: number): number {
    this.#n[counterIndex]!++;
    return errno;
  }
}

/** RFC 4302 §2.2: header and ICV, padded to 4 bytes behind IPv4 and to 8 behind IPv6. */
function headerLenOf(sa: Sa): number {
  const align = sa.family === 4 ? 3 : 7;
  return (AH_HDR_LEN + sa.ah!.icvBytes + align) & ~align;
}
