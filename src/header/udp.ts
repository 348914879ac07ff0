// SPDX-License-Identifier: BSD-2-Clause
/**
 * UDP header (RFC 768).
 *
 *      0               2               4               6               8
 *     +---------------+---------------+---------------+---------------+------
 *     | source port   | dest port     | length        | checksum      | data …
 *     +---------------+---------------+---------------+---------------+------
 */
export const UDP_SPORT = 0;
export const UDP_DPORT = 2;
export const UDP_LEN = 4;
export const UDP_SUM = 6;
export const UDP_HDR_LEN = 8;

export function udpSport(v: DataView, at: number): number {
  return v.getUint16(at + UDP_SPORT);
}

export function udpDport(v: DataView, at: number): number {
  return v.getUint16(at + UDP_DPORT);
}

/** Header and data, bytes. */
export function udpLen(v: DataView, at: number): number {
  return v.getUint16(at + UDP_LEN);
}

/** 0: the sender computed none. */
export function udpSum(v: DataView, at: number): number {
  return v.getUint16(at + UDP_SUM);
}

/** Writes a header with checksum 0. */
export function udpPut(v: DataView, at: number, sport: number, dport: number, len: number): void {
  v.setUint16(at + UDP_SPORT, sport);
  v.setUint16(at + UDP_DPORT, dport);
  v.setUint16(at + UDP_LEN, len);
  v.setUint16(at + UDP_SUM, 0);
}
