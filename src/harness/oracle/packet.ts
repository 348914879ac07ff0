// SPDX-License-Identifier: BSD-2-Clause

/**
 * The oracle's own view of Ethernet, IPv4 and UDP. It shares no line with the stack on purpose: a
 * mistake made there must not be repeated here.
 */

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_VLAN = 0x8100;
export const PROTO_ICMP = 1;
export const PROTO_IPIP = 4;
export const PROTO_UDP = 17;
export const PROTO_ESP = 50;

/** One IPv4 packet by offsets; made once and filled again. */
export interface Ipv4View {
  /** First byte of the header, of the payload, and one past the end of the packet. */
  start: number;
  payload: number;
  end: number;
  /** Addresses as u32, first byte highest. */
  src: number;
  dst: number;
  proto: number;
  id: number;
  fragmentOffsetBytes: number;
  moreFragments: boolean;
}

export function newIpv4View(): Ipv4View {
  return {
    start: 0,
    payload: 0,
    end: 0,
    src: 0,
    dst: 0,
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
export function readIpv4(b: Uint8Array, at: number, limit: number, v: Ipv4View): string {
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
  v.proto = b[at + 9];
  v.id = be16(b, at + 4);
  v.fragmentOffsetBytes = (flags & 0x1fff) * 8;
  v.moreFragments = (flags & 0x2000) !== 0;
  return '';
}

/** Sum of the pseudo header (RFC 768), to begin checksum() with. */
export function pseudoHeader(src: number, dst: number, proto: number, lenBytes: number): number {
  return (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + proto + lenBytes;
}

export function addressText(a: number): string {
  return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
}

/** '10.0.0.1' to u32. Throws RangeError. */
export function readAddress(text: string): number {
  const parts = text.split('.').map(Number);
  const good = parts.length === 4 && parts.every((p) => Number.isInteger(p) && p >= 0 && p < 256);
  if (!good) throw new RangeError(`"${text}": an IPv4 address was expected`);
  return ((parts[0]! << 24) | (parts[1]! << 16) | (parts[2]! << 8) | parts[3]!) >>> 0;
}
