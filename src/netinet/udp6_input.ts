// SPDX-License-Identifier: BSD-2-Clause
import { cksumAdd, cksumPseudo6 } from '../header/cksum.ts';
import { ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT } from '../header/icmp6.ts';
import { IPPROTO_UDP } from '../header/ip.ts';
import { IP6_DST, IP6_SRC } from '../header/ip6.ts';
import { UDP_HDR_LEN, udpDport, udpLen, udpSport, udpSum } from '../header/udp.ts';
import { counter } from '../kern/counters.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { icmp6Error } from './icmp6_error.ts';
import type { Inet } from './inet.ts';

const UDP6_RECEIVED = counter('udp6.received', 'datagrams received over IPv6');
const UDP6_DELIVERED = counter('udp6.delivered', 'datagrams over IPv6 given to a socket');
const UDP6_SHORT = counter('udp6.short', 'IPv6 datagram shorter than its header');
const UDP6_BAD_LEN = counter('udp6.badLen', 'UDP length below 8 or beyond the IPv6 packet');
const UDP6_NO_SUM = counter('udp6.noSum', 'UDP over IPv6 without a checksum');
const UDP6_BAD_SUM = counter('udp6.badSum', 'UDP checksum over IPv6 wrong');
const UDP6_NO_PORT = counter('udp6.noPort', 'no IPv6 socket at the port');
const UDP6_NO_RECEIVER = counter('udp6.noReceiver', 'the IPv6 socket does not receive');

/** No counter: a socket has the packet. */
const TAKEN = -1;

/** UDP's row in the demux table of IPv6. Owns m. */
export function udp6Input(inet: Inet, m: Mbuf, hdrLen: number): void {
  const why = deliver(inet, m, hdrLen);
  if (why === TAKEN) return;
  inet.counters.n[why]!++;
  inet.pool.free(m);
}

/** TAKEN, or the counter of what was wrong. */
function deliver(inet: Inet, m: Mbuf, hdrLen: number): number {
  const { pool, counters } = inet;
  const v = pool.view;
  const ip = pool.off[m]!;
  const at = ip + hdrLen;
  const have = pool.len[m]! - hdrLen;
  counters.n[UDP6_RECEIVED]!++;
  if (have < UDP_HDR_LEN) return UDP6_SHORT;
  const len = udpLen(v, at);
  if (len < UDP_HDR_LEN || len > have) return UDP6_BAD_LEN;
  // RFC 8200 §8.1: the IPv6 header has no checksum, so here there must be one.
  if (udpSum(v, at) === 0) return UDP6_NO_SUM;
  const sum = cksumAdd(v, at, len, cksumPseudo6(v, ip + IP6_SRC, IPPROTO_UDP, len));
  if (sum !== 0xffff) return UDP6_BAD_SUM;
  const sport = udpSport(v, at);
  const pcb = inet.ip6.pcbs.lookup(v, ip + IP6_DST, udpDport(v, at), ip + IP6_SRC, sport);
  if (pcb === null) {
    icmp6Error(inet, m, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT, 0); // RFC 4443 §3.1
    return UDP6_NO_PORT;
  }
  if (pcb.onDatagram === null) return UDP6_NO_RECEIVER;
  counters.n[UDP6_DELIVERED]!++;
  pcb.onDatagram(m, at + UDP_HDR_LEN, len - UDP_HDR_LEN, ip + IP6_SRC, sport);
  return TAKEN;
}
