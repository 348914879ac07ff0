// SPDX-License-Identifier: BSD-2-Clause
/**
 * ICMP header (RFC 792). Errors quote the IP header and at least 8 bytes of the packet they are
 * about, from byte 8 on.
 *
 *      0       1       2               4                               8
 *     +-------+-------+---------------+-------------------------------+------
 *     | type  | code  | checksum      | id, seq | 0, next-hop MTU     | data …
 *     +-------+-------+---------------+-------------------------------+------
 */
export const ICMP_TYPE = 0;
export const ICMP_CODE = 1;
export const ICMP_SUM = 2;
export const ICMP_ID = 4;
export const ICMP_SEQ = 6;
/** RFC 1191 §4 */
export const ICMP_NEXTMTU = 6;
export const ICMP_HDR_LEN = 8;

export const ICMP_ECHOREPLY = 0;
export const ICMP_UNREACH = 3;
export const ICMP_SOURCEQUENCH = 4;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO = 8;
export const ICMP_TIMXCEED = 11;
export const ICMP_PARAMPROB = 12;

/** Codes of ICMP_UNREACH. */
export const ICMP_UNREACH_HOST = 1;
export const ICMP_UNREACH_PROTOCOL = 2;
export const ICMP_UNREACH_PORT = 3;
export const ICMP_UNREACH_NEEDFRAG = 4;
/** Codes of ICMP_TIMXCEED. */
export const ICMP_TIMXCEED_INTRANS = 0;
export const ICMP_TIMXCEED_REASS = 1;

export function icmpType(v: DataView, at: number): number {
  return v.getUint8(at + ICMP_TYPE);
}

export function icmpCode(v: DataView, at: number): number {
  return v.getUint8(at + ICMP_CODE);
}

export function icmpId(v: DataView, at: number): number {
  return v.getUint16(at + ICMP_ID);
}

export function icmpSeq(v: DataView, at: number): number {
  return v.getUint16(at + ICMP_SEQ);
}

export function icmpNextMtu(v: DataView, at: number): number {
  return v.getUint16(at + ICMP_NEXTMTU);
}

/** Writes type, code and the 32-bit word behind the checksum; the checksum is 0. */
export function icmpPut(v: DataView, at: number, type: number, code: number, word: number): void {
  v.setUint32(at, (type << 24) | (code << 16));
  v.setUint32(at + ICMP_ID, word);
}

/** Is it an error message, about which none may be sent (RFC 1122 §3.2.2)? */
export function icmpIsError(type: number): boolean {
  return (
    type === ICMP_UNREACH ||
    type === ICMP_SOURCEQUENCH ||
    type === ICMP_REDIRECT ||
    type === ICMP_TIMXCEED ||
    type === ICMP_PARAMPROB
  );
}
