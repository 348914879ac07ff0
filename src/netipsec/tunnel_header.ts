// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import {
  IP_DF,
  IP_DST,
  IP_HDR_LEN,
  IP_SRC,
  IP_SUM,
  IPPROTO_IPIP,
  ipHdrLen,
  ipOff,
  ipPut,
  ipVersion,
} from '../header/ip.ts';
import {
  IP6_DST,
  IP6_HDR_LEN,
  IP6_SRC,
  IPPROTO_IPV6,
  in6Put,
  ip6Flow,
  ip6Put,
} from '../header/ip6.ts';
import { M_BCAST, type Mbuf, type MbufPool } from '../kern/mbuf.ts';
import type { Inet } from '../netinet/inet.ts';
import { ECN_MASK, ecnDecapsulate, trafficClass } from '../netinet/ip_ecn.ts';
import { fixedHeaderLen } from './ip_headers.ts';
import type { Sa } from './sa.ts';

const TUNNEL_TTL = 64;

/** RFC 4301 §8.1: does the outer IPv4 header round this packet forbid fragments? */
export function hasOuterDf(sa: Sa, v: DataView, inner: number): boolean {
  if (sa.df !== 'copy') return sa.df === 'set';
  return ipVersion(v, inner) === 4 && (ipOff(v, inner) & IP_DF) !== 0;
}

/**
 * RFC 4301 §5.1.2: writes the outer header of a tunnel at the front of m, headerLen bytes before the
 * inner packet; it names `proto`. Returns the next header of ESP or AH: what the inner packet is.
 */
export function putOuterHeader(
  inet: Inet,
  m: Mbuf,
  sa: Sa,
  headerLen: number,
  proto: number,
): number {
  const { pool } = inet;
  const { view } = pool;
  const outer = pool.off[m]!;
  const inner = outer + headerLen;
  const isInner4 = ipVersion(view, inner) === 4;
  if (isInner4) {
    // ip_output sums headers at its end; the inner one is out of its sight from here on.
    view.setUint16(inner + IP_SUM, 0);
    view.setUint16(inner + IP_SUM, cksum(view, inner, ipHdrLen(view, inner)));
  }
  // RFC 6040 §4.1, normal mode: the outer ECN field is a copy of the inner one; so is the DSCP
  // unless the SA has one of its own (RFC 4301 §5.1.2.1, note 4).
  const innerClass = trafficClass(view, inner);
  const tclass = sa.dscp === null ? innerClass : (sa.dscp << 2) | (innerClass & ECN_MASK);
  const { srcWords: src, dstWords: dst } = sa;
  if (sa.family === 4) {
    const df = hasOuterDf(sa, view, inner) ? IP_DF : 0;
    const id = inet.nextId();
    ipPut(view, outer, IP_HDR_LEN, tclass, pool.len[m]!, id, df, TUNNEL_TTL, proto);
    view.setUint32(outer + IP_SRC, src[0]!);
    view.setUint32(outer + IP_DST, dst[0]!);
    view.setUint16(outer + IP_SUM, cksum(view, outer, IP_HDR_LEN));
  } else {
    const flow = isInner4 ? 0 : ip6Flow(view, inner);
    const plen = pool.len[m]! - IP6_HDR_LEN;
    ip6Put(view, outer, tclass, flow, plen, proto, TUNNEL_TTL);
    in6Put(view, outer + IP6_SRC, src[0]!, src[1]!, src[2]!, src[3]!);
    in6Put(view, outer + IP6_DST, dst[0]!, dst[1]!, dst[2]!, dst[3]!);
  }
  return isInner4 ? IPPROTO_IPIP : IPPROTO_IPV6;
}

/** What takeOuterHeader() found. */
export const TUNNEL_LEFT = 0;
export const TUNNEL_NO_PACKET = 1;
/** RFC 6040 §4.2. */
export const TUNNEL_ECN_DROP = 2;

/**
 * Takes off the outer headers of m, outerLen bytes with those of ESP or AH; behind them is a packet
 * of the protocol `next`. TUNNEL_LEFT, or why m is to be dropped.
 */
export function takeOuterHeader(mb: MbufPool, m: Mbuf, outerLen: number, next: number): number {
  const { view } = mb;
  const inner = mb.off[m]! + outerLen;
  const family = next === IPPROTO_IPIP ? 4 : 6;
  const isThere = mb.len[m]! - outerLen >= fixedHeaderLen(family);
  if (!isThere || ipVersion(view, inner) !== family) return TUNNEL_NO_PACKET;
  if (!ecnDecapsulate(view, mb.off[m]!, inner)) return TUNNEL_ECN_DROP;
  mb.adj(m, outerLen);
  // How the outer packet was addressed says nothing of the inner one.
  mb.flags[m]! &= ~M_BCAST;
  return TUNNEL_LEFT;
}
