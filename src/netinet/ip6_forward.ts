// SPDX-License-Identifier: BSD-2-Clause
import {
  ICMP6_DST_UNREACH,
  ICMP6_DST_UNREACH_NOROUTE,
  ICMP6_PACKET_TOO_BIG,
  ICMP6_TIME_EXCEED_TRANSIT,
  ICMP6_TIME_EXCEEDED,
} from '../header/icmp6.ts';
import {
  IP6_DST,
  IP6_HDR_LEN,
  IP6_HLIM,
  IP6_SRC,
  IPV6_MMTU,
  in6IsAny,
  in6IsLinkLocal,
  in6IsMulticast,
  ip6Hlim,
  ip6Plen,
} from '../header/ip6.ts';
import { Ip6Chain, ip6Walk } from '../header/ip6_ext.ts';
import { counter } from '../kern/counters.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { FORWARD } from '../kern/turn_rules.ts';
import { icmp6Error } from './icmp6_error.ts';
import type { Inet } from './inet.ts';
import { ip6Route } from './ip6_output.ts';

const FORWARD6_SENT = counter('forward6.sent', 'IPv6 packets passed on');
const FORWARD6_POLICY = counter('forward6.refusedByPolicy', 'IPsec policy lets it not through');
const FORWARD6_CANT = counter('forward6.cant', 'address that no router passes on');
const FORWARD6_BAD_EXT = counter('forward6.badExt', 'extension headers that lead nowhere');
const FORWARD6_HLIM = counter('forward6.hopLimit', 'hop limit used up');
const FORWARD6_NO_ROUTE = counter('forward6.noRoute', 'no route to the IPv6 destination');
const FORWARD6_TOO_BIG = counter('forward6.tooBig', 'longer than the next link takes');
/** No counter: the packet goes on. */
const RIGHT = -1;
const chain = new Ip6Chain();

/**
 * A router's Inet6.forward: passes a packet for another host on. m starts at its checked IPv6
 * header. Owns m.
 */
export function ip6Forward(inet: Inet, m: Mbuf): void {
  const { pool, counters } = inet;
  const why = check(inet, m);
  if (why !== RIGHT) {
    counters.n[why]!++;
    pool.free(m);
    return;
  }
  // The way in ends here. Policy has seen what its tags said; on the way out they would say that
  // IPsec is through with a packet that it has yet to look at.
  pool.turn(m, FORWARD);
  pool.flags[m] = 0;
  const hlim = pool.off[m]! + IP6_HLIM;
  pool.data[hlim] = pool.data[hlim]! - 1;
  counters.n[FORWARD6_SENT]!++;
  if (inet.ipsec.output(m, 6) === 0) ip6Route(inet, m, null, false);
}

/** RIGHT, or the counter of what keeps the packet here; the sender has been told. */
function check(inet: Inet, m: Mbuf): number {
  const { pool, ipsec } = inet;
  const { routes } = inet.ip6;
  const v = pool.view;
  const at = pool.off[m]!;
  // RFC 4291 §2.5.2, §2.5.6: such addresses stay on their link.
  const s0 = v.getUint32(at + IP6_SRC);
  const isAny = in6IsAny(
    s0,
    v.getUint32(at + IP6_SRC + 4),
    v.getUint32(at + IP6_SRC + 8),
    v.getUint32(at + IP6_SRC + 12),
  );
  const w0 = v.getUint32(at + IP6_DST);
  if (isAny || in6IsLinkLocal(s0) || in6IsLinkLocal(w0) || in6IsMulticast(w0)) {
    return FORWARD6_CANT;
  }
  // Policy looks at the upper protocol, so there must be a way to it.
  if (ip6Walk(v, at, pool.len[m]!, chain) !== 0) return FORWARD6_BAD_EXT;
  // RFC 4301 §5.2: policy for what comes in holds for what goes through, too.
  if (ipsec.checkIn(m, 6, chain.off, chain.proto) !== 0) return FORWARD6_POLICY;
  // RFC 8200 §3
  if (ip6Hlim(v, at) <= 1) {
    icmp6Error(inet, m, ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_TRANSIT, 0);
    return FORWARD6_HLIM;
  }
  const w1 = v.getUint32(at + IP6_DST + 4);
  const w2 = v.getUint32(at + IP6_DST + 8);
  const w3 = v.getUint32(at + IP6_DST + 12);
  const route = routes.lookup(w0, w1, w2, w3);
  if (route < 0) {
    icmp6Error(inet, m, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE, 0); // RFC 4443 §3.1
    return FORWARD6_NO_ROUTE;
  }
  // The sender is told what fits once ESP is round it (RFC 4301 §8.2.1), but no link may seem
  // smaller than IPv6 allows: what ESP makes of 1280 bytes is cut on its way.
  const inTunnel = ipsec.pathMtu(m, 6);
  const told = Math.max(inTunnel === 0 ? routes.ifp(route).mtu : inTunnel, IPV6_MMTU);
  if (IP6_HDR_LEN + ip6Plen(v, at) <= told) return RIGHT;
  icmp6Error(inet, m, ICMP6_PACKET_TOO_BIG, 0, told); // RFC 4443 §3.2
  return FORWARD6_TOO_BIG;
}
