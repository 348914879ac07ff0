// SPDX-License-Identifier: BSD-2-Clause

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
}

/** The wire brings `to` an IP packet from `from`. */
export function deliver(to: RigHost, from: RigHost, packet: Uint8Array, type = 0x0800): void {
  to.ifp.inject(etherFrame(to.ifp.lladdr, from.ifp.lladdr, type, packet));
  to.ifp.poll();
}
