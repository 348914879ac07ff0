// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_UDP } from '../header/ip.ts';
import {
  type In6Addr,
  IPPROTO_ICMPV6,
  IPV6_MMTU,
  in6FromWords,
  in6LinkLocalOf,
  in6Word,
} from '../header/ip6.ts';
import { IFF_LOOPBACK, type Ifnet } from '../net/ifnet.ts';
import { icmp6Input } from './icmp6.ts';
import type { Inet } from './inet.ts';
import { nd6Announce } from './nd6.ts';
import { udp6Input } from './udp6_input.ts';

const LINK_LOCAL = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const GROUPS = Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** ICMPv6 and UDP in IPv6's demux table. */
export function registerInet6(inet: Inet): void {
  inet.ip6.protosw.register(IPPROTO_ICMPV6, icmp6Input);
  inet.ip6.protosw.register(IPPROTO_UDP, udp6Input);
}

/**
 * Gives an interface an IPv6 address, with the route to its network; the address itself is reached
 * through loopback, if there is one. The first address of a link brings the link-local one with it
 * (RFC 4291 §2.8). No duplicate address detection. Announces it on the link unless told not to.
 */
export function addAddress6(
  inet: Inet,
  ifp: Ifnet,
  addr: In6Addr,
  prefixLen: number,
  announce = false,
): void {
  // RFC 8200 §5
  if (ifp.mtu < IPV6_MMTU) {
    throw new RangeError(`${ifp.name} has an MTU of ${ifp.mtu} bytes; IPv6 needs ${IPV6_MMTU}`);
  }
  if (ifp.lladdr !== null) addLinkLocal(inet, ifp, ifp.lladdr);
  add(inet, ifp, addr, prefixLen);
  if (announce && ifp.lladdr !== null) nd6Announce(inet, ifp, inet.ip6.addrs.length - 1);
}

function addLinkLocal(inet: Inet, ifp: Ifnet, lladdr: Uint8Array): void {
  const { addrs } = inet.ip6;
  const own = in6LinkLocalOf(lladdr);
  if (addrs.isLocal(in6Word(own, 0), in6Word(own, 1), in6Word(own, 2), in6Word(own, 3))) return;
  addLinkRoutes(inet, ifp);
  addrs.add(ifp, own, 64);
  addOwnRoutes(inet);
}

/** All links share these two prefixes: the first one is where packets go that name none. */
function addLinkRoutes(inet: Inet, ifp: Ifnet): void {
  const { routes } = inet.ip6;
  if (routes.lookup(in6Word(GROUPS, 0), 0, 0, 0) >= 0) return;
  routes.add(LINK_LOCAL, 10, ifp);
  routes.add(GROUPS, 8, ifp);
}

function add(inet: Inet, ifp: Ifnet, addr: In6Addr, prefixLen: number): void {
  inet.ip6.addrs.add(ifp, addr, prefixLen);
  inet.ip6.routes.add(addr, prefixLen, ifp);
  addOwnRoutes(inet);
}

/** The interface leaves the stack, with its IPv6 addresses and routes. */
export function detachInterface6(inet: Inet, ifp: Ifnet): void {
  const { addrs, routes } = inet.ip6;
  for (let i = addrs.length - 1; i >= 0; i--) {
    if (addrs.ifp(i) !== ifp) continue;
    // The way to it through loopback; the network's route stays while the interface does.
    routes.delete(addressAt(inet, i), 128);
    addrs.remove(i);
  }
  routes.deleteInterface(ifp);
  for (let i = 0; i < addrs.length; i++) {
    if (addrs.ifp(i).lladdr !== null) addLinkRoutes(inet, addrs.ifp(i));
  }
}

function addressAt(inet: Inet, i: number): In6Addr {
  const { addrs } = inet.ip6;
  return in6FromWords(addrs.word(i, 0), addrs.word(i, 1), addrs.word(i, 2), addrs.word(i, 3));
}

/** The host's own addresses by way of loopback. */
function addOwnRoutes(inet: Inet): void {
  const { addrs, routes } = inet.ip6;
  const loop = inet.interfaces.find((i) => (i.flags & IFF_LOOPBACK) !== 0);
  if (loop === undefined) return;
  for (let i = 0; i < addrs.length; i++) routes.add(addressAt(inet, i), 128, loop);
}
