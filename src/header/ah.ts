// SPDX-License-Identifier: BSD-2-Clause
/**
 * Authentication Header (RFC 4302 §2). It stands between the IP header and what that named.
 *
 *      0       1       2               4               8               12
 *     +-------+-------+---------------+---------------+---------------+---------------
 *     | next  | length| 0             | SPI           | sequence      | ICV, padding …
 *     +-------+-------+---------------+---------------+---------------+---------------
 */
export const AH_NXT = 0;
export const AH_PLEN = 1;
export const AH_SPI = 4;
export const AH_SEQ = 8;
/** All but the ICV. */
export const AH_HDR_LEN = 12;

/** Bytes of the whole header: its length field counts words of 4, two of them not (§2.2). */
export function ahLen(v: DataView, at: number): number {
  return (v.getUint8(at + AH_PLEN) + 2) << 2;
}

/** Low 32 bits of the sequence number. */
export function ahSeq(v: DataView, at: number): number {
  return v.getUint32(at + AH_SEQ);
}

/** Writes all but the ICV of a header of lenBytes. */
export function ahPut(
  v: DataView,
  at: number,
  next: number,
  lenBytes: number,
  spi: number,
  seqLo: number,
): void {
  v.setUint32(at, (next << 24) | (((lenBytes >> 2) - 2) << 16));
  v.setUint32(at + AH_SPI, spi);
  v.setUint32(at + AH_SEQ, seqLo);
}
