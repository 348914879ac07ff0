// SPDX-License-Identifier: BSD-2-Clause
/**
 * ESP as RFC 4303 and the RFCs of its algorithms tell it: the readable twin of src/netipsec and
 * src/opencrypto, with which it shares nothing. One packet in, one packet out.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { refCcmOpen, refCcmSeal, refCtr } from './aes_ccm.ts';
import { refGcmSeal } from './aes_gcm.ts';
import { refXcbc } from './aes_xcbc.ts';
import { refChachaOpen, refChachaSeal } from './chacha20_poly1305.ts';

export interface RefSa {
  readonly spi: number;
  /** As setkey(8) names it. */
  readonly cipher: string;
  readonly key: Uint8Array;
  /** 4 bytes with GCM, GMAC, CTR and ChaCha20, 3 with CCM. */
  readonly salt?: Uint8Array;
  /** For what is no AEAD. */
  readonly authKey?: Uint8Array;
  /** Of the HMAC, or 'xcbc'. */
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
  const text = refTrailer(payload, nextHeader, sa.cipher === 'aes-cbc' ? 16 : 4);
  if (sa.hash === undefined) {
    const { ciphertext, tag } = aeadSeal(sa, seq, iv, text);
    return Buffer.concat([header, iv, ciphertext, tag]);
  }
  const body = Buffer.concat([header, iv, crypt(sa, iv, text, true)]);
  return Buffer.concat([body, mac(sa, body)]);
}

/** Payload and next header of an ESP packet, or null when the ICV is wrong. */
export function refOpen(
  sa: RefSa,
  packet: Uint8Array,
): { payload: Buffer; nextHeader: number; padLen: number; seq: number } | null {
  const p = Buffer.from(packet);
  const seq = p.readUInt32BE(4);
  const ivLen = sa.cipher === 'aes-cbc' ? 16 : sa.cipher === 'null' ? 0 : 8;
  const iv = p.subarray(8, 8 + ivLen);
  const ciphertext = p.subarray(8 + ivLen, p.length - sa.icvLen);
  const icv = p.subarray(p.length - sa.icvLen);
  let text: Buffer | null;
  if (sa.hash === undefined) text = aeadOpen(sa, seq, iv, ciphertext, icv);
  else {
    const isRight = timingSafeEqual(mac(sa, p.subarray(0, p.length - sa.icvLen)), icv);
    text = isRight ? crypt(sa, iv, ciphertext, false) : null;
  }
  if (text === null) return null;
  const nextHeader = text[text.length - 1]!;
  const padLen = text[text.length - 2]!;
  return { payload: text.subarray(0, text.length - 2 - padLen), nextHeader, padLen, seq };
}

/** RFC 4106 §4 and §5, and the same sections of RFC 4309, RFC 7634 and RFC 4543. */
function aeadSeal(
  sa: RefSa,
  seq: number,
  iv: Uint8Array,
  text: Buffer,
): { ciphertext: Buffer; tag: Buffer } {
  const nonce = Buffer.concat([sa.salt!, iv]);
  if (sa.cipher === 'aes-gmac') {
    const all = Buffer.concat([aad(sa, seq), iv, text]);
    return { ciphertext: text, tag: refGcmSeal(sa.key, nonce, all, new Uint8Array(0)).tag };
  }
  if (sa.cipher === 'chacha20-poly1305') return refChachaSeal(sa.key, nonce, aad(sa, seq), text);
  if (sa.cipher.startsWith('aes-ccm')) {
    return refCcmSeal(sa.key, nonce, aad(sa, seq), text, sa.icvLen);
  }
  const name = `aes-${sa.key.length * 8}-gcm` as 'aes-128-gcm';
  const c = createCipheriv(name, sa.key, nonce, { authTagLength: sa.icvLen });
  c.setAAD(aad(sa, seq));
  const ciphertext = Buffer.concat([c.update(text), c.final()]);
  return { ciphertext, tag: c.getAuthTag() };
}

function aeadOpen(
  sa: RefSa,
  seq: number,
  iv: Uint8Array,
  ciphertext: Buffer,
  icv: Buffer,
): Buffer | null {
  const nonce = Buffer.concat([sa.salt!, iv]);
  if (sa.cipher === 'aes-gmac') {
    return aeadSeal(sa, seq, iv, ciphertext).tag.equals(icv) ? ciphertext : null;
  }
  if (sa.cipher === 'chacha20-poly1305') {
    return refChachaOpen(sa.key, nonce, aad(sa, seq), ciphertext, icv);
  }
  if (sa.cipher.startsWith('aes-ccm')) {
    return refCcmOpen(sa.key, nonce, aad(sa, seq), ciphertext, icv);
  }
  const name = `aes-${sa.key.length * 8}-gcm` as 'aes-128-gcm';
  const d = createDecipheriv(name, sa.key, nonce, { authTagLength: sa.icvLen });
  d.setAAD(aad(sa, seq));
  d.setAuthTag(icv);
  try {
    return Buffer.concat([d.update(ciphertext), d.final()]);
  } catch {
    return null;
  }
}

function crypt(sa: RefSa, iv: Uint8Array, text: Uint8Array, encrypt: boolean): Buffer {
  if (sa.cipher === 'null') return Buffer.from(text);
  // RFC 3686 §4: nonce, IV, and a block counter from 1.
  if (sa.cipher === 'aes-ctr') return refCtr(sa.key, Buffer.concat([sa.salt!, iv]), 1, text);
  const name = `aes-${sa.key.length * 8}-cbc`;
  const c = encrypt ? createCipheriv(name, sa.key, iv) : createDecipheriv(name, sa.key, iv);
  c.setAutoPadding(false);
  return Buffer.concat([c.update(text), c.final()]);
}

/** RFC 4106 §5. */
function aad(sa: RefSa, seq: number): Buffer {
  const hi = sa.seqHi === undefined ? Buffer.alloc(0) : u32(sa.seqHi);
  return Buffer.concat([u32(sa.spi), hi, u32(seq)]);
}

/** RFC 4303 §3.3.2.1: the high half of an ESN is authenticated behind the packet. */
function mac(sa: RefSa, body: Uint8Array): Buffer {
  const all = sa.seqHi === undefined ? body : Buffer.concat([body, u32(sa.seqHi)]);
  const digest =
    sa.hash === 'xcbc'
      ? refXcbc(sa.authKey!, all)
      : createHmac(sa.hash!, sa.authKey!).update(all).digest();
  return digest.subarray(0, sa.icvLen);
}
