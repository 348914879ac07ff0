// SPDX-License-Identifier: BSD-2-Clause
import type { IpAddr } from '../header/ip_addr.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Ifnet } from '../net/ifnet.ts';
import type { Inet } from '../netinet/inet.ts';
import { ipDeliver, ipInput } from '../netinet/ip_input.ts';
import { ipOutput } from '../netinet/ip_output.ts';

/** What IPsec asks of IP, of whichever family. */

/** Sends the packet m. Owns m. 0 or errno. */
export function outputEither(inet: Inet, m: Mbuf): number {
  return ipOutput(inet, m);
}

/** A packet that came out of a tunnel. Owns m. */
export function inputEither(inet: Inet, m: Mbuf): void {
  ipInput(inet, m);
}

/** A packet whose transport-mode protocol was taken off: what follows its headers is next. Owns m. */
export function deliverEither(inet: Inet, m: Mbuf, headersLen: number): void {
  ipDeliver(inet, m, headersLen);
}

/** The interface of the route to an address, or null. */
export function routeEither(inet: Inet, family: 4 | 6, dst: Uint32Array): Ifnet | null {
  return family === 4 ? inet.routeTo(dst[0]!) : null;
}

export function isLocalEither(inet: Inet, addr: IpAddr): boolean {
  return typeof addr === 'number' && inet.addrs.isLocal(addr);
}
