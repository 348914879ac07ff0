// SPDX-License-Identifier: BSD-2-Clause
import {
  ETHER_DST,
  ETHER_HDR_LEN,
  ETHERTYPE_ARP,
  ETHERTYPE_IP,
  ETHERTYPE_IPV6,
  etherIsGroup,
  etherSame,
  etherType,
} from '../header/ether.ts';
import { counter } from '../kern/counters.ts';
import { M_BCAST, type Mbuf } from '../kern/mbuf.ts';
import { IFF_UP, type Ifnet } from '../net/ifnet.ts';
import { arpInput } from './arp.ts';
import type { Inet } from './inet.ts';
import { ipInput } from './ip_input.ts';
import { ip6Input } from './ip6_input.ts';

const ETHER_RECEIVED = counter('ether.received', 'frames received');
const ETHER_SHORT = counter('ether.short', 'frame shorter than its header');
const ETHER_DOWN = counter('ether.down', 'frame received by an interface that is down');
const ETHER_NOT_FOR_US = counter('ether.notForUs', 'frame to another Ethernet address');
const ETHER_UNKNOWN_TYPE = counter('ether.unknownType', 'frame of a protocol not spoken here');

/** A whole frame came in by ifp. Owns m. */
export function etherInput(inet: Inet, ifp: Ifnet, m: Mbuf): void {
  const { pool, counters } = inet;
  counters.n[ETHER_RECEIVED]!++;
  ifp.tap?.(m, 'in');
  if ((ifp.flags & IFF_UP) === 0) {
    counters.n[ETHER_DOWN]!++;
    pool.free(m);
    return;
  }
  if (pool.len[m]! < ETHER_HDR_LEN) {
    counters.n[ETHER_SHORT]!++;
    pool.free(m);
    return;
  }
  const at = pool.off[m]!;
  if (etherIsGroup(pool.data, at + ETHER_DST)) {
    pool.flags[m]! |= M_BCAST;
  } else if (!etherSame(pool.data, at + ETHER_DST, ifp.lladdr!, 0)) {
    // Also from a promiscuous card: what is meant for others is for taps in front of the stack.
    counters.n[ETHER_NOT_FOR_US]!++;
    pool.free(m);
    return;
  }
  const type = etherType(pool.view, at);
  pool.adj(m, ETHER_HDR_LEN);
  if (type === ETHERTYPE_IP) {
    ipInput(inet, m);
  } else if (type === ETHERTYPE_IPV6) {
    ip6Input(inet, m);
  } else if (type === ETHERTYPE_ARP) {
    arpInput(inet, ifp, m);
  } else {
    counters.n[ETHER_UNKNOWN_TYPE]!++;
    pool.free(m);
  }
}
