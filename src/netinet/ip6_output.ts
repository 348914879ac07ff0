// SPDX-License-Identifier: BSD-2-Clause
import {
  IP6_DST,
  IP6_HDR_LEN,
  IP6_SRC,
  in6IsLinkLocal,
  in6IsMulticast,
  in6Put,
  ip6Plen,
} from '../header/ip6.ts';
import { counter } from '../kern/counters.ts';
import { EHOSTUNREACH, EINPROGRESS, EMSGSIZE, ENETDOWN } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { IFF_UP, type Ifnet } from '../net/ifnet.ts';
import type { Inet } from './inet.ts';
import { ip6Fragment } from './ip6_fragment.ts';
import { nd6Output } from './nd6.ts';

const IP6_SENT = counter('ip6.sent', 'IPv6 packets given to ip6_output');
const IP6_NO_ROUTE = counter('ip6.noRoute', 'no route to the IPv6 destination');
const IP6_IF_DOWN = counter('ip6.ifDown', 'interface of the IPv6 route is down');
const IP6_TOO_BIG = counter('ip6.tooBig', 'longer than the MTU, and not ours to cut');

/**
 * Sends m, which starts at a complete IPv6 header: IPsec, route, MTU, fragments. IPsec comes back
 * through here with what it made of a packet. via: the interface whose link a link-local destination
 * or group is on; null: that of the route. Owns m. 0 or errno.
 */
export function ip6Output(inet: Inet, m: Mbuf, via: Ifnet | null = null): number {
  inet.counters.n[IP6_SENT]!++;
  const taken = inet.ipsec.output(m, 6);
  if (taken !== 0) return taken === EINPROGRESS ? 0 : taken;
  return ip6Route(inet, m, via, true);
}

/**
 * The way behind IPsec: route, MTU, neighbour. isOurs: the packet is of this host's making, and may
 * be cut; what a router passes on may not (RFC 8200 §5). Owns m. 0 or errno.
 */
export function ip6Route(inet: Inet, m: Mbuf, via: Ifnet | null, isOurs: boolean): number {
  const { pool } = inet;
  const { routes, pmtu } = inet.ip6;
  const v = pool.view;
  const at = pool.off[m]!;
  const w0 = v.getUint32(at + IP6_DST);
  const w1 = v.getUint32(at + IP6_DST + 4);
  const w2 = v.getUint32(at + IP6_DST + 8);
  const w3 = v.getUint32(at + IP6_DST + 12);
  const route = via !== null && isOfLink(w0) ? -1 : routes.lookup(w0, w1, w2, w3);
  const ifp = route < 0 ? via : routes.ifp(route);
  if (ifp === null || (route < 0 && !isOfLink(w0))) {
    return drop(inet, m, IP6_NO_ROUTE, EHOSTUNREACH);
  }
  if ((ifp.flags & IFF_UP) === 0) return drop(inet, m, IP6_IF_DOWN, ENETDOWN);
  const len = IP6_HDR_LEN + ip6Plen(v, at);
  if (len > ifp.mtu || (isOurs && len > pmtu.lookup(w0, w1, w2, w3))) {
    if (!isOurs) return drop(inet, m, IP6_TOO_BIG, EMSGSIZE);
    const mtu = Math.min(ifp.mtu, pmtu.lookup(w0, w1, w2, w3));
    return ip6Fragment(inet, ifp, m, mtu, route);
  }
  return ip6NextHop(inet, ifp, m, route);
}

/** Hands m to its neighbour by ifp: the route's gateway, or its own destination. Owns m. */
export function ip6NextHop(inet: Inet, ifp: Ifnet, m: Mbuf, route: number): number {
  const { routes } = inet.ip6;
  if (route >= 0 && routes.hasGateway(route)) {
    return nd6Output(
      inet,
      ifp,
      m,
      routes.gateway(route, 0),
      routes.gateway(route, 1),
      routes.gateway(route, 2),
      routes.gateway(route, 3),
    );
  }
  const v = inet.pool.view;
  const d = inet.pool.off[m]! + IP6_DST;
  return nd6Output(
    inet,
    ifp,
    m,
    v.getUint32(d),
    v.getUint32(d + 4),
    v.getUint32(d + 8),
    v.getUint32(d + 12),
  );
}

function isOfLink(w0: number): boolean {
  return in6IsLinkLocal(w0) || in6IsMulticast(w0);
}

/**
 * Writes into the header at `at` the source address for its destination (RFC 6724). False: there is
 * no route, or no address.
 */
export function ip6FillSource(inet: Inet, at: number, via: Ifnet | null = null): boolean {
  const { routes, addrs } = inet.ip6;
  const v = inet.pool.view;
  const w0 = v.getUint32(at + IP6_DST);
  const w1 = v.getUint32(at + IP6_DST + 4);
  const w2 = v.getUint32(at + IP6_DST + 8);
  const w3 = v.getUint32(at + IP6_DST + 12);
  let ifp = isOfLink(w0) ? via : null;
  if (ifp === null) {
    const route = routes.lookup(w0, w1, w2, w3);
    if (route < 0) return false;
    ifp = routes.ifp(route);
  }
  const i = addrs.sourceFor(ifp, w0, w1, w2, w3);
  if (i < 0) return false;
  in6Put(v, at + IP6_SRC, addrs.word(i, 0), addrs.word(i, 1), addrs.word(i, 2), addrs.word(i, 3));
  return true;
}

/**
 * The largest packet that goes in one piece to the destination of m, which starts at its IPv6
 * header, once IPsec has added what it adds; 0: no route.
 */
export function ip6PathMtu(inet: Inet, m: Mbuf): number {
  const inTunnel = inet.ipsec.pathMtu(m, 6);
  if (inTunnel !== 0) return inTunnel;
  const { routes, pmtu } = inet.ip6;
  const v = inet.pool.view;
  const d = inet.pool.off[m]! + IP6_DST;
  const w0 = v.getUint32(d);
  const w1 = v.getUint32(d + 4);
  const w2 = v.getUint32(d + 8);
  const w3 = v.getUint32(d + 12);
  const route = routes.lookup(w0, w1, w2, w3);
  if (route < 0) return 0;
  return Math.min(routes.ifp(route).mtu, pmtu.lookup(w0, w1, w2, w3));
}

function drop(inet: Inet, m: Mbuf, why: number, errno: number): number {
  inet.counters.n[why]!++;
  inet.pool.free(m);
  return errno;
}
