// SPDX-License-Identifier: BSD-2-Clause
import { IP_DST, IP_SRC, IPPROTO_ESP, IPPROTO_UDP, ipLen } from '../header/ip.ts';
import { sameWords } from '../header/ip_addr.ts';
import { IP6_DST, IP6_HDR_LEN, IP6_SRC, ip6Plen } from '../header/ip6.ts';
import { UDP_HDR_LEN, udpDport, udpSport } from '../header/udp.ts';
import { secondsToCycles } from '../kern/clock.ts';
import type { Ifnet } from '../net/ifnet.ts';
import type { Inet } from '../netinet/inet.ts';
import { readIn6Addr } from './flow.ts';
import { IPSEC_PMTU_IGNORED, IPSEC_PMTU_LOWERED } from './ipsec_counters.ts';
import type { Sa } from './sa.ts';
import type { Sadb } from './sadb.ts';
import type { XformTable } from './xform.ts';

export interface PmtuParts {
  readonly inet: Inet;
  readonly sadb: Sadb;
  readonly xforms: XformTable;
}

/**
 * Path MTU of SAs (RFC 4301 §8.2): what a router says about an ESP packet that it could not pass on.
 * Nobody vouches for that message, so it is believed only as far as it can be true, and not for long.
 */
export class IpsecPmtu {
  /** RFC 4301 §6.1.1: whether unprotected ICMP is believed at all is the administrator's choice. */
  isBelieved = true;
  /** No path is taken to be narrower, bytes: RFC 1122 §3.3.3 and RFC 8200 §5. */
  minBytes4 = 576;
  minBytes6 = 1280;
  /** RFC 1191 §6.3: after ten minutes a larger MTU is tried again. */
  lifeCycles: number = secondsToCycles(10 * 60);
  /** The packet quoted was one of so many that were sent last on its SA. */
  recentPackets = 4096;
  readonly #p: PmtuParts;
  readonly #n: Float64Array;
  readonly #src = new Uint32Array(4);
  readonly #dst = new Uint32Array(4);

  constructor(parts: PmtuParts) {
    this.#p = parts;
    this.#n = parts.inet.counters.n;
  }

  /** The largest packet of the SA that leaves by ifp and passes all the way, as far as is known. */
  of(sa: Sa, ifp: Ifnet): number {
    if (sa.pmtu === 0 || sa.pmtu >= ifp.mtu) return ifp.mtu;
    return this.#p.inet.clock.cycle < sa.pmtuDueCycle ? sa.pmtu : ifp.mtu;
  }

  /** IpsecMethods.tooBig. */
  tooBig(
    family: 4 | 6,
    quotedAt: number,
    quotedLen: number,
    upperOff: number,
    proto: number,
    mtu: number,
  ): boolean {
    this.#readEnds(family, quotedAt);
    // Any other UDP is none of IPsec's.
    if (proto === IPPROTO_UDP && this.#withPorts(family, quotedAt + upperOff).length === 0)
      return false;
    const sas = this.isBelieved ? this.#sasOf(family, quotedAt, quotedLen, upperOff, proto) : [];
    let isNews = false;
    for (const sa of sas) if (this.#lower(sa, quotedAt, mtu)) isNews = true;
    this.#n[isNews ? IPSEC_PMTU_LOWERED : IPSEC_PMTU_IGNORED]!++;
    return isNews;
  }

  #readEnds(family: 4 | 6, at: number): void {
    const v = this.#p.inet.pool.view;
    if (family === 6) {
      readIn6Addr(v, at + IP6_SRC, this.#src);
      readIn6Addr(v, at + IP6_DST, this.#dst);
      return;
    }
    this.#src.fill(0);
    this.#dst.fill(0);
    this.#src[0] = v.getUint32(at + IP_SRC);
    this.#dst[0] = v.getUint32(at + IP_DST);
  }

  /** SAs that send ESP in UDP (RFC 3948) between the quoted packet's ends and ports. */
  #withPorts(family: 4 | 6, udp: number): Sa[] {
    const v = this.#p.inet.pool.view;
    const [sport, dport] = [udpSport(v, udp), udpDport(v, udp)];
    return this.#p.sadb
      .between(family, this.#src, this.#dst)
      .filter((sa) => sa.direction === 'out' && isAt(sa.natt, sport, dport));
  }

  /** The SAs that the quoted packet may have been sent by: one, or none, where its SPI is quoted. */
  #sasOf(family: 4 | 6, at: number, have: number, upperOff: number, proto: number): Sa[] {
    const { inet, sadb, xforms } = this.#p;
    const v = inet.pool.view;
    const isUdp = proto === IPPROTO_UDP;
    const xform = xforms[isUdp ? IPPROTO_ESP : proto];
    if (xform === undefined) return [];
    const spiOff = upperOff + (isUdp ? UDP_HDR_LEN : 0) + xform.spiOff;
    // The SPI and, right behind it, the sequence number. RFC 792 quotes eight bytes: of UDP these are
    // its header, which is the same for all SAs to that port.
    if (have < spiOff + 8) {
      const isQuoted = isUdp && have >= upperOff + UDP_HDR_LEN;
      return isQuoted ? this.#withPorts(family, at + upperOff).filter((sa) => sa.seq > 0) : [];
    }
    const sa = sadb.lookup(family, this.#dst, v.getUint32(at + spiOff), xform.proto);
    if (sa === null || sa.direction !== 'out' || !sameWords(sa.srcWords, this.#src)) return [];
    if (isUdp !== (sa.natt !== null)) return [];
    if (isUdp && !this.#withPorts(family, at + upperOff).includes(sa)) return [];
    // Whoever did not see the SA's packets has to guess one that was sent lately.
    const age = (sa.seq - v.getUint32(at + spiOff + 4)) >>> 0;
    return sa.seq === 0 || age >= Math.min(this.recentPackets, sa.seq) ? [] : [sa];
  }

  #lower(sa: Sa, at: number, mtu: number): boolean {
    const { inet } = this.#p;
    const v = inet.pool.view;
    const sentLen = sa.family === 4 ? ipLen(v, at) : IP6_HDR_LEN + ip6Plen(v, at);
    // RFC 1191 §5: a router older than that RFC tells no MTU.
    const told = mtu === 0 ? plateauBelow(sentLen) : mtu;
    if (told >= sentLen) return false;
    // RFC 4301 §8.2.1 leaves the least MTU that is believed to us: one that cannot stop the traffic.
    const min = sa.family === 4 ? this.minBytes4 : this.minBytes6;
    const pmtu = Math.max(told, min);
    const now = inet.clock.cycle;
    if (sa.pmtu !== 0 && now < sa.pmtuDueCycle && pmtu >= sa.pmtu) return false;
    sa.pmtu = pmtu;
    sa.pmtuDueCycle = now + this.lifeCycles;
    return true;
  }
}

function isAt(natt: Sa['natt'], sport: number, dport: number): boolean {
  return natt !== null && natt.sport === sport && natt.dport === dport;
}

/** RFC 1191 §7.1: MTUs that networks have. */
const PLATEAUS = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];

function plateauBelow(lenBytes: number): number {
  return PLATEAUS.find((p) => p < lenBytes) ?? 68;
}
