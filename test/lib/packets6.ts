// SPDX-License-Identifier: BSD-2-Clause
/**
 * IPv6 packets for tests, byte by byte from the RFCs' drawings; shares nothing with the code under
 * test but the way addresses are held: 16 bytes.
 */
import { referenceSum } from '../reference/cksum.ts';
import { concat, u16, u32 } from './packets.ts';

export interface Ip6Fields {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  /** Number of the first header behind this one. */
  readonly nxt: number;
  readonly payload: Uint8Array;
  readonly hlim?: number;
  readonly tclass?: number;
  readonly flow?: number;
  /** Instead of the right ones. */
  readonly version?: number;
  readonly plen?: number;
}

/** RFC 8200 §3 */
export function ip6Packet(f: Ip6Fields): Uint8Array {
  const first = (f.version ?? 6) * 2 ** 28 + (f.tclass ?? 0) * 2 ** 20 + (f.flow ?? 0);
  return concat(
    u32(first),
    u16(f.plen ?? f.payload.length),
    [f.nxt, f.hlim ?? 64],
    f.src,
    f.dst,
    f.payload,
  );
}

/** The checksum with the pseudo header of RFC 8200 §8.1. */
export function sum6(src: Uint8Array, dst: Uint8Array, nxt: number, bytes: Uint8Array): number {
  const pseudo = concat(src, dst, u32(bytes.length), [0, 0, 0, nxt]);
  return 0xffff - referenceSum(bytes, referenceSum(pseudo));
}

/** RFC 768 over IPv6; sum: instead of the right one. */
export function udp6Datagram(
  src: Uint8Array,
  sport: number,
  dst: Uint8Array,
  dport: number,
  data: Uint8Array,
  sum?: number,
): Uint8Array {
  const bytes = concat(u16(sport), u16(dport), u16(8 + data.length), [0, 0], data);
  const right = sum6(src, dst, 17, bytes);
  bytes.set(u16(sum ?? (right === 0 ? 0xffff : right)), 6);
  return bytes;
}

/** RFC 4443 §2.1 */
export function icmp6Message(
  src: Uint8Array,
  dst: Uint8Array,
  type: number,
  code: number,
  word: number,
  data: Uint8Array,
): Uint8Array {
  const bytes = concat([type, code, 0, 0], u32(word), data);
  bytes.set(u16(sum6(src, dst, 58, bytes)), 2);
  return bytes;
}

/** RFC 8200 §4.3, §4.6: an options header; options are padded to 8 bytes with PadN. */
export function optionsHeader(nxt: number, options: Uint8Array): Uint8Array {
  const padding = (8 - ((options.length + 2) % 8)) % 8;
  const pad = padding === 1 ? [0] : [1, padding - 2, ...new Array(padding).fill(0)];
  const bytes = concat([nxt, 0], options, padding === 0 ? [] : pad.slice(0, padding));
  bytes[1] = bytes.length / 8 - 1;
  return bytes;
}

/** RFC 8200 §4.4, with one address' worth of data. */
export function routingHeader(nxt: number, type: number, segmentsLeft: number): Uint8Array {
  return concat([nxt, 2, type, segmentsLeft], u32(0), new Uint8Array(16));
}

/** RFC 8200 §4.5; offset in bytes. */
export function fragmentHeader(
  nxt: number,
  offset: number,
  more: boolean,
  ident: number,
): Uint8Array {
  return concat([nxt, 0], u16(offset | (more ? 1 : 0)), u32(ident));
}

/** RFC 4861 §4.3, §4.4: target and a link address option of type 1 or 2; null: none. */
export function ndBody(target: Uint8Array, option: number, lladdr: Uint8Array | null): Uint8Array {
  return concat(target, lladdr === null ? [] : concat([option, 1], lladdr));
}
