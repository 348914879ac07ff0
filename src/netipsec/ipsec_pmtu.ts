// SPDX-License-Identifier: BSD-2-Clause
import { IP_DST, IP_SRC, ipHdrLen, ipLen, ipProto } from '../header/ip.ts';
import { IP6_DST, IP6_HDR_LEN, IP6_NXT, IP6_SRC, ip6Plen } from '../header/ip6.ts';
import { secondsToCycles } from '../kern/clock.ts';
import type { Ifnet } from '../net/ifnet.ts';
import type { Inet } from '../netinet/inet.ts';
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

  /** IpsecMethods.tooBig: true when it is believed. */
  tooBig(family: 4 | 6, quotedAt: number, quotedLen: number, mtu: number): boolean {
    const isNews = this.isBelieved && this.#learn(family, quotedAt, quotedLen, mtu);
    this.#n[isNews ? IPSEC_PMTU_LOWERED : IPSEC_PMTU_IGNORED]!++;
    return isNews;
  }

  #learn(family: 4 | 6, at: number, have: number, mtu: number): boolean {
    const { inet, xforms } = this.#p;
    const v = inet.pool.view;
    const headerLen = family === 4 ? ipHdrLen(v, at) : IP6_HDR_LEN;
    const proto = family === 4 ? ipProto(v, at) : v.getUint8(at + IP6_NXT);
    const xform = xforms[proto];
    // The SPI and, right behind it, the sequence number.
    if (xform === undefined || have < headerLen + xform.spiOff + 8) return false;
    const spiAt = at + headerLen + xform.spiOff;
    const sa = this.#saOf(family, at, v.getUint32(spiAt), proto);
    if (sa === null) return false;
    // Whoever did not see the SA's packets has to guess one that was sent lately.
    const age = (sa.seq - v.getUint32(spiAt + 4)) >>> 0;
    if (sa.seq === 0 || age >= Math.min(this.recentPackets, sa.seq)) return false;
    const sentLen = family === 4 ? ipLen(v, at) : IP6_HDR_LEN + ip6Plen(v, at);
    // RFC 1191 §5: a router older than that RFC tells no MTU.
    const told = mtu === 0 ? plateauBelow(sentLen) : mtu;
    if (told >= sentLen) return false;
    // RFC 4301 §8.2.1 leaves the least MTU that is believed to us: one that cannot stop the traffic.
    const min = family === 4 ? this.minBytes4 : this.minBytes6;
    const pmtu = Math.max(told, min);
    const now = inet.clock.cycle;
    if (sa.pmtu !== 0 && now < sa.pmtuDueCycle && pmtu >= sa.pmtu) return false;
    sa.pmtu = pmtu;
    sa.pmtuDueCycle = now + this.lifeCycles;
    return true;
  }

  /** The SA that we send with from the quoted packet's source to its destination. */
  #saOf(family: 4 | 6, at: number, spi: number, proto: number): Sa | null {
    const { inet, sadb } = this.#p;
    const v = inet.pool.view;
    const words = family === 4 ? 1 : 4;
    const src = at + (family === 4 ? IP_SRC : IP6_SRC);
    const dst = at + (family === 4 ? IP_DST : IP6_DST);
    this.#dst.fill(0);
    for (let i = 0; i < words; i++) this.#dst[i] = v.getUint32(dst + 4 * i);
    const sa = sadb.lookup(family, this.#dst, spi, proto);
    if (sa === null || sa.direction !== 'out') return null;
    for (let i = 0; i < words; i++) {
      if (sa.srcWords[i] !== v.getUint32(src + 4 * i)) return null;
    }
    return sa;
  }
}

/** RFC 1191 §7.1: MTUs that networks have. */
const PLATEAUS = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];

function plateauBelow(lenBytes: number): number {
  return PLATEAUS.find((p) => p < lenBytes) ?? 68;
}
