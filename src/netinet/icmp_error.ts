// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import { ICMP_HDR_LEN, ICMP_SUM, icmpIsError, icmpPut, icmpType } from '../header/icmp.ts';
import {
  IP_OFFMASK,
  IPPROTO_ICMP,
  inLoopback,
  inMulticast,
  ipDst,
  ipOff,
  ipProto,
  ipSrc,
} from '../header/ip.ts';
import { counter } from '../kern/counters.ts';
import { NO_TAG } from '../kern/m_tag.ts';
import { M_BCAST, M_LOOP, type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import type { Inet } from './inet.ts';
import { type IpHow, ipSend } from './ip_output.ts';

const ICMP_ERRORS = counter('icmp.errors', 'ICMP errors sent');
const ICMP_NOT_ABOUT = counter(
  'icmp.notAbout',
  'no ICMP error, as RFC 1122 forbids one about this',
);
const ICMP_LIMITED = counter('icmp.limited', 'no ICMP error, as too many were sent lately');
const ICMP_NO_MBUF = counter('icmp.noMbuf', 'no mbuf for an ICMP message');

/** RFC 1122 §3.2.2: at least 8 bytes. No more: what is quoted may have come encrypted. */
const QUOTED_BYTES = 8;
/** RFC 1812 §4.3.2.5: errors go out with precedence 6. */
const HOW: IpHow = { ttl: 64, tos: 0xc0, dontFragment: false, options: null };

/**
 * Sends an ICMP error about m, which starts at its IP header and stays the caller's. word: the 32
 * bits behind the checksum, such as the MTU of the next hop. Nothing is sent where none may be.
 */
export function icmpError(
  inet: Inet,
  m: Mbuf,
  hdrLen: number,
  type: number,
  code: number,
  word: number,
): void {
  const { pool, counters } = inet;
  if (!mayBeAbout(inet, m, hdrLen)) {
    counters.n[ICMP_NOT_ABOUT]!++;
    return;
  }
  if (!inet.icmpLimit.allow()) {
    counters.n[ICMP_LIMITED]!++;
    return;
  }
  // An mbuf of its own: the tags of m say how m came, not how this goes.
  const e = pool.alloc();
  if (e === NO_MBUF) {
    counters.n[ICMP_NO_MBUF]!++;
    return;
  }
  const v = pool.view;
  const from = pool.off[m]!;
  const quoted = Math.min(hdrLen + QUOTED_BYTES, pool.len[m]!);
  pool.append(e, ICMP_HDR_LEN + quoted);
  const at = pool.off[e]!;
  icmpPut(v, at, type, code, word);
  pool.data.copyWithin(at + ICMP_HDR_LEN, from, from + quoted);
  v.setUint16(at + ICMP_SUM, cksum(v, at, ICMP_HDR_LEN + quoted));
  const to = ipDst(v, from);
  counters.n[ICMP_ERRORS]!++;
  ipSend(inet, e, sourceFor(inet, m, to), ipSrc(v, from), IPPROTO_ICMP, HOW);
}

/**
 * The address that the packet was for, if it is ours; else 0, ip_output's choice. But what came
 * through IPsec is answered through IPsec (RFC 4301 §5.2, §6): from an address on the side that it
 * was going to, which the policy that let it in is about.
 */
function sourceFor(inet: Inet, m: Mbuf, to: number): number {
  if (inet.addrs.isLocal(to)) return to;
  if (inet.pool.firstTag[m] === NO_TAG) return 0;
  const ifp = inet.routeTo(to);
  return ifp === null ? 0 : inet.addrs.sourceFor(ifp, to);
}

/** RFC 1122 §3.2.2: "An ICMP error message MUST NOT be sent as the result of receiving: …" */
function mayBeAbout(inet: Inet, m: Mbuf, hdrLen: number): boolean {
  const { pool, addrs } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  const src = ipSrc(v, at);
  const dst = ipDst(v, at);
  if ((ipOff(v, at) & IP_OFFMASK) !== 0) return false;
  if ((pool.flags[m]! & M_BCAST) !== 0 || inMulticast(dst) || addrs.isBroadcast(dst)) return false;
  if (src === 0 || inMulticast(src) || addrs.isBroadcast(src)) return false;
  if (inLoopback(src) && (pool.flags[m]! & M_LOOP) === 0) return false;
  if (ipProto(v, at) !== IPPROTO_ICMP) return true;
  return pool.len[m]! > hdrLen && !icmpIsError(icmpType(v, at + hdrLen));
}
