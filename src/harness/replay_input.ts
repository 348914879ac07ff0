// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import {
  IP_DST,
  IP_HDR_LEN,
  IP_MF,
  IP_OFFMASK,
  IPPROTO_AH,
  IPPROTO_ESP,
  ipHdrLen,
  ipLen,
  ipOff,
  ipProto,
  ipVersion,
} from '../header/ip.ts';
import { IP6_DST, IP6_HDR_LEN, ip6Plen } from '../header/ip6.ts';
import { IP6_WALK_RIGHT, Ip6Chain, ip6Walk } from '../header/ip6_ext.ts';
import type { Clock } from '../kern/clock.ts';
import { Counters } from '../kern/counters.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import { Inet } from '../netinet/inet.ts';
import { readIn6Addr } from '../netipsec/flow.ts';
import { Ipsec } from '../netipsec/ipsec.ts';
import {
  AH_BAD_ICV,
  AH_NO_SA,
  AH_REPLAY,
  ESP_BAD_ICV,
  ESP_DUMMY,
  ESP_NO_SA,
  ESP_REPLAY,
} from '../netipsec/ipsec_counters.ts';
import { OFFLOAD_REASONS, R_OFFLOAD_OFF } from '../netipsec/offload_reason.ts';
import type { Sa } from '../netipsec/sa.ts';
import { ReplayEsn } from './replay_esn.ts';
import { isIpsec, ReplayOuter } from './replay_outer.ts';

/**
 * Outcome of a replay. A packet under ESP, AH or both counts once in each of those. Each frame counts
 * once in what comes behind those two, but for notOffloaded; datagrams that never got whole are in
 * `malformed` too.
 */
export interface ReplayFigures {
  frames: number;
  esp: number;
  ah: number;
  /** Accepted, and written out. */
  decrypted: number;
  authFailed: number;
  replayed: number;
  unknownSa: number;
  /** The card was to decrypt it and did not; software did (then it is in decrypted too). */
  notOffloaded: number;
  /** Cut by the capture, broken, or with nothing right inside. */
  malformed: number;
  /** Dummy packets (RFC 4303 §2.6): authentic, with nothing inside. */
  dummy: number;
  /** Frames that waited for other fragments of their packet, or that reassembly refused. */
  fragments: number;
  /** Frames with no IPsec in them. */
  other: number;
}

/** Counters that tell why a packet was refused, and the figure each goes into. */
const WHY: readonly (readonly [number, 'unknownSa' | 'replayed' | 'authFailed' | 'dummy'])[] = [
  [ESP_NO_SA, 'unknownSa'],
  [AH_NO_SA, 'unknownSa'],
  [ESP_REPLAY, 'replayed'],
  [AH_REPLAY, 'replayed'],
  [ESP_BAD_ICV, 'authFailed'],
  [AH_BAD_ICV, 'authFailed'],
  [ESP_DUMMY, 'dummy'],
];
/** Transforms on one packet; what is deeper is written out as it is. */
const MAX_DEPTH = 8;
const SAW_ESP = 1;
const SAW_AH = 2;
const NO_IPSEC_INSIDE = -1;

/**
 * The host behind a card that listens to everything: from each frame that comes up it takes the IPsec
 * packet and gives it to ipsec, which accepts or refuses it. It has no address: what was inside goes
 * to onDecrypted and no further, or round again when there is IPsec in it.
 */
export class ReplayInput {
  readonly figures: ReplayFigures = {
    frames: 0,
    esp: 0,
    ah: 0,
    decrypted: 0,
    authFailed: 0,
    replayed: 0,
    unknownSa: 0,
    notOffloaded: 0,
    malformed: 0,
    dummy: 0,
    fragments: 0,
    other: 0,
  };
  readonly counters = new Counters();
  readonly inet: Inet;
  readonly ipsec: Ipsec;
  /** data[at, at + lenBytes) is a packet that was protected, from its IP header on. */
  onDecrypted: (data: Uint8Array, at: number, lenBytes: number) => void = () => {};
  readonly #pool: MbufPool;
  /** Where fragments wait that may have no IPsec in them. */
  readonly #others: Inet;
  readonly #outer: ReplayOuter;
  readonly #esn: ReplayEsn;
  /** SAs with ESN that the card would do, were it known where they are. */
  readonly #unlocated = new Set<Sa>();
  readonly #chain = new Ip6Chain();
  readonly #dst = new Uint32Array(4);
  readonly #before: number[] = WHY.map(() => 0);
  /** Why packets were not the card's work; of a bundle, why its outermost transform was not. */
  readonly #reasons = new Float64Array(OFFLOAD_REASONS.length);
  readonly #reasonsBefore = new Float64Array(OFFLOAD_REASONS.length);
  /** Of the packet at work: transforms taken off, which they were, and whether it was accepted. */
  #depth = 0;
  #saw = 0;
  #accepted = false;

  constructor(pool: MbufPool, clock: Clock, offload: boolean) {
    const { counters } = this;
    this.#pool = pool;
    this.inet = new Inet({ pool, counters, clock });
    this.#others = new Inet({ pool, counters, clock });
    const inside = (m: Mbuf, throughTunnel: boolean): void => this.#inside(m, throughTunnel);
    this.ipsec = new Ipsec({ inet: this.inet, offload, receiveOnly: true, inside });
    this.#outer = new ReplayOuter(this.inet, this.#others, {
      ipsec: (m, headersLen, proto) => this.#packet(m, headersLen, proto),
      knows: (m, spiOff) => this.#saOf(m, spiOff, IPPROTO_ESP) !== null,
      malformed: (proto) => this.#malformed(proto),
      fragment: () => this.figures.fragments++,
      other: () => this.figures.other++,
    });
    this.#esn = new ReplayEsn(pool);
  }

  /** SAs were added: those with ESN wait outside the card until it is known where they are. */
  holdBackEsn(): void {
    const { offloads, sadb } = this.ipsec;
    for (const sa of sadb.list()) {
      if (!sa.esn || sa.installs.length === 0) continue;
      offloads.remove(sa);
      this.#unlocated.add(sa);
    }
  }

  /** Why IPsec packets were not the card's work. */
  reasons(): { reason: string; count: number }[] {
    const rows: { reason: string; count: number }[] = [];
    OFFLOAD_REASONS.forEach((reason, i) => {
      const count = i === R_OFFLOAD_OFF ? 0 : this.#reasons[i]!;
      if (count > 0) rows.push({ reason, count });
    });
    return rows;
  }

  /** A frame as a card delivers it; `cut`: the capture does not have all of it. Owns m. */
  frame(m: Mbuf, cut: boolean): void {
    this.#outer.frame(m, cut);
  }

  /** The card refused an ESP packet: its ICV is wrong, and the card kept the frame. */
  authFailed(): void {
    this.figures.esp++;
    this.figures.authFailed++;
  }

  /** The capture is over: datagrams whose fragments did not all come. */
  finish(): void {
    this.figures.malformed += this.inet.reass.drain();
    this.#others.reass.drain();
    this.figures.notOffloaded = this.reasons().reduce((sum, row) => sum + row.count, 0);
  }

  /** A packet that has, or was to have, ESP or AH behind its IP headers. */
  #malformed(proto: number): void {
    this.#saw = 0;
    this.#see(proto);
    this.#countSeen();
    this.figures.malformed++;
  }

  #packet(m: Mbuf, headersLen: number, proto: number): void {
    const { figures } = this;
    const { n } = this.counters;
    WHY.forEach(([index], i) => {
      this.#before[i] = n[index]!;
    });
    this.#reasonsBefore.set(this.ipsec.reasons.rx);
    this.#depth = 0;
    this.#saw = 0;
    this.#accepted = false;
    this.#open(m, headersLen, proto);
    this.#countSeen();
    if (this.#accepted) {
      figures.decrypted++;
      return;
    }
    const why = WHY.find(([index], i) => n[index]! > this.#before[i]!);
    figures[why === undefined ? 'malformed' : why[1]]++;
  }

  /** Has ipsec take one ESP or AH off; what it held comes to #inside. Owns m. */
  #open(m: Mbuf, headersLen: number, proto: number): void {
    this.#depth++;
    this.#see(proto);
    const sa = this.#saOf(m, headersLen + (proto === IPPROTO_AH ? 4 : 0), proto);
    if (sa !== null && this.#esn.find(m, sa, headersLen) && this.#unlocated.delete(sa))
      this.ipsec.offloads.reinstall(sa);
    const family = ipVersion(this.#pool.view, this.#pool.off[m]!) === 4 ? 4 : 6;
    this.ipsec.input(m, family, headersLen, proto);
  }

  /** What one ESP or AH held: more of them, or what is to be written. Owns m. */
  #inside(m: Mbuf, throughTunnel: boolean): void {
    const pool = this.#pool;
    if (this.#depth === 1) {
      const { rx } = this.ipsec.reasons;
      for (let i = 0; i < rx.length; i++) this.#reasons[i]! += rx[i]! - this.#reasonsBefore[i]!;
    }
    if (!this.#trim(m)) {
      pool.free(m);
      return;
    }
    const proto = this.#ipsecAt(m);
    if (proto !== NO_IPSEC_INSIDE && this.#depth < MAX_DEPTH) {
      const { off } = this.#chain;
      // What others protected, and we carried, stays as it is.
      const spiOff = off + (proto === IPPROTO_AH ? 4 : 0);
      if (!throughTunnel || this.#saOf(m, spiOff, proto) !== null) {
        this.#open(m, off, proto);
        return;
      }
    }
    this.#accepted = true;
    this.onDecrypted(pool.data, pool.off[m]!, pool.len[m]!);
    pool.free(m);
  }

  /**
   * Cuts off what is behind the packet (RFC 4303 §2.7: padding for traffic flow confidentiality).
   * False: it is no packet.
   */
  #trim(m: Mbuf): boolean {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    const have = pool.len[m]!;
    let total = 0;
    if (have >= IP_HDR_LEN && ipVersion(v, at) === 4) {
      const hdrLen = ipHdrLen(v, at);
      total = ipLen(v, at);
      if (hdrLen < IP_HDR_LEN || hdrLen > total || total > have) return false;
      if (cksum(v, at, hdrLen) !== 0) return false;
    } else if (have >= IP6_HDR_LEN && ipVersion(v, at) === 6) {
      total = IP6_HDR_LEN + ip6Plen(v, at);
    }
    if (total === 0 || total > have) return false;
    pool.adj(m, total - have);
    return true;
  }

  /** The protocol of whole ESP or AH behind the packet's headers, which then end at #chain.off. */
  #ipsecAt(m: Mbuf): number {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    const chain = this.#chain;
    if (ipVersion(v, at) === 4) {
      chain.off = ipHdrLen(v, at);
      chain.proto = ipProto(v, at);
      chain.fragOff = ipOff(v, at) & (IP_MF | IP_OFFMASK);
    } else if (ip6Walk(v, at, pool.len[m]!, chain) !== IP6_WALK_RIGHT) {
      return NO_IPSEC_INSIDE;
    }
    return chain.fragOff === 0 && isIpsec(chain.proto) ? chain.proto : NO_IPSEC_INSIDE;
  }

  #saOf(m: Mbuf, spiOff: number, proto: number): Sa | null {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    if (spiOff + 8 > pool.len[m]!) return null;
    const spi = v.getUint32(at + spiOff);
    const dst = this.#dst;
    if (ipVersion(v, at) === 6) {
      readIn6Addr(v, at + IP6_DST, dst);
      return this.ipsec.sadb.lookup(6, dst, spi, proto);
    }
    dst.fill(0);
    dst[0] = v.getUint32(at + IP_DST);
    return this.ipsec.sadb.lookup(4, dst, spi, proto);
  }

  #see(proto: number): void {
    if (proto === IPPROTO_ESP) this.#saw |= SAW_ESP;
    else if (proto === IPPROTO_AH) this.#saw |= SAW_AH;
  }

  #countSeen(): void {
    if ((this.#saw & SAW_ESP) !== 0) this.figures.esp++;
    if ((this.#saw & SAW_AH) !== 0) this.figures.ah++;
  }
}
