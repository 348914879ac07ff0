// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import { ICMP_PARAMPROB, ICMP_UNREACH, ICMP_UNREACH_PROTOCOL } from '../header/icmp.ts';
import {
  IP_HDR_LEN,
  IP_MF,
  IP_OFFMASK,
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_UDP,
  inLoopback,
  inMulticast,
  ipDst,
  ipHdrLen,
  ipLen,
  ipOff,
  ipProto,
  ipSrc,
  ipVersion,
} from '../header/ip.ts';
import { counter } from '../kern/counters.ts';
import { M_BCAST, M_LOOP, type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import { icmpError } from './icmp_error.ts';
import type { Inet } from './inet.ts';
import { IP_OPTIONS_RIGHT, IP_OPTIONS_SOURCE_ROUTE, ipOptionsCheck } from './ip_options.ts';
import { ipReass } from './ip_reass.ts';
import { NO_IPSEC } from './ipsec_hook.ts';

const IP_RECEIVED = counter('ip.received', 'IPv4 packets received');
const IP_DELIVERED = counter('ip.delivered', 'IPv4 packets given to an upper protocol or to IPsec');
const IP_SHORT = counter('ip.short', 'packet shorter than its IPv4 header');
const IP_BAD_VERSION = counter('ip.badVersion', 'IP version is not 4');
const IP_BAD_HDR_LEN = counter('ip.badHdrLen', 'header length below 20 bytes or beyond the packet');
const IP_BAD_SUM = counter('ip.badSum', 'IPv4 header checksum wrong');
const IP_BAD_LEN = counter('ip.badLen', 'total length below the header length');
const IP_TOO_SHORT = counter('ip.tooShort', 'fewer bytes than the total length says');
const IP_BAD_SOURCE = counter('ip.badSource', 'source is a broadcast or multicast address');
const IP_MARTIAN = counter('ip.martian', 'address of 127/8 from outside the host');
const IP_LINK_BROADCAST = counter('ip.linkBroadcast', 'IP unicast in a link-level broadcast');
const IP_BAD_OPTIONS = counter('ip.badOptions', 'malformed IPv4 options');
const IP_SOURCE_ROUTE = counter('ip.sourceRoute', 'source-routed packet, refused');
const IP_MULTICAST = counter('ip.multicast', 'packet to a multicast group that nobody here joined');
const IP_FORWARD = counter('ip.forward', 'packet for another host, and this one forwards nothing');
const IP_REFUSED_BY_POLICY = counter('ip.refusedByPolicy', 'IPsec policy does not let it in');
const IP_NO_PROTO = counter('ip.noProto', 'packet of an unknown upper protocol');
/** No counter: the packet is right. */
const RIGHT = -1;

/** A packet came in; m starts at its IPv4 header, link padding may follow. Owns m. */
export function ipInput(inet: Inet, m: Mbuf): void {
  const { pool, counters } = inet;
  counters.n[IP_RECEIVED]!++;
  const why = check(inet, m);
  if (why !== RIGHT) {
    counters.n[why]!++;
    pool.free(m);
    return;
  }
  const v = pool.view;
  const at = pool.off[m]!;
  const hdrLen = ipHdrLen(v, at);
  const dst = ipDst(v, at);
  if (!inet.addrs.isLocal(dst) && !inet.addrs.isBroadcast(dst)) {
    if (inet.forward !== null) {
      inet.forward(inet, m, hdrLen);
      return;
    }
    counters.n[IP_FORWARD]!++;
    pool.free(m);
  } else if ((ipOff(v, at) & (IP_MF | IP_OFFMASK)) === 0) {
    ipDeliver(inet, m, hdrLen);
  } else {
    const whole = ipReass(inet, m, hdrLen);
    if (whole !== NO_MBUF) ipDeliver(inet, whole, ipHdrLen(v, pool.off[whole]!));
  }
}

/** What RFC 1122 §3.2.1 has a host look at. RIGHT, or the counter of the fault; cuts link padding. */
function check(inet: Inet, m: Mbuf): number {
  const { pool, addrs } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  const have = pool.len[m]!;
  if (have < IP_HDR_LEN) return IP_SHORT;
  if (ipVersion(v, at) !== 4) return IP_BAD_VERSION; // §3.2.1.1
  const hdrLen = ipHdrLen(v, at);
  if (hdrLen < IP_HDR_LEN || hdrLen > have) return IP_BAD_HDR_LEN;
  if (cksum(v, at, hdrLen) !== 0) return IP_BAD_SUM; // §3.2.1.2
  const total = ipLen(v, at);
  if (total < hdrLen) return IP_BAD_LEN;
  if (total > have) return IP_TOO_SHORT;
  if (total < have) pool.adj(m, total - have);
  const src = ipSrc(v, at);
  const dst = ipDst(v, at);
  if (inMulticast(src) || addrs.isBroadcast(src)) return IP_BAD_SOURCE; // §3.2.1.3
  const flags = pool.flags[m]!;
  if ((inLoopback(src) || inLoopback(dst)) && (flags & M_LOOP) === 0) return IP_MARTIAN; // §3.2.1.3(g)
  if (inMulticast(dst)) return IP_MULTICAST;
  // §3.3.6: such a packet was meant for somebody else.
  if ((flags & M_BCAST) !== 0 && !addrs.isBroadcast(dst)) {
    return IP_LINK_BROADCAST;
  }
  return hdrLen === IP_HDR_LEN ? RIGHT : checkOptions(inet, m, hdrLen);
}

function checkOptions(inet: Inet, m: Mbuf, hdrLen: number): number {
  const fault = ipOptionsCheck(inet.pool.data, inet.pool.off[m]!, hdrLen);
  if (fault === IP_OPTIONS_RIGHT) return RIGHT;
  if (fault === IP_OPTIONS_SOURCE_ROUTE) return IP_SOURCE_ROUTE;
  icmpError(inet, m, hdrLen, ICMP_PARAMPROB, 0, fault << 24); // §3.2.2.5
  return IP_BAD_OPTIONS;
}

/**
 * Gives a checked, whole packet to IPsec or, if policy lets it in, to its upper protocol. IPsec
 * comes back here with a transport-mode packet that it took the ESP from. Owns m.
 */
export function ipDeliver(inet: Inet, m: Mbuf, hdrLen: number): void {
  const { pool, counters, ipsec } = inet;
  const proto = ipProto(pool.view, pool.off[m]!);
  if ((proto === IPPROTO_ESP || proto === IPPROTO_AH) && ipsec !== NO_IPSEC) {
    counters.n[IP_DELIVERED]!++;
    ipsec.input(m, 4, hdrLen, proto);
    return;
  }
  if (proto === IPPROTO_UDP && ipsec.udpInput(m, 4, hdrLen)) {
    counters.n[IP_DELIVERED]!++;
    return;
  }
  if (ipsec.checkIn(m, 4, hdrLen, proto) !== 0) {
    counters.n[IP_REFUSED_BY_POLICY]!++;
    pool.free(m);
    return;
  }
  const input = inet.protosw.input(proto);
  if (input === null) {
    icmpError(inet, m, hdrLen, ICMP_UNREACH, ICMP_UNREACH_PROTOCOL, 0); // §3.2.2.1
    counters.n[IP_NO_PROTO]!++;
    pool.free(m);
    return;
  }
  counters.n[IP_DELIVERED]!++;
  input(inet, m, hdrLen, proto);
}
