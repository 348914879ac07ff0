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
  /** Of IPv4. */
  ihlWords?: number;
  spi: number;
  /** An IPv4 address, or the four words of an IPv6 one. */
  dst: number | readonly number[];
  trailingBytes?: number;
  /** IEEE 802.1Q: with one tag. */
  vlan?: boolean;
  /** RFC 3948: in UDP to this port. */
  udpPort?: number;
  /** Low half of the sequence number; any when absent. */
  seq?: number;
}

/**
 * Ethernet, IPv4 with options, ESP header, IV, text, room for the ICV left out: what a transmit
 * descriptor points at. `trailingBytes` follow the ICV on the wire (Ethernet padding).
 */
export const espFrame = (shape: EspShape, next: () => number): Uint8Array => {
  const { dst, udpPort = 0, ihlWords = 5 } = shape;
  const ip = shape.vlan ? 18 : 14;
  const behind = ip + (typeof dst === 'number' ? 4 * ihlWords : 40);
  const espOffset = behind + (udpPort ? 8 : 0);
  const frame = randomBytes(espOffset + 16 + shape.textBytes, next);
  const view = new DataView(frame.buffer);
  frame.set(STATION);
  if (shape.vlan) view.setUint16(12, 0x8100);
  if (typeof dst === 'number') {
    view.setUint16(ip - 2, 0x0800);
    view.setUint8(ip, 0x40 | ihlWords);
    view.setUint16(ip + 2, frame.length - ip + 16);
    view.setUint16(ip + 6, 0x4000); // don't fragment
    view.setUint8(ip + 9, udpPort ? 17 : 50);
    view.setUint32(ip + 16, dst);
  } else {
    view.setUint16(ip - 2, 0x86dd);
    view.setUint8(ip, 0x60);
    view.setUint16(ip + 4, frame.length - behind + 16);
    view.setUint8(ip + 6, udpPort ? 17 : 50);
    dst.forEach((w, i) => {
      view.setUint32(ip + 24 + 4 * i, w);
    });
  }
  if (udpPort) {
    view.setUint16(behind + 2, udpPort);
    view.setUint16(behind + 4, frame.length - behind + 16);
    view.setUint16(behind + 6, 0);
  }
  view.setUint32(espOffset, shape.spi);
  if (shape.seq !== undefined) view.setUint32(espOffset + 4, shape.seq);
  return frame;
};

/** Of a frame made by espFrame(). */
export const espOffsetOf = (frame: Uint8Array): number => {
  const ip = frame[12] === 0x81 ? 18 : 14;
  const isV6 = frame[ip]! >> 4 === 6;
  const behind = ip + (isV6 ? 40 : 4 * (frame[ip]! & 15));
  return behind + (frame[ip + (isV6 ? 6 : 9)] === 17 ? 8 : 0);
};

/**
 * RFC 4106: the frame encrypted by node:crypto, ICV appended. ESN: esnHi in the AAD (§5). GMAC, RFC
 * 4543 §3.3: IV and text are AAD too, and stay as they are.
 */
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
  const aadEnd = sa.gmac ? frame.length : at + 8;
  cipher.setAAD(Buffer.concat([frame.subarray(at, at + 4), high, frame.subarray(at + 4, aadEnd)]));
  if (sa.gmac) {
    cipher.final();
    return new Uint8Array(Buffer.concat([frame, cipher.getAuthTag()]));
  }
  const text = Buffer.concat([cipher.update(frame.subarray(at + 16)), cipher.final()]);
  return new Uint8Array(Buffer.concat([frame.subarray(0, at + 16), text, cipher.getAuthTag()]));
};

const hash = (x: number): number => (x ^ (x >>> 10) ^ (x >>> 20) ^ (x >>> 30)) & 1023;

/** The two buckets of an SPI in the match table. */
export const buckets = (spi: number): [number, number] => [
  hash(spi),
  hash(((spi >>> 13) | (spi << 19)) ^ 0x9e3779b9),
];
