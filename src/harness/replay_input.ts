// SPDX-License-Identifier: BSD-2-Clause

import { cksum } from '../header/cksum.ts';
import { ESP_HDR_LEN, espSeq, espSpi } from '../header/esp.ts';
import { ETHER_HDR_LEN, ETHERTYPE_IP, ETHERTYPE_IPV6, etherType } from '../header/ether.ts';
import {
  IP_HDR_LEN,
  IP_LEN,
  IP_MF,
  IP_OFFMASK,
  IP_P,
  IP_SUM,
  IPPROTO_ESP,
  IPPROTO_UDP,
  ipDst,
  ipHdrLen,
  ipLen,
  ipOff,
  ipProto,
  ipVersion,
} from '../header/ip.ts';
import { UDP_HDR_LEN, udpDport, udpSport } from '../header/udp.ts';
import type { Clock } from '../kern/clock.ts';
import { Counters } from '../kern/counters.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { Inet } from '../netinet/inet.ts';
import { ipReass } from '../netinet/ip_reass.ts';
import { Ipsec } from '../netipsec/ipsec.ts';
import { ESP_BAD_ICV, ESP_DUMMY, ESP_NO_SA, ESP_REPLAY } from '../netipsec/ipsec_counters.ts';
import { OFFLOAD_REASONS, R_OFFLOAD_OFF } from '../netipsec/offload_reason.ts';
import type { Sa } from '../netipsec/sa.ts';

/** Outcome of a replay. Each ESP packet counts in `esp` and in one of the outcomes. */
export interface ReplayFigures {
  frames: number;
  esp: number;
  /** Accepted, and written out. */
  decrypted: number;
  authFailed: number;
  replayed: number;
  unknownSa: number;
  /** The card was to decrypt it and did not; software did, where it could (then in decrypted too). */
  notOffloaded: number;
  /** Cut by the capture, broken, or with nothing right inside. */
  malformed: number;
  /** Dummy packets (RFC 4303 §2.6): authentic, with nothing inside. */
  dummy: number;
}

const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
const IPV6_HDR_LEN = 40;
const IPV6_NEXT = 6;
const UDP_ENCAP_PORT = 4500;
/** High halves tried to find where an SA with ESN is; what the capture left out cannot be known. */
const ESN_HIGH_MAX = 4096;
const ESN_PACKETS_TRIED = 4;

/**
 * The host behind a card that listens to everything: from each frame that comes up it takes the ESP
 * packet and gives it to ipsec, which accepts or refuses it. It has no address, so that what was
 * inside goes to onDecrypted and no further.
 */
export class ReplayInput {
  readonly figures: ReplayFigures = {
    frames: 0,
    esp: 0,
    decrypted: 0,
    authFailed: 0,
    replayed: 0,
    unknownSa: 0,
    notOffloaded: 0,
    malformed: 0,
    dummy: 0,
  };
  readonly counters = new Counters();
  readonly inet: Inet;
  readonly ipsec: Ipsec;
  /** data[at, at + lenBytes) is a packet that ESP carried, from its IP header on. */
  onDecrypted: (data: Uint8Array, at: number, lenBytes: number) => void = () => {};
  readonly #pool: MbufPool;
  readonly #esnTries = new Map<Sa, number>();
  /** ESP packets that nobody here can decrypt, and why. */
  readonly #unsupported = new Map<string, number>();
  #accepted = false;

  constructor(pool: MbufPool, clock: Clock, offload: boolean) {
    this.#pool = pool;
    this.inet = new Inet({ pool, counters: this.counters, clock });
    this.ipsec = new Ipsec({ inet: this.inet, offload, receiveOnly: true });
    this.inet.ipsec = this.ipsec;
    const take = (_inet: Inet, m: Mbuf): void => this.#take(m);
    this.inet.forward = take;
    for (let proto = 0; proto < 256; proto++) this.inet.protosw.register(proto, take);
  }

  /** Why ESP packets were not the card's work. */
  reasons(): { reason: string; count: number }[] {
    const rows = [...this.#unsupported].map(([reason, count]) => ({ reason, count }));
    OFFLOAD_REASONS.forEach((reason, i) => {
      const count = i === R_OFFLOAD_OFF ? 0 : this.ipsec.reasons.rx[i]!;
      if (count > 0) rows.push({ reason, count });
    });
    return rows;
  }

  /** A frame as a card delivers it; `cut`: the capture does not have all of it. Owns m. */
  frame(m: Mbuf, cut: boolean): void {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    const end = at + pool.len[m]!;
    let header = at;
    while (header + ETHER_HDR_LEN <= end && isTag(etherType(v, header))) header += 4;
    const ip = header + ETHER_HDR_LEN;
    const type = ip <= end ? etherType(v, header) : 0;
    const have = end - ip;
    if (type === ETHERTYPE_IP && have >= IP_HDR_LEN && ipVersion(v, ip) === 4) {
      pool.adj(m, ip - at);
      this.#ipv4(m);
      return;
    }
    const isEsp6 = have >= IPV6_HDR_LEN && pool.data[ip + IPV6_NEXT] === IPPROTO_ESP;
    if (type === ETHERTYPE_IPV6 && isEsp6) this.#cannot(cut, 'outer header is IPv6');
    else if (cut || have < 0 || type === ETHERTYPE_IP) this.figures.malformed++;
    pool.free(m);
  }

  /** The card refused an ESP packet: its ICV is wrong, and the card kept the frame. */
  authFailed(): void {
    this.figures.esp++;
    this.figures.authFailed++;
  }

  /** The capture is over: datagrams whose fragments did not all come. */
  finish(): void {
    this.figures.malformed += this.inet.reass.drain();
    this.#sumNotOffloaded();
  }

  #sumNotOffloaded(): void {
    this.figures.notOffloaded = this.reasons().reduce((sum, row) => sum + row.count, 0);
  }

  #cannot(cut: boolean, reason: string): void {
    this.figures.esp++;
    if (cut) this.figures.malformed++;
    else this.#unsupported.set(reason, (this.#unsupported.get(reason) ?? 0) + 1);
  }

  #ipv4(m: Mbuf): void {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    const isEsp = ipProto(v, at) === IPPROTO_ESP;
    const hdrLen = ipHdrLen(v, at);
    const total = ipLen(v, at);
    const have = pool.len[m]!;
    const fits = hdrLen >= IP_HDR_LEN && hdrLen <= total && total <= have;
    if (!fits || cksum(v, at, hdrLen) !== 0) {
      if (isEsp) this.figures.esp++;
      this.figures.malformed++;
      pool.free(m);
      return;
    }
    pool.adj(m, total - have); // padding of the link
    const isWhole = (ipOff(v, at) & (IP_MF | IP_OFFMASK)) === 0;
    if (!isEsp && !(isWhole && this.#outOfUdp(m, hdrLen))) {
      pool.free(m);
      return;
    }
    if (isWhole) {
      this.#esp(m, hdrLen);
      return;
    }
    const whole = ipReass(this.inet, m, hdrLen);
    if (whole !== NO_MBUF) this.#esp(whole, ipHdrLen(v, pool.off[whole]!));
  }

  /**
   * ESP in UDP (RFC 3948 §2.1) under an SA of ours: takes the UDP header away. False: it is not, and
   * m is as it was.
   */
  #outOfUdp(m: Mbuf, hdrLen: number): boolean {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    const udp = at + hdrLen;
    const isLong = pool.len[m]! >= hdrLen + UDP_HDR_LEN + ESP_HDR_LEN;
    if (ipProto(v, at) !== IPPROTO_UDP || !isLong) return false;
    if (udpSport(v, udp) !== UDP_ENCAP_PORT && udpDport(v, udp) !== UDP_ENCAP_PORT) return false;
    if (this.ipsec.sadb.find(ipDst(v, at), espSpi(v, udp + UDP_HDR_LEN)) === null) return false;
    pool.data.copyWithin(at + UDP_HDR_LEN, at, udp);
    pool.adj(m, UDP_HDR_LEN);
    const ip = at + UDP_HDR_LEN;
    v.setUint16(ip + IP_LEN, pool.len[m]!);
    v.setUint8(ip + IP_P, IPPROTO_ESP);
    v.setUint16(ip + IP_SUM, 0);
    v.setUint16(ip + IP_SUM, cksum(v, ip, hdrLen));
    return true;
  }

  #esp(m: Mbuf, hdrLen: number): void {
    const { figures } = this;
    const n = this.counters.n;
    const before = [n[ESP_NO_SA]!, n[ESP_REPLAY]!, n[ESP_BAD_ICV]!, n[ESP_DUMMY]!];
    this.#findEsnHigh(m, hdrLen);
    figures.esp++;
    this.#accepted = false;
    this.ipsec.input(m, 4, hdrLen, IPPROTO_ESP);
    if (this.#accepted) figures.decrypted++;
    else if (n[ESP_NO_SA]! > before[0]!) figures.unknownSa++;
    else if (n[ESP_REPLAY]! > before[1]!) figures.replayed++;
    else if (n[ESP_BAD_ICV]! > before[2]!) figures.authFailed++;
    else if (n[ESP_DUMMY]! > before[3]!) figures.dummy++;
    else figures.malformed++;
  }

  /** What was inside; ipsec owned m, now we do. */
  #take(m: Mbuf): void {
    const pool = this.#pool;
    this.#accepted = true;
    this.onDecrypted(pool.data, pool.off[m]!, pool.len[m]!);
    pool.free(m);
  }

  /**
   * An SA with extended sequence numbers may be anywhere when the capture begins, and the high half
   * is not sent: the one that the first packets' ICV is right with (RFC 4303 §A3).
   */
  #findEsnHigh(m: Mbuf, hdrLen: number): void {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    const esp = at + hdrLen;
    if (pool.len[m]! < hdrLen + ESP_HDR_LEN) return;
    const sa = this.ipsec.sadb.find(ipDst(v, at), espSpi(v, esp));
    if (sa === null || !sa.esn || sa.replay.top !== 0) return;
    const tries = this.#esnTries.get(sa) ?? 0;
    const { ivBytes, icvBytes, blockBytes } = sa.session;
    const textLen = pool.len[m]! - hdrLen - ESP_HDR_LEN - ivBytes - icvBytes;
    if (tries === ESN_PACKETS_TRIED || textLen < 2 || textLen % blockBytes !== 0) return;
    this.#esnTries.set(sa, tries + 1);
    const packet = pool.data.slice(esp, at + pool.len[m]!);
    const seqLo = espSeq(v, esp);
    for (let hi = 0; hi < ESN_HIGH_MAX; hi++) {
      if (!sa.session.open(packet, 0, textLen, hi)) continue;
      if (hi > 0) sa.replay.top = hi * 0x1_0000_0000 + seqLo - 1;
      return;
    }
  }
}

function isTag(etherType: number): boolean {
  return etherType === ETHERTYPE_VLAN || etherType === ETHERTYPE_QINQ;
}
