// SPDX-License-Identifier: BSD-2-Clause
import {
  ICMP_TIMXCEED,
  ICMP_TIMXCEED_INTRANS,
  ICMP_UNREACH,
  ICMP_UNREACH_HOST,
  ICMP_UNREACH_NEEDFRAG,
} from '../header/icmp.ts';
import { IP_DF, IP_TTL, ipDst, ipLen, ipOff, ipProto, ipSrc, ipTtl } from '../header/ip.ts';
import { counter } from '../kern/counters.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { FORWARD } from '../kern/turn_rules.ts';
import { icmpError } from './icmp_error.ts';
import type { Inet } from './inet.ts';
import { ipOutput } from './ip_output.ts';

const FORWARD_SENT = counter('forward.sent', 'packets passed on');
const FORWARD_POLICY = counter('forward.refusedByPolicy', 'IPsec policy does not let it through');
const FORWARD_CANT = counter('forward.cant', 'source or destination that no router passes on');
const FORWARD_TTL = counter('forward.ttl', 'time to live used up');
const FORWARD_NO_ROUTE = counter('forward.noRoute', 'no route to the destination');
const FORWARD_NEED_FRAG = counter('forward.needFrag', 'too long, and fragments forbidden');
/** No counter: the packet goes on. */
const RIGHT = -1;

/**
 * A gateway's Inet.forward: passes a packet for another host on (RFC 1812 §5). m starts at its
 * checked IP header. Owns m.
 */
export function ipForward(inet: Inet, m: Mbuf, hdrLen: number): void {
  const { pool, counters } = inet;
  const why = check(inet, m, hdrLen);
  if (why !== RIGHT) {
    counters.n[why]!++;
    pool.free(m);
    return;
  }
  // The way in ends here. Policy has seen what its tags said; on the way out they would say that
  // IPsec is through with a packet that it has yet to look at.
  pool.turn(m, FORWARD);
  pool.flags[m] = 0;
  const ttl = pool.off[m]! + IP_TTL;
  pool.data[ttl] = pool.data[ttl]! - 1;
  counters.n[FORWARD_SENT]!++;
  ipOutput(inet, m);
}

/** RIGHT, or the counter of what keeps the packet here; the sender has been told. */
function check(inet: Inet, m: Mbuf, hdrLen: number): number {
  const { pool, routes, ipsec } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  // RFC 4301 §5.2: policy for what comes in holds for what goes through, too.
  if (ipsec.checkIn(m, 4, hdrLen, ipProto(v, at)) !== 0) return FORWARD_POLICY;
  const dst = ipDst(v, at);
  // RFC 1812 §5.3.7: network 0 and class E are no addresses of hosts.
  if (isReserved(ipSrc(v, at)) || isReserved(dst)) return FORWARD_CANT;
  // §5.3.1
  if (ipTtl(v, at) <= 1) {
    icmpError(inet, m, hdrLen, ICMP_TIMXCEED, ICMP_TIMXCEED_INTRANS, 0);
    return FORWARD_TTL;
  }
  const route = routes.lookup(dst);
  if (route < 0) {
    icmpError(inet, m, hdrLen, ICMP_UNREACH, ICMP_UNREACH_HOST, 0); // §5.2.7.1
    return FORWARD_NO_ROUTE;
  }
  if ((ipOff(v, at) & IP_DF) === 0) return RIGHT;
  // RFC 4301 §8.2.1: the sender is told what fits into the tunnel, ESP and what routers said of the
  // path taken off.
  const inTunnel = ipsec.pathMtu(m, 4);
  const mtu = inTunnel === 0 ? routes.ifp(route).mtu : inTunnel;
  if (ipLen(v, at) <= mtu) return RIGHT;
  icmpError(inet, m, hdrLen, ICMP_UNREACH, ICMP_UNREACH_NEEDFRAG, mtu); // RFC 1191 §4
  return FORWARD_NEED_FRAG;
}

function isReserved(addr: number): boolean {
  const first = addr >>> 24;
  return first === 0 || first >= 240;
}
