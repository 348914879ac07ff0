// SPDX-License-Identifier: BSD-2-Clause
import type { IpAddr } from '../header/ip_addr.ts';
import { ipAddrWords } from '../header/ip_addr.ts';
import type { Ifnet } from '../net/ifnet.ts';
import { addAddress } from '../netinet/in_proto.ts';
import { addAddress6 } from '../netinet/in6_proto.ts';
import type { Inet } from '../netinet/inet.ts';

/** Addresses, routes and neighbours of either family; how far an address reaches: */
export const NET = 0;
export const HOST = 1;

/** By family and reach: a network of 254 or 2^64 hosts, or one host. */
function prefixLen(a: IpAddr, reach: number): number {
  if (typeof a === 'number') return reach === NET ? 24 : 32;
  return reach === NET ? 64 : 128;
}

/** Gives an interface an address, with the route to its network (NET), or none (HOST). */
export function giveAddress(inet: Inet, ifp: Ifnet, a: IpAddr, reach: number): void {
  if (typeof a === 'number') addAddress(inet, ifp, a, prefixLen(a, reach));
  else addAddress6(inet, ifp, a, prefixLen(a, reach));
}

/** A route by ifp to a host or its network; the gateway is of its family, null: they are on the link. */
export function giveRoute(
  inet: Inet,
  ifp: Ifnet,
  to: IpAddr,
  reach: number,
  gateway: IpAddr | null,
): void {
  const length = prefixLen(to, reach);
  if (typeof to !== 'number') {
    inet.ip6.routes.add(to, length, ifp, gateway as Exclude<IpAddr, number> | null);
  } else {
    inet.routes.add(to, length, ifp, (gateway as number | null) ?? 0);
  }
}

/** Takes such a route back. */
export function takeRoute(inet: Inet, to: IpAddr, reach: number): void {
  const length = prefixLen(to, reach);
  if (typeof to === 'number') inet.routes.delete(to, length);
  else inet.ip6.routes.delete(to, length);
}

/** All that is not known otherwise goes to this gateway. */
export function giveDefaultRoute(inet: Inet, ifp: Ifnet, gateway: IpAddr): void {
  if (typeof gateway === 'number') inet.routes.add(0, 0, ifp, gateway);
  else inet.ip6.routes.add(new Uint8Array(16), 0, ifp, gateway);
}

/** The Ethernet address of a neighbour, known for good. */
export function giveNeighbor(inet: Inet, ifp: Ifnet, a: IpAddr, lladdr: Uint8Array): void {
  if (typeof a === 'number') inet.arp.addStatic(ifp.index, a, lladdr);
  else inet.ip6.nd.addStatic(ifp.index, ipAddrWords(a), lladdr);
}
