// SPDX-License-Identifier: BSD-2-Clause
import { cksumAdd, cksumPseudo6 } from '../header/cksum.ts';
import { IPPROTO_UDP } from '../header/ip.ts';
import { IP6_DST, IP6_HDR_LEN, IP6_MAXPAYLOAD, IP6_SRC, in6Put, ip6Put } from '../header/ip6.ts';
import { UDP_HDR_LEN, UDP_SUM, udpPut } from '../header/udp.ts';
import { counter } from '../kern/counters.ts';
import { EHOSTUNREACH, EMSGSIZE, ENOBUFS } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Inet } from './inet.ts';
import { IP_DEFAULTS, type IpHow } from './ip_output.ts';
import { ip6FillSource, ip6Output, ip6PathMtu } from './ip6_output.ts';

const UDP6_SENT = counter('udp6.sent', 'datagrams given to udp6_output');
const UDP6_TOO_LONG = counter('udp6.tooLong', 'datagram longer than IPv6 can carry');
const UDP6_NO_HEADROOM = counter('udp6.noHeadroom', 'no room for UDP and IPv6 headers');
const UDP6_NO_SOURCE = counter('udp6.noSource', 'no IPv6 route, so no source address');
const UDP6_CANT_FRAG = counter('udp6.cantFrag', 'longer than the path takes, fragments forbidden');

/**
 * Sends the data in m to dst:dport from src:sport; addresses are four words. src ::, the address
 * that the route to dst says. Owns m. 0 or errno.
 */
export function udp6Output(
  inet: Inet,
  m: Mbuf,
  src: Uint32Array,
  sport: number,
  dst: Uint32Array,
  dport: number,
  how: IpHow = IP_DEFAULTS,
): number {
  const { pool, counters } = inet;
  counters.n[UDP6_SENT]!++;
  const len = pool.len[m]! + UDP_HDR_LEN;
  if (len > IP6_MAXPAYLOAD) return drop(inet, m, UDP6_TOO_LONG, EMSGSIZE);
  // Both headers at once: the checksum covers addresses that stand in the other one.
  if (!pool.prepend(m, IP6_HDR_LEN + UDP_HDR_LEN)) {
    return drop(inet, m, UDP6_NO_HEADROOM, ENOBUFS);
  }
  const v = pool.view;
  const at = pool.off[m]!;
  const udp = at + IP6_HDR_LEN;
  ip6Put(v, at, how.tos, 0, len, IPPROTO_UDP, how.ttl);
  in6Put(v, at + IP6_DST, dst[0]!, dst[1]!, dst[2]!, dst[3]!);
  if ((src[0]! | src[1]! | src[2]! | src[3]!) !== 0) {
    in6Put(v, at + IP6_SRC, src[0]!, src[1]!, src[2]!, src[3]!);
  } else if (!ip6FillSource(inet, at)) {
    return drop(inet, m, UDP6_NO_SOURCE, EHOSTUNREACH);
  }
  udpPut(v, udp, sport, dport, len);
  const sum = ~cksumAdd(v, udp, len, cksumPseudo6(v, at + IP6_SRC, IPPROTO_UDP, len)) & 0xffff;
  // RFC 8200 §8.1: a sum of zero is sent as all ones.
  v.setUint16(udp + UDP_SUM, sum === 0 ? 0xffff : sum);
  if (how.dontFragment && IP6_HDR_LEN + len > ip6PathMtu(inet, m)) {
    return drop(inet, m, UDP6_CANT_FRAG, EMSGSIZE);
  }
  return ip6Output(inet, m);
}

function drop(inet: Inet, m: Mbuf, why: number, errno: number): number {
  inet.counters.n[why]!++;
  inet.pool.free(m);
  return errno;
}
