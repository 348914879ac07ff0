// SPDX-License-Identifier: BSD-2-Clause
import {
  ICMP6_PARAM_PROB,
  ICMP6_PARAMPROB_HEADER,
  ICMP6_PARAMPROB_NEXTHEADER,
  ICMP6_PARAMPROB_OPTION,
  icmp6IsNd,
  icmp6Type,
} from '../header/icmp6.ts';
import { IPPROTO_AH, IPPROTO_ESP, IPPROTO_UDP } from '../header/ip.ts';
import {
  IP6_DST,
  IP6_HDR_LEN,
  IP6_NXT,
  IP6_SRC,
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMPV6,
  IPPROTO_NONE,
  IPPROTO_ROUTING,
  in6IsAny,
  in6IsLoopback,
  in6IsMulticast,
  in6IsV4Mapped,
  in6McScope,
  ip6Hlim,
  ip6Nxt,
  ip6Plen,
  ip6Version,
} from '../header/ip6.ts';
import {
  IP6_EXT_MAX,
  IP6_EXT_MAX_BYTES,
  IP6R_SEGLEFT,
  IP6R_TYPE,
  ip6ExtLen,
  ip6IsExt,
  ip6NxtOff,
} from '../header/ip6_ext.ts';
import { counter } from '../kern/counters.ts';
import { M_LOOP, type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import { frag6Input } from './frag6.ts';
import { icmp6Error } from './icmp6_error.ts';
import type { Inet } from './inet.ts';
import {
  IP6_OPTIONS_RIGHT,
  IP6OPT_ICMP,
  IP6OPT_ICMP_UNLESS_GROUP,
  ip6OptionsCheck,
} from './ip6_options.ts';
import { NO_IPSEC } from './ipsec_hook.ts';

const IP6_RECEIVED = counter('ip6.received', 'IPv6 packets received');
const IP6_DELIVERED = counter('ip6.delivered', 'IPv6 packets given to an upper protocol or IPsec');
const IP6_SHORT = counter('ip6.short', 'packet shorter than its IPv6 header');
const IP6_BAD_VERSION = counter('ip6.badVersion', 'IP version is not 6');
const IP6_TOO_SHORT = counter('ip6.tooShort', 'fewer bytes than the payload length says');
const IP6_BAD_SOURCE = counter('ip6.badSource', 'IPv6 source is a group or maps IPv4');
const IP6_BAD_DEST = counter('ip6.badDest', 'IPv6 destination is ::, maps IPv4 or has no scope');
const IP6_MARTIAN = counter('ip6.martian', '::1 or a group of this host from outside the host');
const IP6_MULTICAST = counter('ip6.multicast', 'packet to an IPv6 group that nobody here joined');
const IP6_FORWARD = counter('ip6.forward', 'IPv6 for another host, and none forwards here');
const IP6_REFUSED_BY_POLICY = counter('ip6.refusedByPolicy', 'IPsec policy does not let it in');
const IP6_NO_PROTO = counter('ip6.noProto', 'IPv6 packet of an unknown upper protocol');
const IP6_NO_NEXT = counter('ip6.noNext', 'IPv6 packet with nothing behind its headers');
const IP6_BAD_EXT = counter('ip6.badExt', 'extension header beyond the packet or out of place');
const IP6_TOO_MANY_EXT = counter('ip6.tooManyExt', 'too many extension headers, or bytes of them');
const IP6_NESTED_FRAG = counter('ip6.nestedFrag', 'fragment inside a fragment');
const IP6_BAD_OPTIONS = counter('ip6.badOptions', 'IPv6 options malformed or not known here');
const IP6_ROUTING = counter('ip6.routing', 'routing header that would have us forward, refused');
/** No counter: the packet goes on. */
const RIGHT = -1;

/** A packet came in; m starts at its IPv6 header, link padding may follow. Owns m. */
export function ip6Input(inet: Inet, m: Mbuf): void {
  const { pool, counters, ip6 } = inet;
  counters.n[IP6_RECEIVED]!++;
  const why = check(inet, m);
  if (why !== RIGHT) {
    counters.n[why]!++;
    pool.free(m);
    return;
  }
  const v = pool.view;
  const d = pool.off[m]! + IP6_DST;
  const w0 = v.getUint32(d);
  const w1 = v.getUint32(d + 4);
  const w2 = v.getUint32(d + 8);
  const w3 = v.getUint32(d + 12);
  if (in6IsMulticast(w0)) {
    if (ip6.addrs.isJoined(w0, w1, w2, w3, ip6.forward !== null)) {
      ip6Deliver(inet, m, IP6_HDR_LEN);
      return;
    }
    counters.n[IP6_MULTICAST]!++;
    pool.free(m);
    return;
  }
  if (ip6.addrs.isLocal(w0, w1, w2, w3)) {
    ip6Deliver(inet, m, IP6_HDR_LEN);
    return;
  }
  if (ip6.forward !== null) {
    ip6.forward(inet, m);
    return;
  }
  counters.n[IP6_FORWARD]!++;
  pool.free(m);
}

/** RIGHT, or the counter of the fault; cuts link padding. Reads what every hop must. */
function check(inet: Inet, m: Mbuf): number {
  const { pool } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  const have = pool.len[m]!;
  if (have < IP6_HDR_LEN) return IP6_SHORT;
  if (ip6Version(v, at) !== 6) return IP6_BAD_VERSION;
  const total = IP6_HDR_LEN + ip6Plen(v, at);
  if (total > have) return IP6_TOO_SHORT;
  if (total < have) pool.adj(m, total - have);
  const s0 = v.getUint32(at + IP6_SRC);
  const s1 = v.getUint32(at + IP6_SRC + 4);
  const s2 = v.getUint32(at + IP6_SRC + 8);
  const s3 = v.getUint32(at + IP6_SRC + 12);
  const d0 = v.getUint32(at + IP6_DST);
  const d1 = v.getUint32(at + IP6_DST + 4);
  const d2 = v.getUint32(at + IP6_DST + 8);
  const d3 = v.getUint32(at + IP6_DST + 12);
  if (in6IsMulticast(s0) || in6IsV4Mapped(s0, s1, s2)) return IP6_BAD_SOURCE; // RFC 4291 §2.7
  if (in6IsAny(d0, d1, d2, d3) || in6IsV4Mapped(d0, d1, d2)) return IP6_BAD_DEST; // §2.5.2
  const isGroup = in6IsMulticast(d0);
  if (isGroup && in6McScope(d0) === 0) return IP6_BAD_DEST; // §2.7
  if ((pool.flags[m]! & M_LOOP) === 0) {
    // §2.5.3, and §2.7: scope 1 does not leave its interface.
    if (in6IsLoopback(s0, s1, s2, s3) || in6IsLoopback(d0, d1, d2, d3)) return IP6_MARTIAN;
    if (isGroup && in6McScope(d0) === 1) return IP6_MARTIAN;
  }
  if (ip6Nxt(v, at) !== IPPROTO_HOPOPTS) return RIGHT;
  return options(inet, m, IPPROTO_HOPOPTS, IP6_HDR_LEN);
}

/** The options header `nxt` at `off` of m. RIGHT, or the counter of the fault; the sender is told. */
function options(inet: Inet, m: Mbuf, nxt: number, off: number): number {
  const { pool } = inet;
  const at = pool.off[m]!;
  if (off + 8 > pool.len[m]!) return IP6_BAD_EXT;
  const len = ip6ExtLen(pool.view, at + off, nxt);
  if (off + len > pool.len[m]!) return IP6_BAD_EXT;
  if (len > IP6_EXT_MAX_BYTES) return IP6_TOO_MANY_EXT;
  const fault = ip6OptionsCheck(pool.data, at + off, len);
  if (fault === IP6_OPTIONS_RIGHT) return RIGHT;
  const action = fault >> 16;
  const pointer = off + (fault & 0xffff);
  if (action === 0) {
    icmp6Error(inet, m, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_HEADER, pointer);
  } else if (action === IP6OPT_ICMP || action === IP6OPT_ICMP_UNLESS_GROUP) {
    const isGroup = in6IsMulticast(pool.view.getUint32(at + IP6_DST));
    if (action === IP6OPT_ICMP || !isGroup) {
      icmp6Error(inet, m, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_OPTION, pointer);
    }
  }
  return IP6_BAD_OPTIONS;
}

/**
 * Follows the extension headers of a packet for this host from the one at hdrLen on, strictly in
 * order (RFC 8200 §4), and gives it to IPsec or, if policy lets it in, to its upper protocol. IPsec
 * comes back here with a transport-mode packet that it took the ESP from. Owns m.
 */
export function ip6Deliver(inet: Inet, m: Mbuf, hdrLen: number): void {
  const { pool, counters } = inet;
  const v = pool.view;
  let off = hdrLen;
  let nxtOff = hdrLen === IP6_HDR_LEN ? IP6_NXT : ip6NxtOff(v, pool.off[m]!, hdrLen);
  let nxt = v.getUint8(pool.off[m]! + nxtOff);
  let wasFragment = false;
  for (let n = 0; ip6IsExt(nxt); n++) {
    if (n === IP6_EXT_MAX || off > IP6_HDR_LEN + IP6_EXT_MAX_BYTES) {
      end(inet, m, IP6_TOO_MANY_EXT);
      return;
    }
    if (nxt === IPPROTO_FRAGMENT) {
      // That comes from nobody who means well.
      if (wasFragment) {
        end(inet, m, IP6_NESTED_FRAG);
        return;
      }
      wasFragment = true;
      const whole = frag6Input(inet, m, nxtOff, off);
      if (whole === NO_MBUF) return;
      // Its headers are those of its first fragment, which need not have come last.
      m = whole;
      nxtOff = IP6_NXT;
      off = IP6_HDR_LEN;
      n = -1;
    } else {
      const why = extension(inet, m, nxt, nxtOff, off);
      if (why !== RIGHT) {
        end(inet, m, why);
        return;
      }
      nxtOff = off;
      off += ip6ExtLen(v, pool.off[m]! + off, nxt);
    }
    nxt = v.getUint8(pool.off[m]! + nxtOff);
  }
  upper(inet, m, nxt, nxtOff, off, counters.n);
}

/** One extension header other than a fragment's. RIGHT, or the counter of what is wrong. */
function extension(inet: Inet, m: Mbuf, nxt: number, nxtOff: number, off: number): number {
  const { pool } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  if (off + 8 > pool.len[m]! || off + ip6ExtLen(v, at + off, nxt) > pool.len[m]!) {
    return IP6_BAD_EXT;
  }
  if (nxt === IPPROTO_DSTOPTS) return options(inet, m, nxt, off);
  if (nxt === IPPROTO_HOPOPTS) {
    // §4.1: only directly behind the IPv6 header, where ip6Input() has read it.
    if (nxtOff === IP6_NXT) return RIGHT;
    icmp6Error(inet, m, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_NEXTHEADER, nxtOff);
    return IP6_BAD_EXT;
  }
  // §4.4: no type is known here, type 0 least of all (RFC 5095 §3). With no segments left it says
  // nothing; else it would have this host forward.
  if (nxt !== IPPROTO_ROUTING || v.getUint8(at + off + IP6R_SEGLEFT) === 0) return RIGHT;
  icmp6Error(inet, m, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_HEADER, off + IP6R_TYPE);
  return IP6_ROUTING;
}

/** The end of the chain: IPsec, policy, the upper protocol. */
function upper(
  inet: Inet,
  m: Mbuf,
  proto: number,
  nxtOff: number,
  off: number,
  n: Float64Array,
): void {
  const { ipsec } = inet;
  if ((proto === IPPROTO_ESP || proto === IPPROTO_AH) && ipsec !== NO_IPSEC) {
    n[IP6_DELIVERED]!++;
    ipsec.input(m, 6, off, proto);
    return;
  }
  if (proto === IPPROTO_UDP && ipsec.udpInput(m, 6, off)) {
    n[IP6_DELIVERED]!++;
    return;
  }
  if (!isNeighborDiscovery(inet, m, proto, off) && ipsec.checkIn(m, 6, off, proto) !== 0) {
    end(inet, m, IP6_REFUSED_BY_POLICY);
    return;
  }
  if (proto === IPPROTO_NONE) {
    end(inet, m, IP6_NO_NEXT); // §4.7
    return;
  }
  const input = inet.ip6.protosw.input(proto);
  if (input === null) {
    icmp6Error(inet, m, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_NEXTHEADER, nxtOff); // §4
    end(inet, m, IP6_NO_PROTO);
    return;
  }
  n[IP6_DELIVERED]!++;
  input(inet, m, off, proto);
}

/**
 * Neighbour discovery passes by policy, whatever that says: an SA cannot be set up with a neighbour
 * that one cannot find. Hop limit 255 shows that no router let it in (RFC 4861 §11.2).
 */
function isNeighborDiscovery(inet: Inet, m: Mbuf, proto: number, off: number): boolean {
  if (proto !== IPPROTO_ICMPV6 || off >= inet.pool.len[m]!) return false;
  const at = inet.pool.off[m]!;
  return ip6Hlim(inet.pool.view, at) === 255 && icmp6IsNd(icmp6Type(inet.pool.view, at + off));
}

function end(inet: Inet, m: Mbuf, why: number): void {
  inet.counters.n[why]!++;
  inet.pool.free(m);
}
