// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import { IP_DST, IP_HDR_LEN, IP_SRC, IP_SUM, IPPROTO_UDP, ipPut } from '../header/ip.ts';
import { UDP_HDR_LEN } from '../header/udp.ts';
import { secondsToCycles } from '../kern/clock.ts';
import { NO_MBUF } from '../kern/mbuf.ts';
import { IFF_UP } from '../net/ifnet.ts';
import { etherOutput } from '../netinet/ether_output.ts';
import type { Inet } from '../netinet/inet.ts';
import { ESP_KEEPALIVE_OUT } from './ipsec_counters.ts';
import { type Natt, putUdpEncap } from './natt.ts';
import type { Sa } from './sa.ts';

const KEEPALIVE_TTL = 64;
const KEEPALIVE_BYTE = 0xff;

/** RFC 3948 §4: sends a keep-alive for each of the SAs that was silent for as long as it says. */
export function nattKeepalives(inet: Inet, sas: Iterable<Sa>): void {
  const { cycle } = inet.clock;
  for (const { natt, srcWords, dstWords } of sas) {
    if (natt === null || natt.keepaliveSeconds === 0) continue;
    if (cycle - natt.sentCycle < secondsToCycles(natt.keepaliveSeconds)) continue;
    natt.sentCycle = cycle;
    send(inet, natt, srcWords[0]!, dstWords[0]!);
  }
}

/** Past policy: it holds nothing to protect, and must go out as it is. */
function send(inet: Inet, natt: Natt, src: number, dst: number): void {
  const { pool, routes } = inet;
  const route = routes.lookup(dst);
  if (route < 0 || (routes.ifp(route).flags & IFF_UP) === 0) return;
  const m = pool.alloc();
  if (m === NO_MBUF) return;
  const len = IP_HDR_LEN + UDP_HDR_LEN + 1;
  if (!pool.append(m, len)) {
    pool.free(m);
    return;
  }
  const { view } = pool;
  const at = pool.off[m]!;
  ipPut(view, at, IP_HDR_LEN, 0, len, inet.nextId(), 0, KEEPALIVE_TTL, IPPROTO_UDP);
  view.setUint32(at + IP_SRC, src);
  view.setUint32(at + IP_DST, dst);
  view.setUint16(at + IP_SUM, cksum(view, at, IP_HDR_LEN));
  putUdpEncap(view, at + IP_HDR_LEN, natt, UDP_HDR_LEN + 1);
  view.setUint8(at + len - 1, KEEPALIVE_BYTE);
  inet.counters.n[ESP_KEEPALIVE_OUT]!++;
  etherOutput(inet, routes.ifp(route), m, routes.nextHop(route, dst));
}
