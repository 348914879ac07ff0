// SPDX-License-Identifier: BSD-2-Clause
import {
  IP_DST,
  IP_HDR_LEN,
  IP_OFF,
  IP_SUM,
  IP_TOS,
  IP_TTL,
  IPOPT_EOL,
  IPOPT_LSRR,
  IPOPT_NOP,
  IPOPT_SSRR,
} from '../header/ip.ts';
import {
  IP6_HDR_LEN,
  IP6_HLIM,
  IP6_NXT,
  IPPROTO_DSTOPTS,
  IPPROTO_HOPOPTS,
  IPPROTO_ROUTING,
} from '../header/ip6.ts';
import { IP6E_LEN, IP6E_NXT, IP6OPT_PAD1, IP6R_SEGLEFT } from '../header/ip6_ext.ts';

/** IPv4 options that do not change on the way (RFC 4302 App. A1); all others count as zeros. */
const IMMUTABLE_OPTIONS = [
  130, // security
  133, // extended security
  134, // commercial security
  148, // router alert
  149, // sender directed multi-destination delivery
];

/** RFC 8200 §4.2: the option's data may change on the way. */
const IP6OPT_MUTABLE = 0x20;

/**
 * Puts zeros for what may change on the way into a copy of a packet's headers, headersLen bytes in
 * front of AH (RFC 4302 §3.3.3.1). False: an option or extension header that is broken, or a routing
 * header with way to go, which changes and cannot be foretold (type 0 could: RFC 5095 abolished it).
 */
export function zeroMutable(image: Uint8Array, headersLen: number): boolean {
  return image[0]! >> 4 === 4 ? zeroMutable4(image, headersLen) : zeroMutable6(image, headersLen);
}

/** RFC 4302 §3.3.3.1.1: TOS, flags and offset, TTL, checksum, and options. */
function zeroMutable4(image: Uint8Array, headersLen: number): boolean {
  image[IP_TOS] = 0;
  image.fill(0, IP_OFF, IP_OFF + 2);
  image[IP_TTL] = 0;
  image.fill(0, IP_SUM, IP_SUM + 2);
  for (let i = IP_HDR_LEN; i < headersLen; ) {
    const type = image[i]!;
    if (type === IPOPT_EOL) break;
    if (type === IPOPT_NOP) {
      i++;
      continue;
    }
    const len = i + 1 < headersLen ? image[i + 1]! : 0;
    if (len < 2 || i + len > headersLen) return false;
    if ((type === IPOPT_LSRR || type === IPOPT_SSRR) && !foretellDst(image, i, len)) return false;
    if (!IMMUTABLE_OPTIONS.includes(type)) image.fill(0, i, i + len);
    i += len;
  }
  return true;
}

/** §3.3.3.1.1.2: with a source route the destination is the last one of it. */
function foretellDst(image: Uint8Array, at: number, len: number): boolean {
  if (len < 3) return false;
  const isThere = image[at + 2]! > len;
  if (!isThere && len < 7) return false;
  if (!isThere) image.copyWithin(IP_DST, at + len - 4, at + len);
  return true;
}

/** §3.3.3.1.2: traffic class, flow label, hop limit, and options that say so of themselves. */
function zeroMutable6(image: Uint8Array, headersLen: number): boolean {
  image[0]! &= 0xf0;
  image.fill(0, 1, 4);
  image[IP6_HLIM] = 0;
  let nxt = image[IP6_NXT]!;
  for (let at = IP6_HDR_LEN; at < headersLen; ) {
    const end = at + ((image[at + IP6E_LEN]! + 1) << 3);
    if (end > headersLen) return false;
    if (nxt === IPPROTO_HOPOPTS || nxt === IPPROTO_DSTOPTS) {
      if (!zeroOptions6(image, at + 2, end)) return false;
    } else if (nxt !== IPPROTO_ROUTING || image[at + IP6R_SEGLEFT] !== 0) return false;
    nxt = image[at + IP6E_NXT]!;
    at = end;
  }
  return true;
}

function zeroOptions6(image: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; ) {
    const type = image[i]!;
    if (type === IP6OPT_PAD1) {
      i++;
      continue;
    }
    const next = i + 1 < end ? i + 2 + image[i + 1]! : end + 1;
    if (next > end) return false;
    if ((type & IP6OPT_MUTABLE) !== 0) image.fill(0, i + 2, next);
    i = next;
  }
  return true;
}
