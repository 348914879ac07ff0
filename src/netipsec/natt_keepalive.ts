// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import { IP_DST, IP_HDR_LEN, IP_SRC, IP_SUM, IPPROTO_UDP, ipPut } from '../header/ip.ts';
import { IP6_DST, IP6_SRC, in6Put, ip6Put } from '../header/ip6.ts';
import { UDP_HDR_LEN } from '../header/udp.ts';
import { secondsToCycles } from '../kern/clock.ts';
import { NO_MBUF } from '../kern/mbuf.ts';
import { IFF_UP } from '../net/ifnet.ts';
import { etherOutput } from '../netinet/ether_output.ts';
import type { Inet } from '../netinet/inet.ts';
import { ip6Route } from '../netinet/ip6_output.ts';
import { routeEither } from './ip_either.ts';
import { fixedHeaderLen } from './ip_headers.ts';
import { ESP_KEEPALIVE_OUT } from './ipsec_counters.ts';
import { type Natt, putUdpEncap, sumUdpEncap } from './natt.ts';
import type { Sa } from './sa.ts';

const KEEPALIVE_TTL = 64;
const KEEPALIVE_BYTE = 0xff;
const KEEPALIVE_LEN = UDP_HDR_LEN + 1;

/** RFC 3948 §4: sends a keep-alive for each of the SAs that was silent for as long as it says. */
export function nattKeepalives(inet: Inet, sas: Iterable<Sa>): void {
  const { cycle } = inet.clock;
  for (const sa of sas) {
    const { natt } = sa;
    if (natt === null || natt.keepaliveSeconds === 0) continue;
    if (cycle - natt.sentCycle < secondsToCycles(natt.keepaliveSeconds)) continue;
    natt.sentCycle = cycle;
    send(inet, natt, sa);
  }
}

/** Past policy: it holds nothing to protect, and must go out as it is. */
function send(inet: Inet, natt: Natt, { family, srcWords: src, dstWords: dst }: Sa): void {
  const ifp = routeEither(inet, family, dst);
  if (ifp === null || (ifp.flags & IFF_UP) === 0) return;
  const { pool } = inet;
  const m = pool.alloc();
  if (m === NO_MBUF) return;
  const headerLen = fixedHeaderLen(family);
  const len = headerLen + KEEPALIVE_LEN;
  if (!pool.append(m, len)) {
    pool.free(m);
    return;
  }
  const { view } = pool;
  const at = pool.off[m]!;
  putUdpEncap(view, at + headerLen, natt, KEEPALIVE_LEN);
  view.setUint8(at + len - 1, KEEPALIVE_BYTE);
  inet.counters.n[ESP_KEEPALIVE_OUT]!++;
  if (family === 6) {
    ip6Put(view, at, 0, 0, KEEPALIVE_LEN, IPPROTO_UDP, KEEPALIVE_TTL);
    in6Put(view, at + IP6_SRC, src[0]!, src[1]!, src[2]!, src[3]!);
    in6Put(view, at + IP6_DST, dst[0]!, dst[1]!, dst[2]!, dst[3]!);
    sumUdpEncap(view, at, at + headerLen, KEEPALIVE_LEN);
    ip6Route(inet, m, null, true);
    return;
  }
  ipPut(view, at, IP_HDR_LEN, 0, len, inet.nextId(), 0, KEEPALIVE_TTL, IPPROTO_UDP);
  view.setUint32(at + IP_SRC, src[0]!);
  view.setUint32(at + IP_DST, dst[0]!);
  view.setUint16(at + IP_SUM, cksum(view, at, IP_HDR_LEN));
  const route = inet.routes.lookup(dst[0]!);
  etherOutput(inet, ifp, m, inet.routes.nextHop(route, dst[0]!));
}
