// SPDX-License-Identifier: BSD-2-Clause
/**
 * ICMPv6 header (RFC 4443 §2.1) and the two messages of neighbour discovery (RFC 4861 §4.3, §4.4).
 * Errors quote the packet they are about from byte 8 on. Types below 128 are errors.
 *
 *      0       1       2               4                               8
 *     +-------+-------+---------------+-------------------------------+------
 *     | type  | code  | checksum      | id, seq | MTU | pointer       | data …
 *     +-------+-------+---------------+-------------------------------+------
 *     | 135/6 | 0     | checksum      | R S O flags (advertisement)   | target, 16 B
 *     +-------+-------+---------------+-------------------------------+------ 24
 *     | option type, length / 8, Ethernet address                     | …
 *     +---------------------------------------------------------------+------ 32
 */
export const ICMP6_TYPE = 0;
export const ICMP6_CODE = 1;
export const ICMP6_SUM = 2;
export const ICMP6_ID = 4;
export const ICMP6_SEQ = 6;
/** MTU of packet too big, pointer of parameter problem, flags of neighbour advertisement. */
export const ICMP6_WORD = 4;
export const ICMP6_HDR_LEN = 8;

export const ICMP6_DST_UNREACH = 1;
export const ICMP6_PACKET_TOO_BIG = 2;
export const ICMP6_TIME_EXCEEDED = 3;
export const ICMP6_PARAM_PROB = 4;
export const ICMP6_ECHO_REQUEST = 128;
export const ICMP6_ECHO_REPLY = 129;
export const ND_ROUTER_SOLICIT = 133;
export const ND_ROUTER_ADVERT = 134;
export const ND_NEIGHBOR_SOLICIT = 135;
export const ND_NEIGHBOR_ADVERT = 136;
export const ND_REDIRECT = 137;

/** Codes of ICMP6_DST_UNREACH. */
export const ICMP6_DST_UNREACH_NOROUTE = 0;
export const ICMP6_DST_UNREACH_ADMIN = 1;
export const ICMP6_DST_UNREACH_BEYONDSCOPE = 2;
export const ICMP6_DST_UNREACH_ADDR = 3;
export const ICMP6_DST_UNREACH_NOPORT = 4;
/** Codes of ICMP6_TIME_EXCEEDED. */
export const ICMP6_TIME_EXCEED_TRANSIT = 0;
export const ICMP6_TIME_EXCEED_REASSEMBLY = 1;
/** Codes of ICMP6_PARAM_PROB; the last is RFC 7112's. */
export const ICMP6_PARAMPROB_HEADER = 0;
export const ICMP6_PARAMPROB_NEXTHEADER = 1;
export const ICMP6_PARAMPROB_OPTION = 2;
export const ICMP6_PARAMPROB_FIRST_FRAGMENT = 3;

export const ND_TARGET = 8;
/** Without options. */
export const ND_LEN = 24;
export const ND_NA_FLAG_ROUTER = 0x80000000;
export const ND_NA_FLAG_SOLICITED = 0x40000000;
export const ND_NA_FLAG_OVERRIDE = 0x20000000;
export const ND_OPT_SOURCE_LINKADDR = 1;
export const ND_OPT_TARGET_LINKADDR = 2;
/** Bytes of a link-layer address option on Ethernet. */
export const ND_OPT_LINKADDR_LEN = 8;

export function icmp6Type(v: DataView, at: number): number {
  return v.getUint8(at + ICMP6_TYPE);
}

export function icmp6Code(v: DataView, at: number): number {
  return v.getUint8(at + ICMP6_CODE);
}

export function icmp6Id(v: DataView, at: number): number {
  return v.getUint16(at + ICMP6_ID);
}

export function icmp6Seq(v: DataView, at: number): number {
  return v.getUint16(at + ICMP6_SEQ);
}

/** The 32 bits behind the checksum. */
export function icmp6Word(v: DataView, at: number): number {
  return v.getUint32(at + ICMP6_WORD);
}

/** Writes type, code and the 32-bit word behind the checksum; the checksum is 0. */
export function icmp6Put(v: DataView, at: number, type: number, code: number, word: number): void {
  v.setUint32(at, (type << 24) | (code << 16));
  v.setUint32(at + ICMP6_WORD, word);
}

/** An error message: none may be sent about it (RFC 4443 §2.4(e)). */
export function icmp6IsError(type: number): boolean {
  return type < 128;
}

/** Neighbour discovery: never beyond the link (RFC 4861 §3.1 wants hop limit 255). */
export function icmp6IsNd(type: number): boolean {
  return type >= ND_ROUTER_SOLICIT && type <= ND_REDIRECT;
}

/**
 * Bytes from the message to the first option of this type among the options in [optsOff, lenBytes),
 * 0: there is none, -1: an option is malformed (length 0 or beyond the message, RFC 4861 §4.6).
 */
export function ndOption(
  v: DataView,
  at: number,
  optsOff: number,
  lenBytes: number,
  type: number,
): number {
  let found = 0;
  for (let off = optsOff; off < lenBytes; ) {
    if (off + 2 > lenBytes) return -1;
    const size = v.getUint8(at + off + 1) << 3;
    if (size === 0 || off + size > lenBytes) return -1;
    if (found === 0 && v.getUint8(at + off) === type) found = off;
    off += size;
  }
  return found;
}
