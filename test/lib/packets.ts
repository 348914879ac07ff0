// SPDX-License-Identifier: BSD-2-Clause
/**
 * Packets for tests, byte by byte from the RFCs' drawings; shares nothing with the code under test.
 */
import { referenceCksum, referenceSum } from '../reference/cksum.ts';

export interface IpFields {
  readonly src: number;
  readonly dst: number;
  readonly proto: number;
  readonly payload: Uint8Array;
  readonly tos?: number;
  readonly id?: number;
  /** Flags and offset as they stand in the header. */
  readonly off?: number;
  readonly ttl?: number;
  readonly options?: Uint8Array;
  /** Instead of the right ones. */
  readonly version?: number;
  readonly ihl?: number;
  readonly len?: number;
  readonly sum?: number;
}

export const u16 = (n: number): number[] => [(n >> 8) & 255, n & 255];
export const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

export function concat(...parts: (Uint8Array | number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((p) => [...p]));
}

/** RFC 791 §3.1 */
export function ipPacket(f: IpFields): Uint8Array {
  const options = f.options ?? new Uint8Array(0);
  const hdrLen = 20 + options.length;
  const header = concat(
    [((f.version ?? 4) << 4) | (f.ihl ?? hdrLen / 4), f.tos ?? 0],
    u16(f.len ?? hdrLen + f.payload.length),
    u16(f.id ?? 1),
    u16(f.off ?? 0),
    [f.ttl ?? 64, f.proto, 0, 0],
    u32(f.src),
    u32(f.dst),
    options,
  );
  header.set(u16(f.sum ?? referenceCksum(header)), 10);
  return concat(header, f.payload);
}

/** RFC 768, with the checksum; sum: instead of the right one. */
export function udpDatagram(
  src: number,
  sport: number,
  dst: number,
  dport: number,
  data: Uint8Array,
  sum?: number,
): Uint8Array {
  const len = 8 + data.length;
  const bytes = concat(u16(sport), u16(dport), u16(len), [0, 0], data);
  const pseudo = concat(u32(src), u32(dst), [0, 17], u16(len));
  const right = 0xffff - referenceSum(bytes, referenceSum(pseudo));
  bytes.set(u16(sum ?? (right === 0 ? 0xffff : right)), 6);
  return bytes;
}

/** RFC 792: type, code, checksum, the 32-bit word, data. */
export function icmpMessage(
  type: number,
  code: number,
  word: number,
  data: Uint8Array,
): Uint8Array {
  const bytes = concat([type, code, 0, 0], u32(word), data);
  bytes.set(u16(referenceCksum(bytes)), 2);
  return bytes;
}

export function etherFrame(
  dst: Uint8Array,
  src: Uint8Array,
  type: number,
  payload: Uint8Array,
): Uint8Array {
  return concat(dst, src, u16(type), payload);
}

/** RFC 826 */
export function arpPacket(
  op: number,
  sha: Uint8Array,
  spa: number,
  tha: Uint8Array,
  tpa: number,
): Uint8Array {
  return concat(u16(1), u16(0x800), [6, 4], u16(op), sha, u32(spa), tha, u32(tpa));
}
