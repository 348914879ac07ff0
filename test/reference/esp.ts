// SPDX-License-Identifier: BSD-2-Clause
/**
 * ESP as RFC 4303 and RFC 4106 (AES-GCM), RFC 3602 (AES-CBC) and RFC 4868 (HMAC) tell it: the
 * readable twin of src/netipsec, with which it shares nothing. One packet in, one packet out.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';

export interface RefSa {
  readonly spi: number;
  readonly cipher: 'aes-gcm-16' | 'aes-cbc';
  readonly key: Uint8Array;
  /** GCM only, 4 bytes. */
  readonly salt?: Uint8Array;
  /** CBC only. */
  readonly authKey?: Uint8Array;
  readonly hash?: string;
  readonly icvLen: number;
  /** High 32 bits of the sequence number, when the SA has ESN. */
  readonly seqHi?: number;
}

function u32(n: number): Buffer {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(n);
  return b;
}

/** RFC 4303 §2.4 to §2.6: payload, 1 2 3 …, pad length, next header. */
export function refTrailer(payload: Uint8Array, nextHeader: number, block: number): Buffer {
  const pad: number[] = [];
  while ((payload.length + pad.length + 2) % block !== 0) pad.push(pad.length + 1);
  return Buffer.concat([payload, Buffer.from([...pad, pad.length, nextHeader])]);
}

/** From SPI to ICV. */
export function refSeal(
  sa: RefSa,
  seq: number,
  iv: Uint8Array,
  payload: Uint8Array,
  nextHeader: number,
): Buffer {
  const header = Buffer.concat([u32(sa.spi), u32(seq)]);
  if (sa.cipher === 'aes-gcm-16') {
    const text = refTrailer(payload, nextHeader, 4);
    const nonce = Buffer.concat([sa.salt!, iv]); // RFC 4106 §4
    const name = `aes-${sa.key.length * 8}-gcm` as 'aes-128-gcm';
    const c = createCipheriv(name, sa.key, nonce, { authTagLength: 16 });
    c.setAAD(aad(sa, seq));
    const ciphertext = Buffer.concat([c.update(text), c.final()]);
    return Buffer.concat([header, iv, ciphertext, c.getAuthTag()]);
  }
  const text = refTrailer(payload, nextHeader, 16);
  const c = createCipheriv(`aes-${sa.key.length * 8}-cbc`, sa.key, iv);
  c.setAutoPadding(false);
  const body = Buffer.concat([header, iv, c.update(text), c.final()]);
  return Buffer.concat([body, mac(sa, body)]);
}

/** Payload and next header of an ESP packet, or null when the ICV is wrong. */
export function refOpen(
  sa: RefSa,
  packet: Uint8Array,
): { payload: Buffer; nextHeader: number; padLen: number; seq: number } | null {
  const p = Buffer.from(packet);
  const seq = p.readUInt32BE(4);
  const ivLen = sa.cipher === 'aes-gcm-16' ? 8 : 16;
  const iv = p.subarray(8, 8 + ivLen);
  const ciphertext = p.subarray(8 + ivLen, p.length - sa.icvLen);
  const icv = p.subarray(p.length - sa.icvLen);
  let text: Buffer;
  if (sa.cipher === 'aes-gcm-16') {
    const name = `aes-${sa.key.length * 8}-gcm` as 'aes-128-gcm';
    const nonce = Buffer.concat([sa.salt!, iv]);
    const d = createDecipheriv(name, sa.key, nonce, { authTagLength: 16 });
    d.setAAD(aad(sa, seq));
    d.setAuthTag(icv);
    try {
      text = Buffer.concat([d.update(ciphertext), d.final()]);
    } catch {
      return null;
    }
  } else {
    if (!timingSafeEqual(mac(sa, p.subarray(0, p.length - sa.icvLen)), icv)) return null;
    const d = createDecipheriv(`aes-${sa.key.length * 8}-cbc`, sa.key, iv);
    d.setAutoPadding(false);
    text = Buffer.concat([d.update(ciphertext), d.final()]);
  }
  const nextHeader = text[text.length - 1]!;
  const padLen = text[text.length - 2]!;
  return { payload: text.subarray(0, text.length - 2 - padLen), nextHeader, padLen, seq };
}

/** RFC 4106 §5. */
function aad(sa: RefSa, seq: number): Buffer {
  const hi = sa.seqHi === undefined ? Buffer.alloc(0) : u32(sa.seqHi);
  return Buffer.concat([u32(sa.spi), hi, u32(seq)]);
}

/** RFC 4303 §3.3.2.1: the high half of an ESN is authenticated behind the packet. */
function mac(sa: RefSa, body: Uint8Array): Buffer {
  const h = createHmac(sa.hash!, sa.authKey!).update(body);
  if (sa.seqHi !== undefined) h.update(u32(sa.seqHi));
  return h.digest().subarray(0, sa.icvLen);
}
