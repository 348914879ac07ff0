// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_HDR_LEN, ETHERTYPE_IP, ETHERTYPE_IPV6, etherPut } from '../header/ether.ts';
import { counter } from '../kern/counters.ts';
import { EMSGSIZE, ENOBUFS } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { P_GATE } from '../kern/preempt.ts';
import type { Ifnet } from '../net/ifnet.ts';
import type { Inet } from './inet.ts';

const ETHER_NO_HEADROOM = counter('ether.noHeadroom', 'no room for the Ethernet header');
export const IF_GATE_REFUSED = counter('if.gateRefused', 'IPsec refused it at the last gate');
const IF_TOO_LONG = counter('if.tooLong', 'longer than the MTU its interface has by now');
const IF_SENT = counter('if.sent', 'packets handed to interfaces');

/**
 * Frames m and gives it to the interface: after the last gate, behind which a packet is on its way
 * to a wire. The destination is the 6 bytes at dst[dstAt]. Owns m. 0 or errno.
 */
export function etherOutputFrame(
  inet: Inet,
  ifp: Ifnet,
  m: Mbuf,
  dst: Uint8Array,
  dstAt: number,
  type: number,
): number {
  const { pool, counters } = inet;
  if (!pool.prepend(m, ETHER_HDR_LEN)) {
    counters.n[ETHER_NO_HEADROOM]!++;
    pool.free(m);
    return ENOBUFS;
  }
  etherPut(pool.data, pool.off[m]!, dst, dstAt, ifp.lladdr!, type);
  if (type === ETHERTYPE_IP || type === ETHERTYPE_IPV6) {
    return gatedTransmit(inet, ifp, m, ETHER_HDR_LEN);
  }
  counters.n[IF_SENT]!++;
  ifp.tap?.(m, 'out');
  return ifp.transmit(m);
}

/** The gate and the interface behind it. ipOffset: bytes from m's first to its IP header. Owns m. */
export function gatedTransmit(inet: Inet, ifp: Ifnet, m: Mbuf, ipOffset: number): number {
  // The MTU may have shrunk while the packet waited for a link address.
  if (inet.pool.len[m]! - ipOffset > ifp.mtu) {
    inet.counters.n[IF_TOO_LONG]!++;
    inet.pool.free(m);
    return EMSGSIZE;
  }
  const { hook } = inet.pool.preempt;
  if (hook !== null) hook(P_GATE);
  const error = inet.ipsec.beforeTransmit(m, ifp, ipOffset);
  if (error !== 0) {
    inet.counters.n[IF_GATE_REFUSED]!++;
    inet.pool.free(m);
    return error;
  }
  inet.counters.n[IF_SENT]!++;
  ifp.tap?.(m, 'out');
  return ifp.transmit(m);
}
