// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_BROADCAST, ETHERTYPE_IP } from '../header/ether.ts';
import { inMulticast } from '../header/ip.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Ifnet } from '../net/ifnet.ts';
import { arpResolve } from './arp.ts';
import { etherOutputFrame, gatedTransmit } from './ether_output_frame.ts';
import type { Inet } from './inet.ts';

const multicast = new Uint8Array([0x01, 0x00, 0x5e, 0, 0, 0]);

/**
 * Sends an IPv4 packet to nextHop by ifp: finds the link address, frames, passes the gate. An
 * interface without link addresses takes the bare packet. Owns m. 0 (sent, or waiting for ARP) or errno.
 */
export function etherOutput(inet: Inet, ifp: Ifnet, m: Mbuf, nextHop: number): number {
  if (ifp.lladdr === null) return gatedTransmit(inet, ifp, m, 0);
  const e = inet.arp.find(ifp.index, nextHop);
  if (e >= 0 && inet.arp.resolved(e)) {
    return etherOutputFrame(inet, ifp, m, inet.arp.lladdr, e * 6, ETHERTYPE_IP);
  }
  if (inMulticast(nextHop)) {
    // RFC 1112 §6.4: the low 23 bits of the group.
    multicast[3] = (nextHop >>> 16) & 0x7f;
    multicast[4] = nextHop >>> 8;
    multicast[5] = nextHop;
    return etherOutputFrame(inet, ifp, m, multicast, 0, ETHERTYPE_IP);
  }
  if (inet.addrs.isBroadcast(nextHop)) {
    return etherOutputFrame(inet, ifp, m, ETHER_BROADCAST, 0, ETHERTYPE_IP);
  }
  return arpResolve(inet, ifp, m, nextHop);
}
