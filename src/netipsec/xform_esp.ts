// SPDX-License-Identifier: BSD-2-Clause
import { ESP_HDR_LEN, ESP_SEQ, ESP_SPI, ESP_TRAILER_LEN, espSeq } from '../header/esp.ts';
import { IPPROTO_ESP, IPPROTO_IPIP, IPPROTO_UDP } from '../header/ip.ts';
import { ipSetLen } from '../header/ip_len.ts';
import { IPPROTO_IPV6, IPPROTO_NONE } from '../header/ip6.ts';
import { UDP_HDR_LEN } from '../header/udp.ts';
import { EACCES, EINVAL, ENOBUFS } from '../kern/errno.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import { ESN_HIGH, IV_IS_SEQ, ONE_NUMBERER, REPLAY_AFTER_CARD } from '../kern/turn_rules.ts';
import type { Inet } from '../netinet/inet.ts';
import { finishHeader, fixedHeaderLen, headersBefore, moveHeaders } from './ip_headers.ts';
import {
  ESP_BAD_ICV,
  ESP_BAD_INNER,
  ESP_BAD_LENGTH,
  ESP_BAD_NEXT,
  ESP_BAD_PAD,
  ESP_DUMMY,
  ESP_ECN_DROP,
  ESP_IN,
  ESP_IN_OK,
  ESP_NO_ROOM,
  ESP_NO_SA,
  ESP_OUT,
  ESP_REPLAY,
  ESP_RUNT,
  ESP_SEQ_EXHAUSTED,
  IPSEC_BAD_PACKET,
} from './ipsec_counters.ts';
import { putUdpEncap, sumUdpEncap } from './natt.ts';
import { type OffloadRequest, REQ_CARD_SA, REQ_ESP, REQ_PACKET } from './pact.ts';
import type { Sa } from './sa.ts';
import { tfcPadding } from './tfc.ts';
import { putOuterHeader, TUNNEL_LEFT, TUNNEL_NO_PACKET, takeOuterHeader } from './tunnel_header.ts';
import {
  describeRequest,
  INSIDE_NOTHING,
  INSIDE_PACKET,
  INSIDE_PAYLOAD,
  type Xform,
} from './xform.ts';

/**
 * ESP, RFC 4303.
 *
 * IP is either version, also one inside the other. In transport mode an IPv6 packet's hop-by-hop
 * options and routing header stay in front of ESP (§3.1.1).
 *
 *     transport:  IP [options] | SPI seq IV | payload                | 1 2 3 … padLen next | ICV
 *     tunnel:     outer IP     | SPI seq IV | inner IP [opt] payload | 1 2 3 … padLen next | ICV
 *                                            '--------------- encrypted ----------------'
 */
export class XformEsp implements Xform {
  readonly name = 'esp';
  readonly proto = IPPROTO_ESP;
  readonly headerLen = ESP_HDR_LEN;
  readonly spiOff = ESP_SPI;
  readonly counts = { arrived: ESP_IN, accepted: ESP_IN_OK, noSa: ESP_NO_SA, runt: ESP_RUNT };
  readonly #mbufs: MbufPool;
  readonly #n: Float64Array;
  readonly #inet: Inet;
  readonly #takeBack: (sa: Sa) => void;

  /** takeBack: out of its card into software, SaOffloads.takeBack(). */
  constructor(inet: Inet, takeBack: (sa: Sa) => void) {
    this.#inet = inet;
    this.#takeBack = takeBack;
    this.#mbufs = inet.pool;
    this.#n = inet.counters.n;
  }

  lengthAfter(sa: Sa, tunnel: boolean, ipLen: number, ipHeaderLen: number): number {
    const s = sa.session;
    const payloadLen = tunnel ? ipLen : ipLen - ipHeaderLen;
    const header = tunnel ? fixedHeaderLen(sa.family) : ipHeaderLen;
    const textLen = payloadLen + padLength(payloadLen, s.blockBytes) + ESP_TRAILER_LEN;
    const udp = sa.natt === null ? 0 : UDP_HDR_LEN;
    return header + udp + ESP_HDR_LEN + s.ivBytes + textLen + s.icvBytes;
  }

  encapsulate(m: Mbuf, sa: Sa, tunnel: boolean, r: OffloadRequest): number {
    // RFC 4303 §3.3.3: "the sender … MUST NOT send a packet on an SA if doing so would cause the
    // sequence number to cycle".
    if (sa.seq >= sa.seqLimit) return this.#fail(ESP_SEQ_EXHAUSTED, EACCES);
    const { ivBytes, icvBytes, blockBytes } = sa.session;
    const mb = this.#mbufs;
    const { view } = mb;
    const ihl = tunnel ? 0 : headersBefore(view, mb.off[m]!, mb.len[m]!);
    // RFC 4303 §3.3.4: transport mode is for whole datagrams.
    if (ihl < 0) return this.#fail(IPSEC_BAD_PACKET, EINVAL);
    const payloadLen = mb.len[m]! - ihl;
    const tfcLen = tunnel && sa.tfcPadBytes > 0 ? tfcPadding(this.#inet, m, sa, payloadLen) : 0;
    const padLen = padLength(payloadLen + tfcLen, blockBytes);
    const trailerLen = tfcLen + padLen + ESP_TRAILER_LEN + icvBytes;
    const espHeaderLen = ESP_HDR_LEN + ivBytes;
    if (sa.inPacket && (r[REQ_CARD_SA]! | 0) >= 0) {
      return this.#leaveToCard(m, sa, tunnel, ihl, tfcLen, espHeaderLen + trailerLen - tfcLen, r);
    }
    const { natt } = sa;
    const udpLen = natt === null ? 0 : UDP_HDR_LEN;
    const ipHeaderLen = tunnel ? fixedHeaderLen(sa.family) : ihl;
    const espOffset = ipHeaderLen + udpLen;
    const headerLen = espOffset + espHeaderLen - ihl;
    if (!mb.append(m, trailerLen)) return this.#fail(ESP_NO_ROOM, ENOBUFS);
    if (!mb.prepend(m, headerLen)) {
      mb.adj(m, -trailerLen);
      return this.#fail(ESP_NO_ROOM, ENOBUFS);
    }
    const { on } = mb.rules;
    // Without the rules: what card and software would count, each for itself.
    const own = ((r[REQ_CARD_SA]! | 0) >= 0 ? sa.hwPackets : sa.swPackets) + 1;
    const seq = on[ONE_NUMBERER] === 1 ? ++sa.seq : own;
    const seqHi = Math.floor(seq / 0x1_0000_0000);
    const proto = natt === null ? IPPROTO_ESP : IPPROTO_UDP;
    const next = tunnel
      ? putOuterHeader(this.#inet, m, sa, headerLen, proto)
      : moveHeaders(mb, m, headerLen, ihl, proto);
    if (natt !== null) {
      putUdpEncap(view, mb.off[m]! + ipHeaderLen, natt, mb.len[m]! - ipHeaderLen);
      natt.sentCycle = this.#inet.clock.cycle;
    }
    this.#putHeader(mb.off[m]! + espOffset, sa, seq, on[IV_IS_SEQ] === 1 ? seq : own);
    const trailer = mb.off[m]! + mb.len[m]! - trailerLen;
    if (tfcLen > 0) mb.data.fill(0, trailer, trailer + tfcLen);
    this.#putTrailer(trailer + tfcLen, padLen, next, icvBytes);
    describeRequest(r, sa, espOffset, trailerLen, sa.esn && on[ESN_HIGH] === 1 ? seqHi : 0);
    this.#n[ESP_OUT]!++;
    return 0;
  }

  /**
   * Packet offload: headers alone, which say ESP and the length that the packet will have; the card adds
   * so many bytes. The SA's counter moves too: the card can have given no number beyond it.
   */
  #leaveToCard(
    m: Mbuf,
    sa: Sa,
    tunnel: boolean,
    ihl: number,
    tfcLen: number,
    addedLen: number,
    r: OffloadRequest,
  ): number {
    const mb = this.#mbufs;
    if (tfcLen > 0) {
      if (!mb.append(m, tfcLen)) return this.#fail(ESP_NO_ROOM, ENOBUFS);
      const end = mb.off[m]! + mb.len[m]!;
      mb.data.fill(0, end - tfcLen, end);
    }
    const headerLen = tunnel ? fixedHeaderLen(sa.family) : ihl;
    if (tunnel && !mb.prepend(m, headerLen)) return this.#fail(ESP_NO_ROOM, ENOBUFS);
    const next = tunnel
      ? putOuterHeader(this.#inet, m, sa, headerLen, IPPROTO_ESP)
      : moveHeaders(mb, m, 0, ihl, IPPROTO_ESP);
    ipSetLen(mb.view, mb.off[m]!, mb.len[m]! + addedLen);
    sa.seq++;
    describeRequest(r, sa, headerLen, 0, 0);
    r[REQ_ESP] = headerLen | REQ_PACKET | (next << 16);
    this.#n[ESP_OUT]!++;
    return 0;
  }

  sealWhole(m: Mbuf, sa: Sa, ipOffset: number, espOffset: number, next: number): number {
    if (sa.seq >= sa.seqLimit) return this.#fail(ESP_SEQ_EXHAUSTED, EACCES);
    const { ivBytes, icvBytes, blockBytes } = sa.session;
    const mb = this.#mbufs;
    const inFront = ipOffset + espOffset;
    const padLen = padLength(mb.len[m]! - inFront, blockBytes);
    const trailerLen = padLen + ESP_TRAILER_LEN + icvBytes;
    const espHeaderLen = ESP_HDR_LEN + ivBytes;
    if (!mb.append(m, trailerLen)) return this.#fail(ESP_NO_ROOM, ENOBUFS);
    if (!mb.prepend(m, espHeaderLen)) return this.#fail(ESP_NO_ROOM, ENOBUFS);
    const at = mb.off[m]!;
    mb.data.copyWithin(at, at + espHeaderLen, at + espHeaderLen + inFront);
    const seq = ++sa.seq;
    this.#putHeader(at + inFront, sa, seq, seq);
    this.#putTrailer(at + mb.len[m]! - trailerLen, padLen, next, icvBytes);
    const seqHi = sa.esn ? Math.floor(seq / 0x1_0000_0000) : 0;
    this.seal(m, sa, ipOffset, espOffset, seqHi);
    return 0;
  }

  #putHeader(esp: number, sa: Sa, seq: number, iv: number): void {
    const { data, view } = this.#mbufs;
    view.setUint32(esp + ESP_SPI, sa.spi);
    view.setUint32(esp + ESP_SEQ, seq >>> 0);
    sa.session.writeIv(data, esp + ESP_HDR_LEN, Math.floor(iv / 0x1_0000_0000), iv >>> 0);
  }

  seal(m: Mbuf, sa: Sa, ipOffset: number, espOffset: number, seqHi: number): void {
    const mb = this.#mbufs;
    const { ivBytes, icvBytes } = sa.session;
    const esp = ipOffset + espOffset;
    const textLen = mb.len[m]! - esp - ESP_HDR_LEN - ivBytes - icvBytes;
    sa.session.seal(mb.data, mb.off[m]! + esp, textLen, seqHi);
    if (sa.natt === null || sa.family === 4) return;
    const udp = esp - UDP_HDR_LEN;
    sumUdpEncap(mb.view, mb.off[m]! + ipOffset, mb.off[m]! + udp, mb.len[m]! - udp);
  }

  input(m: Mbuf, sa: Sa, ihl: number, decrypted: boolean, cardSeqHi: number): number {
    const mb = this.#mbufs;
    const { ivBytes, icvBytes, blockBytes } = sa.session;
    const textLen = mb.len[m]! - ihl - ESP_HDR_LEN - ivBytes - icvBytes;
    if (textLen < ESP_TRAILER_LEN) return this.#refuse(ESP_RUNT);
    if (textLen % blockBytes !== 0) return this.#refuse(ESP_BAD_LENGTH);

    const esp = mb.off[m]! + ihl;
    const seqLo = espSeq(mb.view, esp);
    // What the card authenticated counts, not what would be guessed here.
    const seqHi = !sa.esn ? 0 : decrypted ? cardSeqHi : sa.replay.high(seqLo);
    const seq = seqHi * 0x1_0000_0000 + seqLo;
    const watched = !decrypted || mb.rules.on[REPLAY_AFTER_CARD] === 1;
    // A card under packet offload let it pass (a fragment, mostly), but has the window. Only what is
    // authentic takes the SA out of it: a forger must not.
    const inCard = sa.inPacket && !decrypted;
    if (watched && !inCard && (seqHi < 0 || !sa.replay.check(seq))) return this.#replayed(sa);
    if (!decrypted && !sa.session.open(mb.data, esp, textLen, seqHi)) {
      sa.authFailed++;
      return this.#refuse(ESP_BAD_ICV);
    }
    if (inCard) this.#takeBack(sa);
    if (inCard && !sa.replay.check(seq)) return this.#replayed(sa);
    // RFC 4303 §3.4.3: the window moves only once the integrity is verified.
    if (watched) sa.replay.update(seq);
    return this.#strip(m, sa, ihl, ESP_HDR_LEN + ivBytes, textLen);
  }

  /** Takes header, padding, trailer and ICV away, and gives the packet its IP header back. */
  #strip(m: Mbuf, sa: Sa, ihl: number, espHeaderLen: number, textLen: number): number {
    const mb = this.#mbufs;
    const { data } = mb;
    const text = mb.off[m]! + ihl + espHeaderLen;
    const padLen = data[text + textLen - 2]!;
    const next = data[text + textLen - 1]!;
    const payloadLen = textLen - ESP_TRAILER_LEN - padLen;
    if (payloadLen < 0) return this.#refuse(ESP_BAD_PAD);
    // RFC 4303 §2.4: "the receiver SHOULD inspect the Padding field".
    for (let i = 0; i < padLen; i++) {
      if (data[text + payloadLen + i] !== ((i + 1) & 0xff)) return this.#refuse(ESP_BAD_PAD);
    }
    mb.adj(m, payloadLen - textLen - sa.session.icvBytes);
    return this.#leave(m, sa, ihl, espHeaderLen, next);
  }

  inputWhole(m: Mbuf, sa: Sa, ihl: number, next: number): number {
    return this.#leave(m, sa, ihl, 0, next);
  }

  /** What was protected, without the header and what it had behind it. */
  #leave(m: Mbuf, sa: Sa, ihl: number, espHeaderLen: number, next: number): number {
    const mb = this.#mbufs;
    if (next === IPPROTO_NONE) return this.#refuse(ESP_DUMMY);
    const isPacket = next === IPPROTO_IPIP || next === IPPROTO_IPV6;
    if (sa.mode === 'tunnel' || (sa.mode === 'any' && isPacket)) {
      if (!isPacket) return this.#refuse(ESP_BAD_NEXT);
      const left = takeOuterHeader(mb, m, ihl + espHeaderLen, next);
      if (left === TUNNEL_LEFT) return INSIDE_PACKET;
      return this.#refuse(left === TUNNEL_NO_PACKET ? ESP_BAD_INNER : ESP_ECN_DROP);
    }
    const at = mb.off[m]!;
    mb.data.copyWithin(at + espHeaderLen, at, at + ihl);
    mb.adj(m, espHeaderLen);
    finishHeader(mb.view, mb.off[m]!, ihl, mb.len[m]!, next);
    return INSIDE_PAYLOAD;
  }

  /** RFC 4303 §2.4: padding 1, 2, 3 …; the ICV's place is cleared, it held another packet. */
  #putTrailer(at: number, padLen: number, next: number, icvBytes: number): void {
    const { data } = this.#mbufs;
    for (let i = 0; i < padLen; i++) data[at + i] = i + 1;
    data[at + padLen] = padLen;
    data[at + padLen + 1] = next;
    const icv = at + padLen + ESP_TRAILER_LEN;
    for (let i = 0; i < icvBytes; i++) data[icv + i] = 0;
  }

  #replayed(sa: Sa): number {
    sa.replayed++;
    return this.#refuse(ESP_REPLAY);
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

/** Bytes of padding, so that payload, padding, pad length and next header fill whole blocks. */
function padLength(payloadLen: number, blockBytes: number): number {
  const over = (payloadLen + ESP_TRAILER_LEN) % blockBytes;
  return over === 0 ? 0 : blockBytes - over;
}
