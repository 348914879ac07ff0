// SPDX-License-Identifier: BSD-2-Clause
import { cksumAdd, cksumPseudo } from '../header/cksum.ts';
import { IP_HDR_LEN, IP_MAXPACKET, IPPROTO_UDP } from '../header/ip.ts';
import { UDP_HDR_LEN, UDP_SUM, udpPut } from '../header/udp.ts';
import { counter } from '../kern/counters.ts';
import { EHOSTUNREACH, EMSGSIZE, ENOBUFS } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Inet } from './inet.ts';
import { IP_DEFAULTS, type IpHow, ipSend } from './ip_output.ts';

const UDP_SENT = counter('udp.sent', 'datagrams given to udp_output');
const UDP_TOO_LONG = counter('udp.tooLong', 'datagram longer than IP can carry');
const UDP_NO_HEADROOM = counter('udp.noHeadroom', 'no room for the UDP header');
const UDP_NO_SOURCE = counter('udp.noSource', 'no route, so no source address');

/**
 * Sends the data in m to dst:dport from src:sport. src 0: the address of the interface that the
 * route to dst says. Owns m. 0 or errno.
 */
export function udpOutput(
  inet: Inet,
  m: Mbuf,
  src: number,
  sport: number,
  dst: number,
  dport: number,
  how: IpHow = IP_DEFAULTS,
): number {
  const { pool, counters } = inet;
  counters.n[UDP_SENT]!++;
  const len = pool.len[m]! + UDP_HDR_LEN;
  if (len + IP_HDR_LEN > IP_MAXPACKET) return drop(inet, m, UDP_TOO_LONG, EMSGSIZE);
  let from = src;
  if (from === 0) {
    // The checksum covers it, so it cannot wait for ip_output.
    const route = inet.routes.lookup(dst);
    if (route >= 0) from = inet.addrs.sourceFor(inet.routes.ifp(route), dst);
    if (from === 0) return drop(inet, m, UDP_NO_SOURCE, EHOSTUNREACH);
  }
  if (!pool.prepend(m, UDP_HDR_LEN)) return drop(inet, m, UDP_NO_HEADROOM, ENOBUFS);
  const v = pool.view;
  const at = pool.off[m]!;
  udpPut(v, at, sport, dport, len);
  const sum = ~cksumAdd(v, at, len, cksumPseudo(from, dst, IPPROTO_UDP, len)) & 0xffff;
  // RFC 768: "If the computed checksum is zero, it is transmitted as all ones".
  v.setUint16(at + UDP_SUM, sum === 0 ? 0xffff : sum);
  return ipSend(inet, m, from, dst, IPPROTO_UDP, how);
}

function drop(inet: Inet, m: Mbuf, why: number, errno: number): number {
  inet.counters.n[why]!++;
  inet.pool.free(m);
  return errno;
}
