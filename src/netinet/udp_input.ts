// SPDX-License-Identifier: BSD-2-Clause
import { cksumAdd, cksumPseudo } from '../header/cksum.ts';
import { ICMP_UNREACH, ICMP_UNREACH_PORT } from '../header/icmp.ts';
import { IPPROTO_UDP, ipDst, ipSrc } from '../header/ip.ts';
import { UDP_HDR_LEN, udpDport, udpLen, udpSport, udpSum } from '../header/udp.ts';
import { counter } from '../kern/counters.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { icmpError } from './icmp_error.ts';
import type { Inet } from './inet.ts';

const UDP_RECEIVED = counter('udp.received', 'datagrams received');
const UDP_DELIVERED = counter('udp.delivered', 'datagrams given to a socket');
const UDP_SHORT = counter('udp.short', 'datagram shorter than its header');
const UDP_BAD_LEN = counter('udp.badLen', 'length field below 8 or beyond the packet');
const UDP_BAD_SUM = counter('udp.badSum', 'UDP checksum wrong');
const UDP_NO_PORT = counter('udp.noPort', 'no socket at the port');
const UDP_NO_RECEIVER = counter('udp.noReceiver', 'the socket at the port does not receive');

/** No counter: a socket has the packet. */
const TAKEN = -1;

/** UDP's row in the demux table. Owns m. */
export function udpInput(inet: Inet, m: Mbuf, hdrLen: number): void {
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
  counters.n[UDP_RECEIVED]!++;
  if (have < UDP_HDR_LEN) return UDP_SHORT;
  const len = udpLen(v, at);
  if (len < UDP_HDR_LEN || len > have) return UDP_BAD_LEN;
  const src = ipSrc(v, ip);
  const dst = ipDst(v, ip);
  // RFC 768: an all zero checksum means that the transmitter generated none.
  if (udpSum(v, at) !== 0) {
    const sum = cksumAdd(v, at, len, cksumPseudo(src, dst, IPPROTO_UDP, len));
    if (sum !== 0xffff) return UDP_BAD_SUM;
  }
  const sport = udpSport(v, at);
  const pcb = inet.pcbs.lookup(dst, udpDport(v, at), src, sport);
  if (pcb === null) {
    icmpError(inet, m, hdrLen, ICMP_UNREACH, ICMP_UNREACH_PORT, 0); // RFC 1122 §4.1.3.1
    return UDP_NO_PORT;
  }
  if (pcb.onDatagram === null) return UDP_NO_RECEIVER;
  counters.n[UDP_DELIVERED]!++;
  pcb.onDatagram(m, at + UDP_HDR_LEN, len - UDP_HDR_LEN, src, sport);
  return TAKEN;
}
