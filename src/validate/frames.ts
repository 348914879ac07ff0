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
  /** 4 when absent. */
  readonly family?: 4 | 6;
  /** With one VLAN tag. */
  readonly vlan?: boolean;
  /** In UDP to this port (RFC 3948). */
  readonly udpPort?: number;
  readonly seed?: number;
  /** What is in it, payloadBytes long; a pattern when absent. */
  readonly payload?: Uint8Array;
  /** Next header; UDP when absent. */
  readonly next?: number;
  /** High half of the number, in the IV. */
  readonly seqHi?: number;
  /** Padding, bytes: what fills the last word when absent. One byte of it, from 1 on, may be wrong. */
  readonly pad?: number;
  readonly wrongPad?: number;
  /** What the pad length says, when it is not so. */
  readonly padLength?: number;
}

export const ESP_DST = 0x0a000002;
const ESP_SRC = 0x0a000001;

/** Destination of the IPv6 frames, as an address and as words. */
export const ESP_DST6 = Uint8Array.of(0x20, 1, 13, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
export const ESP_DST6_WORDS = [0x20010db8, 0, 0, 2] as const;

/** Bytes in front of IP, of UDP or ESP, and of ESP. */
export function placesOf(shape: EspShape): { ip: number; behind: number; esp: number } {
  const ip = shape.vlan ? 18 : 14;
  const behind = ip + (shape.family === 6 ? 40 : 20 + 4 * (shape.optionWords ?? 0));
  return { ip, behind, esp: behind + (shape.udpPort ? 8 : 0) };
}

/** Bytes of padding. */
export function padOf({ pad, payloadBytes }: EspShape): number {
  return pad ?? -(payloadBytes + 2) & 3;
}

/**
 * An ESP frame in clear as ipsec hands it to a driver: all headers, IV = 64-bit sequence number,
 * payload, padding (1, 2, 3, …), trailer, and 16 bytes of room for the ICV (RFC 4303 §2).
 */
export function espClear(shape: EspShape): Uint8Array {
  const pad = padOf(shape);
  const text = shape.payloadBytes + pad + 2;
  const { ip, behind, esp } = placesOf(shape);
  const frame = new Uint8Array(esp + 16 + text + 16);
  const v = new DataView(frame.buffer);
  frame.set(macOf(shape.to), 0);
  frame.set(macOf(1 - shape.to), 6);
  if (shape.vlan) v.setUint32(12, 0x81000005);
  const proto = shape.udpPort ? 17 : 50;
  if (shape.family === 6) {
    v.setUint16(ip - 2, 0x86dd);
    v.setUint8(ip, 0x60);
    v.setUint16(ip + 4, frame.length - behind);
    v.setUint8(ip + 6, proto);
    v.setUint8(ip + 7, 64);
    frame.set(ESP_DST6, ip + 24);
  } else {
    v.setUint16(ip - 2, 0x0800);
    v.setUint8(ip, 0x40 | ((behind - ip) / 4));
    v.setUint16(ip + 2, frame.length - ip);
    v.setUint8(ip + 8, 64);
    v.setUint8(ip + 9, proto);
    v.setUint32(ip + 12, shape.src ?? ESP_SRC);
    v.setUint32(ip + 16, shape.dst ?? ESP_DST);
    for (let at = ip + 20; at < behind; at += 4) v.setUint32(at, 0x01010101);
  }
  if (shape.udpPort) {
    v.setUint16(behind, 4500);
    v.setUint16(behind + 2, shape.udpPort);
    v.setUint16(behind + 4, frame.length - behind);
  }
  v.setUint32(esp, shape.spi);
  v.setUint32(esp + 4, shape.seq);
  v.setUint32(esp + 8, shape.seqHi ?? 0);
  v.setUint32(esp + 12, shape.seq);
  frame.set(shape.payload ?? pattern(shape.payloadBytes, shape.seed ?? shape.seq), esp + 16);
  for (let i = 0; i < pad; i++) frame[esp + 16 + shape.payloadBytes + i] = i + 1;
  if (shape.wrongPad !== undefined) frame[esp + 15 + shape.payloadBytes + shape.wrongPad]! ^= 0x10;
  frame[esp + 16 + text - 2] = shape.padLength ?? pad;
  frame[esp + 16 + text - 1] = shape.next ?? 17;
  return frame;
}

/** The same as it must be on the wire: encrypted by node:crypto, RFC 4106, or RFC 4543. */
export function espSealed(shape: EspShape, sa: OffloadSa, esnHi = 0): Uint8Array {
  const frame = espClear(shape);
  const { esp } = placesOf(shape);
  const end = frame.length - 16;
  const nonce = new Uint8Array(12);
  nonce.set(sa.salt);
  nonce.set(frame.subarray(esp + 8, esp + 16), 4);
  const name = sa.key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm';
  const cipher = createCipheriv(name, sa.key, nonce);
  const high = Buffer.alloc(sa.esn ? 4 : 0);
  if (sa.esn) high.writeUInt32BE(esnHi);
  const isGmac = sa.alg === 'aes-gmac';
  const head = frame.subarray(esp + 4, isGmac ? end : esp + 8);
  cipher.setAAD(Buffer.concat([frame.subarray(esp, esp + 4), high, head]));
  if (!isGmac) frame.set(cipher.update(frame.subarray(esp + 16, end)), esp + 16);
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
    mode: 'crypto',
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
    replayPackets: 64,
    receivedSeq: 0,
    sentSeq: 0,
    seen: new Uint32Array(4),
    udpPort: 0,
    ...more,
  };
}
