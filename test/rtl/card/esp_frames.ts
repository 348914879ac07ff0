// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv } from 'node:crypto';
import type { Sa } from './card_host.ts';
import { STATION } from './card_host.ts';

/** xorshift32: the same bytes on every run. */
export const random = (seed: number): (() => number) => {
  let x = (seed * 0x9e3779b1) | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
};

export const randomBytes = (lenBytes: number, next: () => number): Uint8Array => {
  const bytes = new Uint8Array(lenBytes);
  for (let i = 0; i < lenBytes; i++) bytes[i] = next() >>> 11;
  return bytes;
};

export const randomSa = (keyBytes: 16 | 32, next: () => number, esn = false): Sa => ({
  key: randomBytes(keyBytes, next),
  salt: randomBytes(4, next),
  esn,
});

/** A frame for the card's own address that is not IPv4. */
export const plainFrame = (lenBytes: number, next: () => number): Uint8Array => {
  const frame = randomBytes(lenBytes, next);
  frame.set(STATION.slice(0, lenBytes));
  if (lenBytes > 13) frame[12] = 0x88;
  return frame;
};

export interface EspShape {
  textBytes: number;
  ihlWords?: number;
  spi: number;
  dst: number;
  trailingBytes?: number;
}

/**
 * Ethernet, IPv4 with options, ESP header, IV, text, room for the ICV left out: what a transmit
 * descriptor points at. `trailingBytes` follow the ICV on the wire (Ethernet padding).
 */
export const espFrame = (shape: EspShape, next: () => number): Uint8Array => {
  const espOffset = 14 + 4 * (shape.ihlWords ?? 5);
  const frame = randomBytes(espOffset + 16 + shape.textBytes, next);
  const view = new DataView(frame.buffer);
  frame.set(STATION);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x40 | (shape.ihlWords ?? 5));
  view.setUint16(16, frame.length - 14 + 16);
  view.setUint16(20, 0x4000); // don't fragment
  view.setUint8(23, 50);
  view.setUint32(30, shape.dst);
  view.setUint32(espOffset, shape.spi);
  return frame;
};

export const espOffsetOf = (frame: Uint8Array): number => 14 + 4 * (frame[14]! & 15);

/** RFC 4106: the frame encrypted by node:crypto, ICV appended. ESN: esnHi in the AAD (§5). */
export const seal = (frame: Uint8Array, sa: Sa, esnHi = 0): Uint8Array => {
  const at = espOffsetOf(frame);
  const nonce = Buffer.concat([sa.salt, frame.subarray(at + 8, at + 16)]);
  const cipher = createCipheriv(
    sa.key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm',
    sa.key,
    nonce,
  );
  const high = Buffer.alloc(sa.esn ? 4 : 0);
  if (sa.esn) high.writeUInt32BE(esnHi);
  cipher.setAAD(Buffer.concat([frame.subarray(at, at + 4), high, frame.subarray(at + 4, at + 8)]));
  const text = Buffer.concat([cipher.update(frame.subarray(at + 16)), cipher.final()]);
  return new Uint8Array(Buffer.concat([frame.subarray(0, at + 16), text, cipher.getAuthTag()]));
};

const hash = (x: number): number => (x ^ (x >>> 10) ^ (x >>> 20) ^ (x >>> 30)) & 1023;

/** The two buckets of an SPI in the match table. */
export const buckets = (spi: number): [number, number] => [
  hash(spi),
  hash(((spi >>> 13) | (spi << 19)) ^ 0x9e3779b9),
];
