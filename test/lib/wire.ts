// SPDX-License-Identifier: BSD-2-Clause

import { in6Words } from '../../src/header/ip6.ts';
import { etherFrame } from './packets.ts';
import type { RigHost } from './rig.ts';

/** Copies of all frames that a host sends from now on; with swallow, the peer gets none of them. */
export function watch(host: RigHost, swallow = false): Uint8Array[] {
  const frames: Uint8Array[] = [];
  host.ifp.onWire = (data, at, len) => {
    frames.push(data.slice(at, at + len));
    return !swallow;
  };
  return frames;
}

/** The two hosts know each other's Ethernet address already. */
export function knowEachOther(a: RigHost, b: RigHost): void {
  a.inet.arp.addStatic(a.ifp.index, b.addr, b.ifp.lladdr);
  b.inet.arp.addStatic(b.ifp.index, a.addr, a.ifp.lladdr);
  a.inet.ip6.nd.addStatic(a.ifp.index, in6Words(b.addr6), b.ifp.lladdr);
  b.inet.ip6.nd.addStatic(b.ifp.index, in6Words(a.addr6), a.ifp.lladdr);
}

/** The same with an IPv6 packet. */
export function deliver6(to: RigHost, from: RigHost, packet: Uint8Array): void {
  deliver(to, from, packet, 0x86dd);
}

/** The wire brings `to` an IP packet from `from`. */
export function deliver(to: RigHost, from: RigHost, packet: Uint8Array, type = 0x0800): void {
  to.ifp.inject(etherFrame(to.ifp.lladdr, from.ifp.lladdr, type, packet));
  to.ifp.poll();
}
