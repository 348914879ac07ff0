// SPDX-License-Identifier: BSD-2-Clause
import {
  ICMP6_PARAM_PROB,
  ICMP6_PARAMPROB_FIRST_FRAGMENT,
  ICMP6_PARAMPROB_HEADER,
} from '../header/icmp6.ts';
import { IPPROTO_UDP } from '../header/ip.ts';
import { IP6_HDR_LEN, IP6_MAXPAYLOAD, IP6_PLEN, IP6_SRC, IPPROTO_ICMPV6 } from '../header/ip6.ts';
import {
  IP6F_LEN,
  IP6F_OFFLG,
  Ip6Chain,
  ip6fIdent,
  ip6fMore,
  ip6fOffset,
  ip6NxtOff,
  ip6Walk,
} from '../header/ip6_ext.ts';
import { counter } from '../kern/counters.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import { icmp6Error } from './icmp6_error.ts';
import type { Inet } from './inet.ts';
import { REASS_BAD, REASS_HEADER_ROOM } from './reass.ts';

const FRAG6_ATOMIC = counter('frag6.atomic', 'atomic fragments, taken as they are');
const FRAG6_NO_CHAIN = counter('frag6.noChain', 'first fragments without the whole header chain');
const FRAG6_LONG = counter('frag6.longHeaders', 'fragments behind headers too long to keep');

const chain = new Ip6Chain();

/**
 * A fragment (RFC 8200 §4.5): m starts at its IPv6 header, the fragment header is at off and named by
 * the byte at nxtOff. Owns m. The whole packet, with the headers of its first fragment and without
 * the fragment header; or NO_MBUF.
 */
export function frag6Input(inet: Inet, m: Mbuf, nxtOff: number, off: number): Mbuf {
  const { pool, reass, counters } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  const size = pool.len[m]! - off - IP6F_LEN;
  if (size < 0) return drop(inet, m, REASS_BAD);
  const begin = ip6fOffset(v, at + off);
  const more = ip6fMore(v, at + off);
  if (begin === 0 && !more) {
    // RFC 6946 §4: on its own, whatever fragments of that identification are here.
    counters.n[FRAG6_ATOMIC]!++;
    return withoutFragmentHeader(inet, m, nxtOff, off);
  }
  if (off + IP6F_LEN > REASS_HEADER_ROOM) return drop(inet, m, FRAG6_LONG);
  if (size === 0) return drop(inet, m, REASS_BAD);
  if (more && (size & 7) !== 0) {
    icmp6Error(inet, m, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_HEADER, IP6_PLEN);
    return drop(inet, m, REASS_BAD);
  }
  if (off - IP6_HDR_LEN + begin + size > IP6_MAXPAYLOAD) {
    icmp6Error(inet, m, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_HEADER, off + IP6F_OFFLG);
    return drop(inet, m, REASS_BAD);
  }
  if (begin === 0 && !hasWholeChain(inet, m)) {
    icmp6Error(inet, m, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_FIRST_FRAGMENT, 0); // RFC 7112 §5
    return drop(inet, m, FRAG6_NO_CHAIN);
  }
  const { key } = reass;
  for (let i = 0; i < 8; i++) key[i] = v.getUint32(at + IP6_SRC + 4 * i);
  key[8] = ip6fIdent(v, at + off);
  const whole = reass.input(m, off + IP6F_LEN, begin, more);
  if (whole === NO_MBUF) return NO_MBUF;
  // The first fragment's headers count, and may be others than those of the last.
  const wholeAt = pool.off[whole]!;
  ip6Walk(v, wholeAt, pool.len[whole]!, chain);
  const { fragOff } = chain;
  if (pool.len[whole]! - IP6F_LEN - IP6_HDR_LEN > IP6_MAXPAYLOAD) {
    return drop(inet, whole, REASS_BAD);
  }
  return withoutFragmentHeader(inet, whole, ip6NxtOff(v, wholeAt, fragOff), fragOff);
}

/**
 * RFC 7112 §5: does the first fragment hold all headers up to the upper protocol's? Policy and
 * demultiplexing look at those.
 */
function hasWholeChain(inet: Inet, m: Mbuf): boolean {
  const { pool } = inet;
  if (ip6Walk(pool.view, pool.off[m]!, pool.len[m]!, chain) !== 0) return false;
  const least = chain.proto === IPPROTO_UDP || chain.proto === IPPROTO_ICMPV6 ? 8 : 0;
  return chain.off + least <= pool.len[m]!;
}

/** Takes the fragment header out: what stands before it moves up over it. */
function withoutFragmentHeader(inet: Inet, m: Mbuf, nxtOff: number, off: number): Mbuf {
  const { pool } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  v.setUint8(at + nxtOff, v.getUint8(at + off));
  pool.data.copyWithin(at + IP6F_LEN, at, at + off);
  pool.adj(m, IP6F_LEN);
  v.setUint16(pool.off[m]! + IP6_PLEN, pool.len[m]! - IP6_HDR_LEN);
  return m;
}

function drop(inet: Inet, m: Mbuf, why: number): Mbuf {
  inet.counters.n[why]!++;
  inet.pool.free(m);
  return NO_MBUF;
}
