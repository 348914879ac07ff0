// SPDX-License-Identifier: BSD-2-Clause

/**
 * The oracle's own view of Ethernet, IP and UDP. It shares no line with the stack on purpose: a
 * mistake made there must not be repeated here.
 */

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
export const ETHERTYPE_VLAN = 0x8100;
export const PROTO_ICMP = 1;
export const PROTO_IPIP = 4;
export const PROTO_NONE = 59;
export const PROTO_UDP = 17;
export const PROTO_IPV6 = 41;
export const PROTO_ESP = 50;
export const PROTO_AH = 51;
export const PROTO_ICMPV6 = 58;
const PROTO_HOP_BY_HOP = 0;
const PROTO_ROUTING = 43;
const PROTO_FRAGMENT = 44;
const PROTO_DESTINATION_OPTIONS = 60;

/** An address: of IPv4 a u32, first byte highest, of IPv6 a bigint. None of one is equal to one of the other. */
export type Address = number | bigint;

/** One IP packet by offsets; made once and filled again. */
export interface IpView {
  /** First byte of the header, of the payload, and one past the end of the packet. */
  start: number;
  payload: number;
  end: number;
  src: Address;
  dst: Address;
  /** What the addresses are in the pseudo header's sum. */
  addressSum: number;
  proto: number;
  id: number;
  fragmentOffsetBytes: number;
  moreFragments: boolean;
}

export function newIpView(): IpView {
  return {
    start: 0,
    payload: 0,
    end: 0,
    src: 0,
    dst: 0,
    addressSum: 0,
    proto: 0,
    id: 0,
    fragmentOffsetBytes: 0,
    moreFragments: false,
  };
}

export function be16(b: Uint8Array, at: number): number {
  return (b[at] << 8) | b[at + 1];
}

export function be32(b: Uint8Array, at: number): number {
  return ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Internet checksum (RFC 1071) over b[from, to), begun with `sum`; 0 when it verifies. */
export function checksum(b: Uint8Array, from: number, to: number, sum = 0): number {
  let s = sum;
  let at = from;
  if (to - from >= 64 && ((b.byteOffset + from) & 3) === 0 && LITTLE_ENDIAN) {
    // RFC 1071 §2: a sum of wider words, in either byte order, folds to the same. 2^16 words of
    // 2^32 stay below 2^53.
    const words = new Uint32Array(b.buffer, b.byteOffset + from, (to - from) >>> 2);
    let wide = 0;
    for (let i = 0; i < words.length; i++) wide += words[i];
    const folded = wide % 0xffff;
    const native = folded === 0 && wide > 0 ? 0xffff : folded;
    s += ((native & 0xff) << 8) | (native >>> 8);
    at += words.length * 4;
  }
  for (; at + 1 < to; at += 2) s += (b[at] << 8) | b[at + 1];
  if (at < to) s += b[at] << 8;
  while (s > 0xffff) s = (s & 0xffff) + Math.floor(s / 0x10000);
  return ~s & 0xffff;
}

/** Fills `v` from the IPv4 packet in b[at, limit). '' or what is wrong with it. */
export function readIpv4(b: Uint8Array, at: number, limit: number, v: IpView): string {
  if (limit - at < 20) return `${limit - at} bytes where an IPv4 header was expected`;
  if (b[at] >> 4 !== 4) return `IP version ${b[at] >> 4} under an IPv4 type`;
  const headerBytes = (b[at] & 15) * 4;
  const totalBytes = be16(b, at + 2);
  if (headerBytes < 20) return `IPv4 header length ${headerBytes}`;
  if (totalBytes < headerBytes || at + totalBytes > limit) {
    return `IPv4 total length ${totalBytes} in ${limit - at} bytes`;
  }
  if (checksum(b, at, at + headerBytes) !== 0) return 'IPv4 header checksum is wrong';
  const flags = be16(b, at + 6);
  v.start = at;
  v.payload = at + headerBytes;
  v.end = at + totalBytes;
  v.src = be32(b, at + 12);
  v.dst = be32(b, at + 16);
  v.addressSum = sumOf(b, at + 12, at + 20);
  v.proto = b[at + 9];
  v.id = be16(b, at + 4);
  v.fragmentOffsetBytes = (flags & 0x1fff) * 8;
  v.moreFragments = (flags & 0x2000) !== 0;
  return '';
}

/**
 * Fills `v` from the IPv6 packet in b[at, limit): the payload begins behind the extension headers, or
 * behind a fragment's header. '' or what is wrong with it.
 */
export function readIpv6(b: Uint8Array, at: number, limit: number, v: IpView): string {
  if (limit - at < 40) return `${limit - at} bytes where an IPv6 header was expected`;
  if (b[at] >> 4 !== 6) return `IP version ${b[at] >> 4} under an IPv6 type`;
  const end = at + 40 + be16(b, at + 4);
  if (end > limit) return `IPv6 payload length ${be16(b, at + 4)} in ${limit - at} bytes`;
  v.start = at;
  v.end = end;
  v.src = be128(b, at + 8);
  v.dst = be128(b, at + 24);
  v.addressSum = sumOf(b, at + 8, at + 40);
  v.id = 0;
  v.fragmentOffsetBytes = 0;
  v.moreFragments = false;
  let proto = b[at + 6];
  let next = at + 40;
  while (isExtension(proto)) {
    const bytes = proto === PROTO_FRAGMENT ? 8 : 8 + b[next + 1] * 8;
    if (next + 8 > end || next + bytes > end) return 'IPv6 extension header beyond the packet';
    if (proto === PROTO_FRAGMENT) {
      const field = be16(b, next + 2);
      v.fragmentOffsetBytes = field & 0xfff8;
      v.moreFragments = (field & 1) !== 0;
      v.id = be32(b, next + 4);
    }
    proto = b[next];
    next += bytes;
    if (v.moreFragments || v.fragmentOffsetBytes > 0) break;
  }
  v.proto = proto;
  v.payload = next;
  return '';
}

function isExtension(proto: number): boolean {
  return (
    proto === PROTO_HOP_BY_HOP ||
    proto === PROTO_ROUTING ||
    proto === PROTO_FRAGMENT ||
    proto === PROTO_DESTINATION_OPTIONS
  );
}

function be128(b: Uint8Array, at: number): bigint {
  const high = (BigInt(be32(b, at)) << 32n) | BigInt(be32(b, at + 4));
  return (high << 64n) | (BigInt(be32(b, at + 8)) << 32n) | BigInt(be32(b, at + 12));
}

/** Sum of the 16-bit words of b[from, to), which holds an even number of bytes. */
function sumOf(b: Uint8Array, from: number, to: number): number {
  let s = 0;
  for (let at = from; at < to; at += 2) s += (b[at] << 8) | b[at + 1];
  return s;
}

/** Sum of the pseudo header (RFC 768, RFC 8200 §8.1) of v's addresses, to begin checksum() with. */
export function pseudoHeader(v: IpView, proto: number, lenBytes: number): number {
  return v.addressSum + proto + lenBytes;
}

export function addressText(a: Address): string {
  if (typeof a === 'number') {
    return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
  }
  const groups = a.toString(16).padStart(32, '0').match(/.{4}/g)!;
  return groups.map((g) => g.replace(/^0+(?=.)/, '')).join(':');
}

/** '2001:db8::1' to a bigint. Throws RangeError. */
function readAddress6(text: string): bigint {
  const [front, back, ...more] = text.split('::').map((part) => part.split(':').filter(Boolean));
  const given = [...front!, ...(back ?? [])];
  const missing = back === undefined ? 0 : 8 - given.length;
  const groups = [...front!, ...new Array<string>(Math.max(missing, 0)).fill('0'), ...(back ?? [])];
  const good = groups.length === 8 && groups.every((g) => /^[0-9a-f]{1,4}$/i.test(g));
  if (!good || more.length > 0) throw new RangeError(`"${text}": an IPv6 address was expected`);
  return BigInt(`0x${groups.map((g) => g.padStart(4, '0')).join('')}`);
}

/** '10.0.0.1' or '2001:db8::1'. Throws RangeError. */
export function readAddress(text: string): Address {
  if (text.includes(':')) return readAddress6(text);
  const parts = text.split('.').map(Number);
  const good = parts.length === 4 && parts.every((p) => Number.isInteger(p) && p >= 0 && p < 256);
  if (!good) throw new RangeError(`"${text}": an IPv4 address was expected`);
  return ((parts[0]! << 24) | (parts[1]! << 16) | (parts[2]! << 8) | parts[3]!) >>> 0;
}

/** RFC 4861: types 133 to 137 with hop limit 255, which no policy keeps from its link. */
export function isNeighborDiscovery(b: Uint8Array, v: IpView): boolean {
  if (v.proto !== PROTO_ICMPV6 || v.payload >= v.end || b[v.start + 7] !== 255) return false;
  return b[v.payload]! >= 133 && b[v.payload]! <= 137;
}
