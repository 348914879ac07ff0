// SPDX-License-Identifier: BSD-2-Clause
import {
  IP6_HDR_LEN,
  IP6_NXT,
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ROUTING,
} from './ip6.ts';

/**
 * IPv6 extension headers (RFC 8200 §4). All but the fragment header tell their length in units of
 * 8 bytes, the first not counted.
 *
 *      0       1       2                                               8
 *     +-------+-------+------------------------------------------------+-----
 *     | next  | len/8 | options or routing data …                      |
 *     +-------+-------+---------------+--------------------------------+
 *     | next  | 0     | offset    |0 M| identification                 | fragment
 *     +-------+-------+---------------+--------------------------------+
 */
export const IP6E_NXT = 0;
export const IP6E_LEN = 1;
export const IP6R_TYPE = 2;
export const IP6R_SEGLEFT = 3;
export const IP6F_OFFLG = 2;
export const IP6F_IDENT = 4;
export const IP6F_LEN = 8;
/** Bits of the field at IP6F_OFFLG; the offset counts bytes there, in steps of 8. */
export const IP6F_MORE = 1;
export const IP6F_OFFMASK = 0xfff8;

/** Options (RFC 8200 §4.2). The top two bits say what becomes of a packet with an unknown one. */
export const IP6OPT_PAD1 = 0;
export const IP6OPT_PADN = 1;

/** A chain with more headers, or more bytes of them, is refused (RFC 8504 §5.3 lets a host). */
export const IP6_EXT_MAX = 8;
export const IP6_EXT_MAX_BYTES = 1024;

/** Faults of ip6Walk(). */
export const IP6_WALK_RIGHT = 0;
export const IP6_WALK_SHORT = 1;
export const IP6_WALK_TOO_MANY = 2;

/** Does a header of this number stand between the IPv6 header and the upper protocol, in clear? */
export function ip6IsExt(nxt: number): boolean {
  return (
    nxt === IPPROTO_HOPOPTS ||
    nxt === IPPROTO_ROUTING ||
    nxt === IPPROTO_FRAGMENT ||
    nxt === IPPROTO_DSTOPTS
  );
}

/** Bytes of the extension header `nxt` at `at`. */
export function ip6ExtLen(v: DataView, at: number, nxt: number): number {
  return nxt === IPPROTO_FRAGMENT ? IP6F_LEN : (v.getUint8(at + IP6E_LEN) + 1) << 3;
}

/** Offset in bytes that a fragment header tells. */
export function ip6fOffset(v: DataView, at: number): number {
  return v.getUint16(at + IP6F_OFFLG) & IP6F_OFFMASK;
}

export function ip6fMore(v: DataView, at: number): boolean {
  return (v.getUint16(at + IP6F_OFFLG) & IP6F_MORE) !== 0;
}

export function ip6fIdent(v: DataView, at: number): number {
  return v.getUint32(at + IP6F_IDENT);
}

/** Writes a fragment header; offsetBytes is a multiple of 8. */
export function ip6fPut(
  v: DataView,
  at: number,
  nxt: number,
  offsetBytes: number,
  more: boolean,
  ident: number,
): void {
  v.setUint32(at, (nxt << 24) | offsetBytes | (more ? IP6F_MORE : 0));
  v.setUint32(at + IP6F_IDENT, ident);
}

/** Where a chain of extension headers ends; ip6Walk() fills it in, so that nothing is allocated. */
export class Ip6Chain {
  /** What the chain ends at: an upper protocol, ESP, AH, none, or what is not known. */
  proto = 0;
  /** Bytes from the IPv6 header to the header that `proto` names. */
  off = 0;
  /** Bytes from the IPv6 header to the byte that names it: here a new number goes. */
  nxtOff = 0;
  /**
   * Bytes that every fragment repeats, and where ESP and AH go in transport mode (RFC 4303
   * §3.1.1): the IPv6 header, hop-by-hop options, routing header and what is before that.
   */
  unfragLen = 0;
  /** Bytes to the byte that names what comes behind them. */
  unfragNxtOff = 0;
  /** Bytes to the fragment header; 0: none. */
  fragOff = 0;
}

/**
 * Follows the chain of the packet of lenBytes at `at` to its end. Behind the header of a fragment
 * that is not the first there is no header: proto is then IPPROTO_FRAGMENT, and off that of the
 * fragment header. IP6_WALK_RIGHT or the fault; where a fault is, off and nxtOff point to the header
 * that does not fit. At most IP6_EXT_MAX steps.
 */
export function ip6Walk(v: DataView, at: number, lenBytes: number, chain: Ip6Chain): number {
  let nxtOff = IP6_NXT;
  let off = IP6_HDR_LEN;
  let nxt = v.getUint8(at + nxtOff);
  chain.unfragLen = IP6_HDR_LEN;
  chain.unfragNxtOff = IP6_NXT;
  chain.fragOff = 0;
  let fault = IP6_WALK_RIGHT;
  for (let n = 0; ip6IsExt(nxt); n++) {
    if (n === IP6_EXT_MAX || off > IP6_HDR_LEN + IP6_EXT_MAX_BYTES) {
      fault = IP6_WALK_TOO_MANY;
      break;
    }
    if (off + 8 > lenBytes || off + ip6ExtLen(v, at + off, nxt) > lenBytes) {
      fault = IP6_WALK_SHORT;
      break;
    }
    if (nxt === IPPROTO_FRAGMENT) {
      chain.fragOff = off;
      if (ip6fOffset(v, at + off) !== 0) break;
    }
    nxtOff = off;
    off += ip6ExtLen(v, at + off, nxt);
    if (chain.fragOff === 0 && (nxt === IPPROTO_HOPOPTS || nxt === IPPROTO_ROUTING)) {
      chain.unfragLen = off;
      chain.unfragNxtOff = nxtOff;
    }
    nxt = v.getUint8(at + nxtOff);
  }
  chain.proto = nxt;
  chain.off = off;
  chain.nxtOff = nxtOff;
  return fault;
}

/**
 * Bytes from the IPv6 header at `at` to the byte that names the header at hdrLen, which a walk of
 * this packet has found before.
 */
export function ip6NxtOff(v: DataView, at: number, hdrLen: number): number {
  let nxtOff = IP6_NXT;
  for (let off = IP6_HDR_LEN; off < hdrLen; ) {
    const nxt = v.getUint8(at + nxtOff);
    nxtOff = off;
    off += ip6ExtLen(v, at + off, nxt);
  }
  return nxtOff;
}
