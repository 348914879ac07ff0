// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv } from 'node:crypto';
import type { WireSa } from '../../../src/harness/oracle/wire_sa.ts';

/** Frames for tests, made with node:crypto and nothing of the stack. */

export function ip4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

export function sum16(b: Uint8Array, begin = 0): number {
  let s = begin;
  for (let i = 0; i < b.length; i += 2) s += (b[i]! << 8) | (b[i + 1] ?? 0);
  while (s > 0xffff) s = (s & 0xffff) + (s >>> 16);
  return ~s & 0xffff;
}

export interface Ipv4Options {
  readonly proto: number;
  readonly src: string;
  readonly dst: string;
  readonly id?: number;
  /** Flags and offset field. */
  readonly fragment?: number;
  readonly options?: Buffer;
}

export function ipv4(o: Ipv4Options, payload: Buffer): Buffer {
  const options = o.options ?? Buffer.alloc(0);
  const h = Buffer.alloc(20 + options.length);
  h[0] = 0x40 | (h.length / 4);
  h.writeUInt16BE(h.length + payload.length, 2);
  h.writeUInt16BE(o.id ?? 0, 4);
  h.writeUInt16BE(o.fragment ?? 0, 6);
  h[8] = 64;
  h[9] = o.proto;
  ip4(o.src).copy(h, 12);
  ip4(o.dst).copy(h, 16);
  options.copy(h, 20);
  h.writeUInt16BE(sum16(h), 10);
  return Buffer.concat([h, payload]);
}

export function udp(src: string, dst: string, sport: number, dport: number, data: Buffer): Buffer {
  const u = Buffer.alloc(8 + data.length);
  u.writeUInt16BE(sport, 0);
  u.writeUInt16BE(dport, 2);
  u.writeUInt16BE(u.length, 4);
  data.copy(u, 8);
  const pseudo = Buffer.concat([ip4(src), ip4(dst), Buffer.from([0, 17, 0, 0])]);
  pseudo.writeUInt16BE(u.length, 10);
  u.writeUInt16BE(sum16(Buffer.concat([pseudo, u])) || 0xffff, 6);
  return u;
}

export interface EspOptions {
  readonly sa: WireSa;
  readonly seq: number;
  readonly iv?: bigint;
  readonly nextHeader: number;
  readonly esnHi?: number;
  /** Replaces pad, pad length and next header. */
  readonly trailer?: Buffer;
}

/** ESP packet (RFC 4303) under AES-GCM with a 16-byte ICV (RFC 4106). */
export function esp(o: EspOptions, payload: Buffer): Buffer {
  const padBytes = (4 - ((payload.length + 2) % 4)) % 4;
  const pad = Array.from({ length: padBytes }, (_, i) => i + 1);
  const trailer = o.trailer ?? Buffer.from([...pad, padBytes, o.nextHeader]);
  const head = Buffer.alloc(16);
  head.writeUInt32BE(o.sa.spi, 0);
  head.writeUInt32BE(o.seq, 4);
  head.writeBigUInt64BE(o.iv ?? BigInt(o.seq), 8);
  const nonce = Buffer.concat([o.sa.salt!, head.subarray(8)]);
  const cipher = createCipheriv(`aes-${o.sa.key.length * 8}-gcm` as 'aes-128-gcm', o.sa.key, nonce);
  const hi = Buffer.alloc(o.sa.esn === true ? 4 : 0);
  if (hi.length > 0) hi.writeUInt32BE(o.esnHi ?? 0);
  cipher.setAAD(Buffer.concat([head.subarray(0, 4), hi, head.subarray(4, 8)]));
  const text = cipher.update(Buffer.concat([payload, trailer]));
  cipher.final();
  return Buffer.concat([head, text, cipher.getAuthTag()]);
}

export function ether(payload: Buffer, type = 0x0800): Buffer {
  const h = Buffer.from('0200000000020200000000010000', 'hex');
  h.writeUInt16BE(type, 12);
  return Buffer.concat([h, payload]);
}
