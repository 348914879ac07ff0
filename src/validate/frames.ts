// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv } from 'node:crypto';
import type { OffloadSa } from '../netipsec/pact.ts';
import { macOf } from './rig.ts';

/** Frames for driver tests, made here and not by the stack, so that both can be wrong only apart. */

/** Frames as text: quick to compare, and readable when they differ. */
export function hex(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString('hex'));
}

/** Deterministic bytes: byte i of a pattern. */
export function pattern(lenBytes: number, seed: number): Uint8Array {
  const out = new Uint8Array(lenBytes);
  let x = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < lenBytes; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    out[i] = x >>> 24;
  }
  return out;
}

/** A frame of lenBytes to card `to`, of an EtherType nobody uses. */
export function plainFrame(to: number, lenBytes: number, seed: number): Uint8Array {
  const frame = pattern(lenBytes, seed);
  if (lenBytes >= 14) {
    frame.set(macOf(to), 0);
    frame.set(macOf(1 - to), 6);
    frame[12] = 0x88;
    frame[13] = 0xb5; // IEEE 802 local experimental
  }
  return frame;
}

export interface EspShape {
  readonly to: number;
  readonly spi: number;
  readonly seq: number;
  readonly payloadBytes: number;
  readonly src?: number;
  readonly dst?: number;
  /** IP header with so many option words. */
  readonly optionWords?: number;
  readonly seed?: number;
}

export const ESP_DST = 0x0a000002;
const ESP_SRC = 0x0a000001;

/**
 * An IPv4 ESP frame in clear as ipsec hands it to a driver: all headers, IV = 64-bit sequence
 * number, payload, padding (1, 2, 3, …), trailer, and 16 bytes of room for the ICV (RFC 4303 §2).
 */
export function espClear(shape: EspShape): Uint8Array {
  const pad = (4 - ((shape.payloadBytes + 2) & 3)) & 3;
  const text = shape.payloadBytes + pad + 2;
  const ihl = 5 + (shape.optionWords ?? 0);
  const ipBytes = ihl * 4 + 16 + text + 16;
  const frame = new Uint8Array(14 + ipBytes);
  const v = new DataView(frame.buffer);
  frame.set(macOf(shape.to), 0);
  frame.set(macOf(1 - shape.to), 6);
  v.setUint16(12, 0x0800);
  v.setUint8(14, 0x40 | ihl);
  v.setUint16(16, ipBytes);
  v.setUint8(22, 64);
  v.setUint8(23, 50);
  v.setUint32(26, shape.src ?? ESP_SRC);
  v.setUint32(30, shape.dst ?? ESP_DST);
  for (let i = 0; i < ihl - 5; i++) v.setUint32(34 + 4 * i, 0x01010101);
  const esp = 14 + ihl * 4;
  v.setUint32(esp, shape.spi);
  v.setUint32(esp + 4, shape.seq);
  v.setUint32(esp + 12, shape.seq);
  frame.set(pattern(shape.payloadBytes, shape.seed ?? shape.seq), esp + 16);
  for (let i = 0; i < pad; i++) frame[esp + 16 + shape.payloadBytes + i] = i + 1;
  frame[esp + 16 + text - 2] = pad;
  frame[esp + 16 + text - 1] = 17;
  return frame;
}

/** The same as it must be on the wire: encrypted by node:crypto, RFC 4106. */
export function espSealed(shape: EspShape, sa: OffloadSa, esnHi = 0): Uint8Array {
  const frame = espClear(shape);
  const esp = 14 + (5 + (shape.optionWords ?? 0)) * 4;
  const nonce = new Uint8Array(12);
  nonce.set(sa.salt);
  nonce.set(frame.subarray(esp + 8, esp + 16), 4);
  const name = sa.key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm';
  const cipher = createCipheriv(name, sa.key, nonce);
  const aad = new Uint8Array(sa.esn ? 12 : 8);
  const v = new DataView(aad.buffer);
  v.setUint32(0, shape.spi);
  if (sa.esn) v.setUint32(4, esnHi);
  v.setUint32(sa.esn ? 8 : 4, shape.seq);
  cipher.setAAD(aad);
  const end = frame.length - 16;
  frame.set(cipher.update(frame.subarray(esp + 16, end)), esp + 16);
  cipher.final();
  frame.set(cipher.getAuthTag(), end);
  return frame;
}

/** An SA as ipsec would install it. */
export function testSa(
  direction: 'in' | 'out',
  spi: number,
  more: Partial<OffloadSa> = {},
): OffloadSa {
  const dst = new Uint8Array(4);
  new DataView(dst.buffer).setUint32(0, ESP_DST);
  return {
    direction,
    saHandle: spi & 0xffff,
    generation: 7,
    spi,
    family: 4,
    dst,
    proto: 50,
    alg: 'aes-gcm-16',
    key: pattern(16, spi),
    salt: pattern(4, spi + 1),
    icvLenBytes: 16,
    esn: false,
    udpEncap: false,
    ...more,
  };
}
