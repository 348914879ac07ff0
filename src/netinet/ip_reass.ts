// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import {
  IP_LEN,
  IP_MAXPACKET,
  IP_MF,
  IP_OFF,
  IP_OFFMASK,
  IP_SUM,
  ipDst,
  ipHdrLen,
  ipId,
  ipOff,
  ipProto,
  ipSrc,
} from '../header/ip.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import type { Inet } from './inet.ts';
import { REASS_BAD } from './reass.ts';

/** An IPv4 fragment, at its checked header (RFC 791 §3.2). Owns m. The whole datagram, or NO_MBUF. */
export function ipReass(inet: Inet, m: Mbuf, hdrLen: number): Mbuf {
  const { pool, reass } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  const more = (ipOff(v, at) & IP_MF) !== 0;
  const begin = (ipOff(v, at) & IP_OFFMASK) * 8;
  const size = pool.len[m]! - hdrLen;
  if (size === 0 || (more && (size & 7) !== 0) || begin + size + hdrLen > IP_MAXPACKET) {
    return drop(inet, m);
  }
  const { key } = reass;
  key.fill(0);
  key[0] = ipSrc(v, at);
  key[1] = ipDst(v, at);
  key[2] = (ipId(v, at) << 8) | ipProto(v, at);
  // IPv6's keys have no destination ::, and IPv4's have nothing else there.
  const whole = reass.input(m, hdrLen, begin, more);
  return whole === NO_MBUF ? NO_MBUF : finish(inet, whole);
}

function finish(inet: Inet, m: Mbuf): Mbuf {
  const { pool } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  const len = pool.len[m]!;
  // The first fragment's header may be longer than that of the last, which was looked at.
  if (len > IP_MAXPACKET) return drop(inet, m);
  v.setUint16(at + IP_LEN, len);
  v.setUint16(at + IP_OFF, 0);
  v.setUint16(at + IP_SUM, 0);
  v.setUint16(at + IP_SUM, cksum(v, at, ipHdrLen(v, at)));
  return m;
}

function drop(inet: Inet, m: Mbuf): Mbuf {
  inet.counters.n[REASS_BAD]!++;
  inet.pool.free(m);
  return NO_MBUF;
}
