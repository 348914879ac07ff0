// SPDX-License-Identifier: BSD-2-Clause
import { cksumAdd, cksumPseudo6 } from '../header/cksum.ts';
import {
  ICMP6_HDR_LEN,
  ICMP6_PACKET_TOO_BIG,
  ICMP6_PARAM_PROB,
  ICMP6_PARAMPROB_OPTION,
  ICMP6_SUM,
  icmp6IsError,
  icmp6Put,
  icmp6Type,
  ND_REDIRECT,
} from '../header/icmp6.ts';
import {
  IP6_DST,
  IP6_HDR_LEN,
  IP6_SRC,
  IPPROTO_ICMPV6,
  IPV6_MMTU,
  in6IsAny,
  in6IsLoopback,
  in6IsMulticast,
  in6Put,
  ip6Put,
} from '../header/ip6.ts';
import { Ip6Chain, ip6Walk } from '../header/ip6_ext.ts';
import { counter } from '../kern/counters.ts';
import { NO_TAG } from '../kern/m_tag.ts';
import { M_BCAST, M_LOOP, type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import type { Ifnet } from '../net/ifnet.ts';
import type { Inet } from './inet.ts';
import { ip6FillSource, ip6Output } from './ip6_output.ts';

const ICMP6_ERRORS = counter('icmp6.errors', 'ICMPv6 errors sent');
const ICMP6_NOT_ABOUT = counter(
  'icmp6.notAbout',
  'no ICMPv6 error, as RFC 4443 forbids one about this',
);
const ICMP6_LIMITED = counter('icmp6.limited', 'no ICMPv6 error, as too many were sent lately');
const ICMP6_NO_MBUF = counter('icmp6.noMbuf', 'no mbuf for an ICMPv6 message');
const ICMP6_NO_SOURCE = counter('icmp6.noSource', 'no address to send an ICMPv6 message from');

const HLIM = 64;
/** Quoted of a packet that IPsec had to do with: what is further in may be no wire's to see. */
const QUOTED_BYTES = 8;
const chain = new Ip6Chain();

/**
 * Sends an ICMPv6 error about m, which starts at its IPv6 header and stays the caller's. word: the
 * 32 bits behind the checksum: MTU or pointer. Nothing is sent where none may be.
 */
export function icmp6Error(inet: Inet, m: Mbuf, type: number, code: number, word: number): void {
  const { pool, counters } = inet;
  const fault = ip6Walk(pool.view, pool.off[m]!, pool.len[m]!, chain);
  const headers = fault === 0 ? chain.off : IP6_HDR_LEN;
  if (!mayBeAbout(inet, m, type, code)) {
    counters.n[ICMP6_NOT_ABOUT]!++;
    return;
  }
  if (!inet.ip6.icmpLimit.allow()) {
    counters.n[ICMP6_LIMITED]!++;
    return;
  }
  // An mbuf of its own: the tags of m say how m came, not how this goes.
  const e = pool.alloc();
  if (e === NO_MBUF) {
    counters.n[ICMP6_NO_MBUF]!++;
    return;
  }
  // RFC 4443 §2.4(c): as much as fits the least MTU.
  let quoted = Math.min(pool.len[m]!, IPV6_MMTU - IP6_HDR_LEN - ICMP6_HDR_LEN);
  if (pool.firstTag[m] !== NO_TAG) quoted = Math.min(quoted, headers + QUOTED_BYTES);
  const len = ICMP6_HDR_LEN + quoted;
  pool.append(e, IP6_HDR_LEN + len);
  const v = pool.view;
  const from = pool.off[m]!;
  const at = pool.off[e]!;
  const icmp = at + IP6_HDR_LEN;
  ip6Put(v, at, 0, 0, len, IPPROTO_ICMPV6, HLIM);
  icmp6Put(v, icmp, type, code, word);
  pool.data.copyWithin(icmp + ICMP6_HDR_LEN, from, from + quoted);
  pool.data.copyWithin(at + IP6_DST, from + IP6_SRC, from + IP6_SRC + 16);
  const via = inet.interfaceAt(pool.rcvIf[m]!) ?? null;
  if (!fillSource(inet, m, at, via)) {
    counters.n[ICMP6_NO_SOURCE]!++;
    pool.free(e);
    return;
  }
  const pseudo = cksumPseudo6(v, at + IP6_SRC, IPPROTO_ICMPV6, len);
  v.setUint16(icmp + ICMP6_SUM, ~cksumAdd(v, icmp, len, pseudo) & 0xffff);
  counters.n[ICMP6_ERRORS]!++;
  ip6Output(inet, e, via);
}

/**
 * RFC 4443 §2.2: the address that m was for, if it is ours; else the one for the way back. But what
 * came through IPsec is answered through IPsec (RFC 4301 §5.2, §6): from an address on the side that
 * it was going to, which the policy that let it in is about. False: there is none.
 */
function fillSource(inet: Inet, m: Mbuf, at: number, via: Ifnet | null): boolean {
  const { pool } = inet;
  const { addrs } = inet.ip6;
  const v = pool.view;
  const d = pool.off[m]! + IP6_DST;
  const w0 = v.getUint32(d);
  const w1 = v.getUint32(d + 4);
  const w2 = v.getUint32(d + 8);
  const w3 = v.getUint32(d + 12);
  let i = addrs.find(w0, w1, w2, w3);
  if (i < 0 && pool.firstTag[m] !== NO_TAG) {
    const ifp = inet.ip6.routeTo(w0, w1, w2, w3);
    if (ifp !== null) i = addrs.sourceFor(ifp, w0, w1, w2, w3);
  }
  if (i < 0) return ip6FillSource(inet, at, via);
  const s = at + IP6_SRC;
  in6Put(v, s, addrs.word(i, 0), addrs.word(i, 1), addrs.word(i, 2), addrs.word(i, 3));
  return true;
}

/** RFC 4443 §2.4(e): "An ICMPv6 error message MUST NOT be originated as a result of receiving: …" */
function mayBeAbout(inet: Inet, m: Mbuf, type: number, code: number): boolean {
  const { pool } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  const s0 = v.getUint32(at + IP6_SRC);
  const s1 = v.getUint32(at + IP6_SRC + 4);
  const s2 = v.getUint32(at + IP6_SRC + 8);
  const s3 = v.getUint32(at + IP6_SRC + 12);
  if (in6IsMulticast(s0) || in6IsAny(s0, s1, s2, s3)) return false; // (e.6)
  if (in6IsLoopback(s0, s1, s2, s3) && (pool.flags[m]! & M_LOOP) === 0) return false;
  const isToGroup = in6IsMulticast(v.getUint32(at + IP6_DST)) || (pool.flags[m]! & M_BCAST) !== 0;
  // (e.3) to (e.5): path MTU discovery works for groups too, and options say so themselves.
  const isException =
    type === ICMP6_PACKET_TOO_BIG || (type === ICMP6_PARAM_PROB && code === ICMP6_PARAMPROB_OPTION);
  if (isToGroup && !isException) return false;
  if (chain.proto !== IPPROTO_ICMPV6) return true;
  if (chain.off >= pool.len[m]!) return false;
  const about = icmp6Type(v, at + chain.off);
  return !icmp6IsError(about) && about !== ND_REDIRECT; // (e.1), (e.2)
}
