// SPDX-License-Identifier: BSD-2-Clause
import { IP_DST, ipVersion } from '../header/ip.ts';
import { ipAddrFromWords, sameWords } from '../header/ip_addr.ts';
import { IP6_DST } from '../header/ip6.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import { P_OPENED } from '../kern/preempt.ts';
import { KEEP_TILL_POLICY, REPORT_MATCH } from '../kern/turn_rules.ts';
import type { Inet } from '../netinet/inet.ts';
import { readIn6Addr } from './flow.ts';
import type { IpsecIf } from './if_ipsec.ts';
import { deliverEither, inputEither } from './ip_either.ts';
import {
  ESP_ENCAP_MISFIT,
  ESP_LARVAL,
  ESP_PEER_MOVED,
  ESP_REPORT_MISFIT,
  IPSEC_EXPIRED,
  IPSEC_NO_TAG,
  IPSEC_UNKNOWN_PROTO,
} from './ipsec_counters.ts';
import { mendChecksum } from './natt.ts';
import { type OffloadReasons, R_CARD_DID_NOT_DECRYPT } from './offload_reason.ts';
import {
  type Carrier,
  NO_REQUEST,
  newOffloadRequest,
  PACKET_TAG_IPSEC_IN_DONE,
  REQ_DST,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_PACKET,
  REQ_PROTO,
  REQ_SA_HANDLE,
  REQ_SPI,
} from './pact.ts';
import type { Sa } from './sa.ts';
import type { SaOffloads } from './sa_offload.ts';
import type { Sadb } from './sadb.ts';
import {
  describeRequest,
  INSIDE_NOTHING,
  INSIDE_PACKET,
  INSIDE_PAYLOAD,
  type XformTable,
} from './xform.ts';

const NO_PORT = -1;

export interface InputParts {
  readonly inet: Inet;
  readonly sadb: Sadb;
  readonly offloads: SaOffloads;
  readonly reasons: OffloadReasons;
  readonly carrier: Carrier;
  readonly xforms: XformTable;
  /** Route-based ones, by reqid. */
  readonly interfaces: ReadonlyMap<number, IpsecIf>;
  /** null: IP. */
  readonly inside: InsideHandler | null;
}

/**
 * Gets what one ESP or AH held, at its IP header, and owns it: a packet that came through a tunnel, or
 * the packet itself without that header.
 */
export type InsideHandler = (m: Mbuf, throughTunnel: boolean) => void;

/** The way in: a card's report or the crypto, the replay check, and back into IP. */
export class IpsecInput {
  readonly #p: InputParts;
  readonly #mbufs: MbufPool;
  readonly #n: Float64Array;
  readonly #request = newOffloadRequest();
  readonly #dst = new Uint32Array(4);

  constructor(parts: InputParts) {
    this.#p = parts;
    this.#mbufs = parts.inet.pool;
    this.#n = parts.inet.counters.n;
  }

  /**
   * IpsecMethods.input: m at its IP header, and no longer than that says; it came in UDP from port
   * udpSport, or not (NO_PORT). Owns m.
   */
  input(m: Mbuf, ipHeaderLen: number, proto: number, udpSport = NO_PORT): void {
    const { carrier, inet, sadb, xforms } = this.#p;
    const mbufs = this.#mbufs;
    const xform = xforms[proto];
    if (xform === undefined) {
      this.#drop(m, IPSEC_UNKNOWN_PROTO);
      return;
    }
    const { counts } = xform;
    this.#n[counts.arrived]!++;
    const report = carrier.read(m);
    const reported = report !== NO_REQUEST;
    const asked = reported ? carrier.words[report + REQ_ESP]! : 0;
    // Packet offload: the protocol's header is gone already.
    const isWhole = (asked & REQ_PACKET) !== 0 && xform.inputWhole !== undefined;
    if (!isWhole && mbufs.len[m]! < ipHeaderLen + xform.headerLen) {
      this.#drop(m, counts.runt);
      return;
    }
    const family = this.#readDst(m);
    const spi = isWhole
      ? carrier.words[report + REQ_SPI]!
      : mbufs.view.getUint32(mbufs.off[m]! + ipHeaderLen + xform.spiOff);
    const sa = sadb.lookup(family, this.#dst, spi, proto);
    // A report that fits no SA of ours: the payload is in clear, and whose it was nobody knows.
    const rule = mbufs.rules.on[REPORT_MATCH] === 1;
    if (
      reported &&
      (sa === null || (rule && !isAbout(carrier.words, report, sa, mbufs.rcvIf[m]!)))
    ) {
      this.#drop(m, ESP_REPORT_MISFIT);
      return;
    }
    if (sa === null) {
      this.#drop(m, this.#isLarval(family, spi, proto) ? ESP_LARVAL : counts.noSa);
      return;
    }
    if ((sa.natt === null) !== (udpSport === NO_PORT)) {
      this.#drop(m, ESP_ENCAP_MISFIT);
      return;
    }
    if (!sadb.mayUse(sa)) {
      this.#drop(m, IPSEC_EXPIRED);
      return;
    }
    const seqHi = reported ? carrier.words[report + REQ_ESN_HI]! : 0;
    const inside = isWhole
      ? xform.inputWhole!(m, sa, ipHeaderLen, asked >>> 16)
      : xform.input(m, sa, ipHeaderLen, reported, seqHi);
    if (inside === INSIDE_NOTHING) {
      mbufs.free(m);
      return;
    }
    const payloadOff = inside === INSIDE_PACKET ? 0 : ipHeaderLen;
    this.#count(m, sa, reported, mbufs.len[m]! - payloadOff);
    if (reported) {
      carrier.accept(m, report);
    } else if (this.#report(m, sa, ipHeaderLen) !== 0) {
      this.#drop(m, IPSEC_NO_TAG);
      return;
    }
    if (mbufs.preempt.hook !== null) mbufs.preempt.hook(P_OPENED);
    if (mbufs.rules.on[KEEP_TILL_POLICY] === 0) mbufs.tags.deleteNonpersistent(mbufs, m);
    this.#n[counts.accepted]!++;
    if (this.#p.inside !== null) {
      this.#p.inside(m, inside === INSIDE_PACKET);
      return;
    }
    if (sa.natt !== null) {
      if (sa.natt.sport !== udpSport) this.#peerMoved(sa, udpSport);
      if (inside === INSIDE_PAYLOAD) mendChecksum(mbufs, m, ipHeaderLen);
    }
    if (inside === INSIDE_PACKET) this.#inside(m, sa);
    else deliverEither(inet, m, ipHeaderLen);
  }

  /** Out of a tunnel: into IP again, by way of the interface that the tunnel is, if it is one. */
  #inside(m: Mbuf, sa: Sa): void {
    const { inet, interfaces } = this.#p;
    const ifp = sa.reqid === 0 ? undefined : interfaces.get(sa.reqid);
    if (ifp?.isFor(sa)) ifp.received(m);
    else inputEither(inet, m);
  }

  #isLarval(family: 4 | 6, spi: number, proto: number): boolean {
    const { sadb } = this.#p;
    return sadb.larvals > 0 && sadb.isLarval(ipAddrFromWords(family, this.#dst), spi, proto);
  }

  /** An authentic packet came from another port: a NAT forgot, or the peer moved. */
  #peerMoved(sa: Sa, udpSport: number): void {
    this.#n[ESP_PEER_MOVED]!++;
    const natt = sa.natt!;
    if (!natt.follow) return;
    natt.sport = udpSport;
    for (const back of this.#p.sadb.list()) {
      const isBack = sameWords(back.dstWords, sa.srcWords) && sameWords(back.srcWords, sa.dstWords);
      if (back.natt !== null && back.direction === 'out' && isBack) back.natt.dport = udpSport;
    }
  }

  /** Reads the destination of m; returns its family. */
  #readDst(m: Mbuf): 4 | 6 {
    const { view, off } = this.#mbufs;
    const at = off[m]!;
    const dst = this.#dst;
    if (ipVersion(view, at) === 6) {
      readIn6Addr(view, at + IP6_DST, dst);
      return 6;
    }
    dst[0] = view.getUint32(at + IP_DST);
    dst[1] = 0;
    dst[2] = 0;
    dst[3] = 0;
    return 4;
  }

  #count(m: Mbuf, sa: Sa, reported: boolean, payloadLen: number): void {
    if (reported) {
      sa.hwPackets++;
      sa.hwBytes += payloadLen;
      return;
    }
    const { offloads, reasons, inet } = this.#p;
    sa.swPackets++;
    sa.swBytes += payloadLen;
    const ifIndex = this.#mbufs.rcvIf[m]!;
    const isInCard = offloads.cardSa(sa, ifIndex) >= 0;
    const why = offloads.whyNot(sa, inet.interfaceAt(ifIndex));
    reasons.rx[isInCard ? R_CARD_DID_NOT_DECRYPT : why]!++;
  }

  /** Software's own. 0 or ENOBUFS. */
  #report(m: Mbuf, sa: Sa, ipHeaderLen: number): number {
    const r = this.#request;
    describeRequest(r, sa, ipHeaderLen, 0, 0);
    r[REQ_IF_INDEX] = this.#mbufs.rcvIf[m]!;
    return this.#p.carrier.report(m, PACKET_TAG_IPSEC_IN_DONE, r);
  }

  #drop(m: Mbuf, counterIndex: number): void {
    this.#n[counterIndex]!++;
    this.#mbufs.free(m);
  }
}

/** Is the report w[at …] about this SA, which is that of the packet, and the interface it came in by? */
function isAbout(w: Uint32Array, at: number, sa: Sa, rcvIf: number): boolean {
  const dst = sa.dstWords;
  return (
    (w[at + REQ_SA_HANDLE]! | 0) === sa.handle &&
    w[at + REQ_GENERATION] === sa.generation &&
    w[at + REQ_SPI] === sa.spi &&
    w[at + REQ_PROTO] === (sa.proto | (sa.family << 8)) &&
    w[at + REQ_DST] === dst[0] &&
    (w[at + REQ_IF_INDEX]! | 0) === rcvIf &&
    (sa.family === 4 ||
      (w[at + REQ_DST + 1] === dst[1] &&
        w[at + REQ_DST + 2] === dst[2] &&
        w[at + REQ_DST + 3] === dst[3]))
  );
}
