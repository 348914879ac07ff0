// SPDX-License-Identifier: BSD-2-Clause
import { ipVersion } from '../header/ip.ts';
import type { IpAddr } from '../header/ip_addr.ts';
import { in6Words } from '../header/ip6.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Ifnet } from '../net/ifnet.ts';
import type { Inet } from '../netinet/inet.ts';
import { ipDeliver, ipInput } from '../netinet/ip_input.ts';
import { ipOutput } from '../netinet/ip_output.ts';
import { ip6Deliver, ip6Input } from '../netinet/ip6_input.ts';
import { ip6Output } from '../netinet/ip6_output.ts';

/** What IPsec asks of IP, of whichever family. */

/** Sends the packet m. Owns m. 0 or errno. */
export function outputEither(inet: Inet, m: Mbuf): number {
  return isIp6(inet, m) ? ip6Output(inet, m) : ipOutput(inet, m);
}

/** A packet that came out of a tunnel. Owns m. */
export function inputEither(inet: Inet, m: Mbuf): void {
  if (isIp6(inet, m)) ip6Input(inet, m);
  else ipInput(inet, m);
}

/** A packet whose transport-mode protocol was taken off: what follows its headers is next. Owns m. */
export function deliverEither(inet: Inet, m: Mbuf, headersLen: number): void {
  if (isIp6(inet, m)) ip6Deliver(inet, m, headersLen);
  else ipDeliver(inet, m, headersLen);
}

function isIp6(inet: Inet, m: Mbuf): boolean {
  return ipVersion(inet.pool.view, inet.pool.off[m]!) === 6;
}

/** The interface of the route to an address, or null. */
export function routeEither(inet: Inet, family: 4 | 6, dst: Uint32Array): Ifnet | null {
  if (family === 4) return inet.routeTo(dst[0]!);
  return inet.ip6.routeTo(dst[0]!, dst[1]!, dst[2]!, dst[3]!);
}

export function isLocalEither(inet: Inet, addr: IpAddr): boolean {
  if (typeof addr === 'number') return inet.addrs.isLocal(addr);
  const [w0, w1, w2, w3] = in6Words(addr) as unknown as [number, number, number, number];
  return inet.ip6.addrs.isLocal(w0, w1, w2, w3);
}
