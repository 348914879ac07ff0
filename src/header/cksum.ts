// SPDX-License-Identifier: BSD-2-Clause
/**
 * Internet checksum (RFC 1071, incremental update RFC 1624).
 *
 * Sums are carried as numbers of 16 bits in network order, folded; the caller's complement of the
 * last one goes into the header. The core reads 32-bit little-endian words at any alignment: RFC
 * 1071 §2(B), the sum does not mind the byte order, so one swap at the end is enough.
 */

/**
 * Adds lenBytes at `at` to a folded sum: as if the range began at an even place of the message.
 * Any alignment, any length; an odd last byte counts as if a zero followed (RFC 1071 §4.1).
 */
export function cksumAdd(v: DataView, at: number, lenBytes: number, sum: number): number {
  // all: sum of the words modulo 2^32; hi: exact sum of their upper halves. The lower halves' sum is
  // all - hi * 2^16 modulo 2^32, and exact: a full packet's 16384 words keep it below 2^30.
  let all = 0;
  let hi = 0;
  let p = at;
  const end = at + lenBytes;
  for (const stop = end - 31; p < stop; p += 32) {
    const a = v.getInt32(p, true);
    const b = v.getInt32(p + 4, true);
    const c = v.getInt32(p + 8, true);
    const d = v.getInt32(p + 12, true);
    const e = v.getInt32(p + 16, true);
    const f = v.getInt32(p + 20, true);
    const g = v.getInt32(p + 24, true);
    const h = v.getInt32(p + 28, true);
    all = (all + a + b + c + d + e + f + g + h) | 0;
    hi += (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16);
    hi += (e >>> 16) + (f >>> 16) + (g >>> 16) + (h >>> 16);
  }
  for (const stop = end - 3; p < stop; p += 4) {
    const a = v.getInt32(p, true);
    all = (all + a) | 0;
    hi += a >>> 16;
  }
  let lo = (all - (hi << 16)) >>> 0;
  if (p + 1 < end) {
    lo += v.getUint16(p, true);
    p += 2;
  }
  if (p < end) lo += v.getUint8(p);
  const le = cksumFold(lo + hi);
  return cksumFold(sum + (((le & 0xff) << 8) | (le >> 8)));
}

/** End-around carry: brings a sum below 2^31 to 16 bits. */
export function cksumFold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** The checksum of a range, ready for the header; over a range with a right checksum it is 0. */
export function cksum(v: DataView, at: number, lenBytes: number): number {
  return ~cksumAdd(v, at, lenBytes, 0) & 0xffff;
}

/** Sum of the IPv4 pseudo header (RFC 768): source, destination, protocol, length. */
export function cksumPseudo(src: number, dst: number, proto: number, lenBytes: number): number {
  return cksumFold(
    (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + proto + lenBytes,
  );
}

/**
 * Sum of the IPv6 pseudo header (RFC 8200 §8.1): source and destination, 32 bytes at addrsAt as they
 * stand in the IPv6 header, upper protocol, length.
 */
export function cksumPseudo6(
  v: DataView,
  addrsAt: number,
  proto: number,
  lenBytes: number,
): number {
  return cksumAdd(v, addrsAt, 32, cksumFold(proto + lenBytes));
}

/**
 * The checksum of a header in which one 16-bit field changed from `from` to `to`:
 * RFC 1624 §3 eqn. 3, HC' = ~(~HC + ~m + m').
 */
export function cksumUpdate(sum: number, from: number, to: number): number {
  return ~cksumFold((~sum & 0xffff) + (~from & 0xffff) + to) & 0xffff;
}
