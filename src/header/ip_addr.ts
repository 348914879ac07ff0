// SPDX-License-Identifier: BSD-2-Clause
import { ipParse, ipText } from './ip.ts';
import { type In6Addr, in6FromWords, in6Words, ip6Parse, ip6Text } from './ip6.ts';

/** An address of either family, as edges have it: IPv4 a number in host order, IPv6 16 bytes. */
export type IpAddr = number | In6Addr;

export function ipAddrFamily(a: IpAddr): 4 | 6 {
  return typeof a === 'number' ? 4 : 6;
}

/** Four words in host order, as tables have it; an IPv4 address is the first, zeros follow. */
export function ipAddrWords(a: IpAddr): Uint32Array {
  return typeof a === 'number' ? Uint32Array.of(a, 0, 0, 0) : in6Words(a);
}

/** The address that four words are. */
export function ipAddrFromWords(family: 4 | 6, w: Uint32Array): IpAddr {
  return family === 4 ? w[0]! : in6FromWords(w[0]!, w[1]!, w[2]!, w[3]!);
}

/** 4 or 16 bytes in network order. */
export function ipAddrBytes(a: IpAddr): Uint8Array {
  return typeof a === 'number' ? Uint8Array.of(a >>> 24, a >>> 16, a >>> 8, a) : a.slice();
}

/** '10.0.0.1' or '2001:db8::1'. Throws TypeError on anything else. */
export function ipAddrParse(text: string): IpAddr {
  return text.includes(':') ? ip6Parse(text) : ipParse(text);
}

export function ipAddrText(a: IpAddr): string {
  return typeof a === 'number' ? ipText(a) : ip6Text(a);
}

/** Are these the same words? Families are the caller's to compare. */
export function sameWords(a: Uint32Array, b: Uint32Array): boolean {
  return a[0] === b[0] && a[3] === b[3] && a[2] === b[2] && a[1] === b[1];
}
