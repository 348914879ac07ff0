// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import { IP_HDR_LEN, IP_LEN, IP_P, IP_SUM, ipHdrLen, ipVersion } from '../header/ip.ts';
import { IP6_HDR_LEN, IP6_PLEN } from '../header/ip6.ts';
import { IP6_WALK_RIGHT, Ip6Chain, ip6NxtOff, ip6Walk } from '../header/ip6_ext.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';

const chain = new Ip6Chain();

/** Bytes of a header without options. */
export function fixedHeaderLen(family: 4 | 6): number {
  return family === 4 ? IP_HDR_LEN : IP6_HDR_LEN;
}

/**
 * Bytes that stay in front of ESP or AH in transport mode: the IPv4 header, or that of IPv6 with
 * hop-by-hop options and routing header (RFC 4303 §3.1.1). -1: an IPv6 fragment, or no packet.
 */
export function headersBefore(v: DataView, at: number, lenBytes: number): number {
  if (ipVersion(v, at) === 4) return ipHdrLen(v, at);
  const isRight = ip6Walk(v, at, lenBytes, chain) === IP6_WALK_RIGHT;
  return isRight && chain.fragOff === 0 ? chain.unfragLen : -1;
}

/**
 * Moves the headers of m, headersLen bytes behind `room` bytes that were prepended, to the front:
 * the room is between them and what they had named. They name `proto` now. Returns what they named.
 */
export function moveHeaders(
  mb: MbufPool,
  m: Mbuf,
  room: number,
  headersLen: number,
  proto: number,
): number {
  const at = mb.off[m]!;
  mb.data.copyWithin(at, at + room, at + room + headersLen);
  const next = mb.data[at + nextOff(mb.view, at, headersLen)]!;
  finishHeader(mb.view, at, headersLen, mb.len[m]!, proto);
  return next;
}

/** Headers of a packet of lenBytes that is followed by `proto` now: lengths and IPv4's checksum. */
export function finishHeader(
  v: DataView,
  at: number,
  headersLen: number,
  lenBytes: number,
  proto: number,
): void {
  v.setUint8(at + nextOff(v, at, headersLen), proto);
  if (ipVersion(v, at) === 6) {
    v.setUint16(at + IP6_PLEN, lenBytes - IP6_HDR_LEN);
    return;
  }
  v.setUint16(at + IP_LEN, lenBytes);
  v.setUint16(at + IP_SUM, 0);
  v.setUint16(at + IP_SUM, cksum(v, at, headersLen));
}

/** Bytes to the byte that names what comes behind the headers. */
function nextOff(v: DataView, at: number, headersLen: number): number {
  return ipVersion(v, at) === 4 ? IP_P : ip6NxtOff(v, at, headersLen);
}
