// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import {
  IP_DF,
  IP_DST,
  IP_HDR_LEN,
  IP_MAXPACKET,
  IP_SRC,
  IP_SUM,
  ipDst,
  ipHdrLen,
  ipLen,
  ipOff,
  ipPut,
  ipSrc,
} from '../header/ip.ts';
import { counter } from '../kern/counters.ts';
import { EHOSTUNREACH, EINPROGRESS, EMSGSIZE, ENETDOWN, ENOBUFS } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { IFF_UP } from '../net/ifnet.ts';
import { etherOutput } from './ether_output.ts';
import type { Inet } from './inet.ts';
import { ipFragment } from './ip_fragment.ts';

const IP_SENT = counter('ip.sent', 'IPv4 packets given to ip_output');
const IP_NO_ROUTE = counter('ip.noRoute', 'no route to the destination');
const IP_IF_DOWN = counter('ip.ifDown', 'interface of the route is down');
const IP_CANT_FRAG = counter('ip.cantFrag', 'longer than the MTU, and fragments forbidden');
const IP_TOO_LONG = counter('ip.tooLong', 'longer than 65535 bytes');
const IP_NO_HEADROOM = counter('ip.noHeadroom', 'no room for the IP header');

/** How a packet is to be sent; a socket has one, IP_DEFAULTS is everybody else's. */
export interface IpHow {
  readonly ttl: number;
  readonly tos: number;
  readonly dontFragment: boolean;
  /** Options, a multiple of 4 bytes and at most 40. */
  readonly options: Uint8Array | null;
}

export const IP_DEFAULTS: IpHow = { ttl: 64, tos: 0, dontFragment: false, options: null };

/**
 * Prepends an IPv4 header to m, which starts at the upper protocol's, and sends it. src 0: the
 * address of the interface that the route says. Owns m. 0 or errno.
 */
export function ipSend(
  inet: Inet,
  m: Mbuf,
  src: number,
  dst: number,
  proto: number,
  how: IpHow,
): number {
  const { pool } = inet;
  const { options } = how;
  const hdrLen = IP_HDR_LEN + (options === null ? 0 : options.length);
  if (pool.len[m]! + hdrLen > IP_MAXPACKET) return drop(inet, m, IP_TOO_LONG, EMSGSIZE);
  if (!pool.prepend(m, hdrLen)) return drop(inet, m, IP_NO_HEADROOM, ENOBUFS);
  const v = pool.view;
  const at = pool.off[m]!;
  const off = how.dontFragment ? IP_DF : 0;
  ipPut(v, at, hdrLen, how.tos, pool.len[m]!, inet.nextId(), off, how.ttl, proto);
  v.setUint32(at + IP_SRC, src);
  v.setUint32(at + IP_DST, dst);
  if (options !== null) pool.data.set(options, at + IP_HDR_LEN);
  return ipOutput(inet, m);
}

/**
 * Sends m, which starts at a complete IPv4 header (the checksum is filled in here): IPsec, route,
 * MTU, fragments. IPsec comes back through here with what it made of a packet. Owns m. 0 or errno.
 */
export function ipOutput(inet: Inet, m: Mbuf): number {
  const { pool, routes, counters } = inet;
  const v = pool.view;
  counters.n[IP_SENT]!++;
  const inner = pool.off[m]!;
  if (ipSrc(v, inner) === 0) {
    const r = routes.lookup(ipDst(v, inner));
    if (r < 0) return drop(inet, m, IP_NO_ROUTE, EHOSTUNREACH);
    v.setUint32(inner + IP_SRC, inet.addrs.sourceFor(routes.ifp(r), ipDst(v, inner)));
  }
  if ((ipOff(v, inner) & IP_DF) !== 0) {
    const mtu = inet.ipsec.pathMtu(m, 4);
    if (mtu !== 0 && ipLen(v, inner) > mtu) return drop(inet, m, IP_CANT_FRAG, EMSGSIZE);
  }
  const taken = inet.ipsec.output(m, 4);
  if (taken !== 0) return taken === EINPROGRESS ? 0 : taken;

  const at = pool.off[m]!;
  const dst = ipDst(v, at);
  const route = routes.lookup(dst);
  if (route < 0) return drop(inet, m, IP_NO_ROUTE, EHOSTUNREACH);
  const ifp = routes.ifp(route);
  if ((ifp.flags & IFF_UP) === 0) return drop(inet, m, IP_IF_DOWN, ENETDOWN);
  const nextHop = routes.nextHop(route, dst);
  if (ipLen(v, at) <= ifp.mtu) {
    v.setUint16(at + IP_SUM, 0);
    v.setUint16(at + IP_SUM, cksum(v, at, ipHdrLen(v, at)));
    return etherOutput(inet, ifp, m, nextHop);
  }
  if ((ipOff(v, at) & IP_DF) !== 0) return drop(inet, m, IP_CANT_FRAG, EMSGSIZE);
  return ipFragment(inet, ifp, m, nextHop);
}

function drop(inet: Inet, m: Mbuf, why: number, errno: number): number {
  inet.counters.n[why]!++;
  inet.pool.free(m);
  return errno;
}
