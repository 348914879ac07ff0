// SPDX-License-Identifier: BSD-2-Clause
import { ESP_HDR_LEN, ESP_TRAILER_LEN } from '../header/esp.ts';
import { IP_DST, IP_HDR_LEN, IP_SRC, ipPut } from '../header/ip.ts';
import { IP6_DST, IP6_HDR_LEN, IP6_SRC, IPPROTO_NONE, in6Put, ip6Put } from '../header/ip6.ts';
import { UDP_HDR_LEN } from '../header/udp.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import type { Inet } from '../netinet/inet.ts';
import { routeEither } from './ip_either.ts';
import { fixedHeaderLen } from './ip_headers.ts';
import type { Sa } from './sa.ts';

/** Traffic flow confidentiality: who listens shall not learn lengths, nor when there is traffic. */

const DUMMY_TTL = 64;

/**
 * RFC 4303 §2.7: bytes that follow a packet of lenBytes in a tunnel, whose own length tells where it
 * ends. As many as the SA asks for, but no more than go into one packet of the path and into m.
 */
export function tfcPadding(inet: Inet, m: Mbuf, sa: Sa, lenBytes: number): number {
  if (sa.tfcPadBytes <= lenBytes) return 0;
  const { pool } = inet;
  const ifp = routeEither(inet, sa.family, sa.dstWords);
  if (ifp === null) return 0;
  const { ivBytes, icvBytes, blockBytes } = sa.session;
  const udp = sa.natt === null ? 0 : UDP_HDR_LEN;
  const header = fixedHeaderLen(sa.family) + udp + ESP_HDR_LEN + ivBytes;
  const mtu = sa.pmtu === 0 ? ifp.mtu : Math.min(sa.pmtu, ifp.mtu);
  const text = mtu - header - icvBytes;
  const most = text - (text % blockBytes) - ESP_TRAILER_LEN;
  const behind = pool.cluster(m) + pool.capacity(m) - pool.off[m]! - pool.len[m]!;
  const room = behind - blockBytes - ESP_TRAILER_LEN - icvBytes;
  return Math.max(0, Math.min(sa.tfcPadBytes - lenBytes, most - lenBytes, room));
}

/**
 * RFC 4303 §2.6: a packet between the SA's ends that says nothing, in as many bytes as one of
 * lenBytes takes; ESP goes round it as in transport mode. NO_MBUF when there is none left.
 */
export function dummyPacket(inet: Inet, sa: Sa, lenBytes: number): Mbuf {
  const { pool } = inet;
  const { view } = pool;
  const headerLen = fixedHeaderLen(sa.family);
  const m = pool.allocFor(headerLen + lenBytes);
  if (m === NO_MBUF) return NO_MBUF;
  if (!pool.append(m, headerLen + lenBytes)) {
    pool.free(m);
    return NO_MBUF;
  }
  const more = tfcPadding(inet, m, sa, lenBytes);
  pool.append(m, more);
  const at = pool.off[m]!;
  const len = pool.len[m]!;
  const { srcWords: src, dstWords: dst } = sa;
  if (sa.family === 4) {
    ipPut(view, at, IP_HDR_LEN, 0, len, inet.nextId(), 0, DUMMY_TTL, IPPROTO_NONE);
    view.setUint32(at + IP_SRC, src[0]!);
    view.setUint32(at + IP_DST, dst[0]!);
  } else {
    ip6Put(view, at, 0, 0, len - IP6_HDR_LEN, IPPROTO_NONE, DUMMY_TTL);
    in6Put(view, at + IP6_SRC, src[0]!, src[1]!, src[2]!, src[3]!);
    in6Put(view, at + IP6_DST, dst[0]!, dst[1]!, dst[2]!, dst[3]!);
  }
  // What was in the buffer before is nobody's business, encrypted or not.
  pool.data.fill(0, at + headerLen, at + len);
  return m;
}
