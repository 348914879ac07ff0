// SPDX-License-Identifier: BSD-2-Clause
import { ipParse } from './ip.ts';

/**
 * IPv6 header (RFC 8200 §3) and IPv6 addresses (RFC 4291). Tables and hot paths hold an address as
 * four u32 words in host order, the most significant first; edges hold it as an In6Addr.
 *
 *      0               4       6   7   8                   24                  40
 *     +---------------+-------+---+---+-------------------+-------------------+------
 *     |6 class  flow  | length|nxt|hop| source            | destination       | …
 *     +---------------+-------+---+---+-------------------+-------------------+------
 */
export const IP6_FLOW = 0;
export const IP6_PLEN = 4;
export const IP6_NXT = 6;
export const IP6_HLIM = 7;
export const IP6_SRC = 8;
export const IP6_DST = 24;
export const IP6_HDR_LEN = 40;
/** Largest payload length; jumbograms (RFC 2675) are not spoken here. */
export const IP6_MAXPAYLOAD = 65535;
/** RFC 8200 §5: every link carries this much. */
export const IPV6_MMTU = 1280;

export const IPPROTO_HOPOPTS = 0;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ROUTING = 43;
export const IPPROTO_FRAGMENT = 44;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_NONE = 59;
export const IPPROTO_DSTOPTS = 60;

/** An IPv6 address: 16 bytes in network order. */
export type In6Addr = Uint8Array;

export const IN6ADDR_ANY: In6Addr = new Uint8Array(16);
export const IN6ADDR_LOOPBACK: In6Addr = ip6Parse('::1');
/** Group of all nodes on the link. */
export const IN6ADDR_ALLNODES: In6Addr = ip6Parse('ff02::1');

export function ip6Version(v: DataView, at: number): number {
  return v.getUint8(at) >> 4;
}

/** Traffic class: DSCP and ECN, as IPv4's TOS. */
export function ip6Class(v: DataView, at: number): number {
  return (v.getUint16(at) >> 4) & 0xff;
}

export function ip6SetClass(v: DataView, at: number, tclass: number): void {
  v.setUint16(at, (v.getUint16(at) & 0xf00f) | (tclass << 4));
}

/** Flow label, 20 bits. */
export function ip6Flow(v: DataView, at: number): number {
  return v.getUint32(at) & 0xfffff;
}

/** Payload length: bytes behind the 40 of the header. */
export function ip6Plen(v: DataView, at: number): number {
  return v.getUint16(at + IP6_PLEN);
}

export function ip6Nxt(v: DataView, at: number): number {
  return v.getUint8(at + IP6_NXT);
}

export function ip6Hlim(v: DataView, at: number): number {
  return v.getUint8(at + IP6_HLIM);
}

/** Writes a header but for source and destination. */
export function ip6Put(
  v: DataView,
  at: number,
  tclass: number,
  flow: number,
  plen: number,
  nxt: number,
  hlim: number,
): void {
  v.setUint32(at, 0x60000000 | (tclass << 20) | flow);
  v.setUint32(at + IP6_PLEN, (plen << 16) | (nxt << 8) | hlim);
}

/** Writes an address, given as words, at `at`: IP6_SRC or IP6_DST of a header, say. */
export function in6Put(
  v: DataView,
  at: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): void {
  v.setUint32(at, w0);
  v.setUint32(at + 4, w1);
  v.setUint32(at + 8, w2);
  v.setUint32(at + 12, w3);
}

/** Are the addresses at a and b the same? */
export function in6Same(v: DataView, a: number, b: number): boolean {
  return (
    v.getUint32(a + 12) === v.getUint32(b + 12) &&
    v.getUint32(a + 8) === v.getUint32(b + 8) &&
    v.getUint32(a + 4) === v.getUint32(b + 4) &&
    v.getUint32(a) === v.getUint32(b)
  );
}

/** ::, as words. */
export function in6IsAny(w0: number, w1: number, w2: number, w3: number): boolean {
  return (w0 | w1 | w2 | w3) === 0;
}

/** ::1 */
export function in6IsLoopback(w0: number, w1: number, w2: number, w3: number): boolean {
  return w3 === 1 && (w0 | w1 | w2) === 0;
}

/** ff00::/8; the first word says it. */
export function in6IsMulticast(w0: number): boolean {
  return w0 >>> 24 === 0xff;
}

/** fe80::/10 */
export function in6IsLinkLocal(w0: number): boolean {
  return w0 >>> 22 === 0x3fa;
}

/** ::ffff:0:0/96: an IPv4 address in IPv6's clothes, which no wire may show (RFC 4291 §2.5.5.2). */
export function in6IsV4Mapped(w0: number, w1: number, w2: number): boolean {
  return w2 === 0xffff && (w0 | w1) === 0;
}

/** The scope of a multicast group (RFC 4291 §2.7): 1 interface, 2 link, … 14 global. */
export function in6McScope(w0: number): number {
  return (w0 >>> 16) & 15;
}

/** The last word of an address's solicited-node group ff02::1:ffXX:XXXX (RFC 4291 §2.7.1). */
export function in6SolicitedNode(w3: number): number {
  return (0xff000000 | (w3 & 0xffffff)) >>> 0;
}

/** Word i (0: most significant) of the address at bytes[at]. */
export function in6Word(bytes: Uint8Array, i: number, at = 0): number {
  const p = at + 4 * i;
  return ((bytes[p]! << 24) | (bytes[p + 1]! << 16) | (bytes[p + 2]! << 8) | bytes[p + 3]!) >>> 0;
}

/** The four words of an address. */
export function in6Words(addr: In6Addr): Uint32Array {
  return Uint32Array.of(in6Word(addr, 0), in6Word(addr, 1), in6Word(addr, 2), in6Word(addr, 3));
}

/** The address that four words are. */
export function in6FromWords(w0: number, w1: number, w2: number, w3: number): In6Addr {
  const addr = new Uint8Array(16);
  in6Put(new DataView(addr.buffer), 0, w0, w1, w2, w3);
  return addr;
}

/** Word i of the mask of a prefix: in6MaskWord(48, 1) is 0xffff0000. */
export function in6MaskWord(prefixLen: number, i: number): number {
  const bits = Math.min(Math.max(prefixLen - 32 * i, 0), 32);
  return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}

/** The link-local address that a card makes of its Ethernet address (RFC 4291 App. A). */
export function in6LinkLocalOf(lladdr: Uint8Array): In6Addr {
  const a = new Uint8Array(16);
  a.set([0xfe, 0x80]);
  a.set(
    [lladdr[0]! ^ 2, lladdr[1]!, lladdr[2]!, 0xff, 0xfe, lladdr[3]!, lladdr[4]!, lladdr[5]!],
    8,
  );
  return a;
}

/** '2001:db8::1' (RFC 4291 §2.2, all three forms; no zone). Throws TypeError on anything else. */
export function ip6Parse(text: string): In6Addr {
  const fail = () => new TypeError(`"${text}" is no IPv6 address such as 2001:db8::1`);
  const halves = text.split('::');
  if (halves.length > 2 || text.length > 45) throw fail();
  const [front, back] = halves.map((half) => groups(half));
  if (front === undefined || front === null || back === null) throw fail();
  const missing = 16 - front.length - (back?.length ?? 0);
  // "::" stands for at least one group of zeros.
  if (back === undefined ? missing !== 0 : missing < 2) throw fail();
  // An IPv4 part ends the text, so none may stand in front of "::".
  if (back !== undefined && halves[0]!.includes('.')) throw fail();
  const addr = new Uint8Array(16);
  addr.set(front, 0);
  if (back !== undefined) addr.set(back, 16 - back.length);
  return addr;
}

/** The bytes of 'a:b:c' or 'a:b:1.2.3.4'; null: not of that form. */
function groups(text: string): number[] | null {
  const out: number[] = [];
  if (text === '') return out;
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      const n = Number.parseInt(part, 16);
      out.push(n >> 8, n & 255);
    } else if (i === parts.length - 1 && /^(\d+\.){3}\d+$/.test(part) && !/(^|\.)0\d/.test(part)) {
      try {
        const n = ipParse(part);
        out.push(n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
      } catch {
        return null;
      }
    } else {
      return null;
    }
  }
  return out;
}

/** The one text of the address at bytes[at] that RFC 5952 §4 has. */
export function ip6Text(bytes: Uint8Array, at = 0): string {
  if (in6IsV4Mapped(in6Word(bytes, 0, at), in6Word(bytes, 1, at), in6Word(bytes, 2, at))) {
    return `::ffff:${bytes.subarray(at + 12, at + 16).join('.')}`; // §5
  }
  const g: number[] = [];
  for (let i = 0; i < 16; i += 2) g.push((bytes[at + i]! << 8) | bytes[at + i + 1]!);
  // §4.2.2, §4.2.3: the longest run of zeros, the first of equal ones, never a single group.
  let from = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && g[i + n] === 0) n++;
    if (n > length) {
      from = i;
      length = n;
    }
    i += n;
  }
  const hex = (part: number[]) => part.map((n) => n.toString(16)).join(':');
  return from < 0 ? hex(g) : `${hex(g.slice(0, from))}::${hex(g.slice(from + length))}`;
}
