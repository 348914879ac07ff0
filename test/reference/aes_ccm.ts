// SPDX-License-Identifier: BSD-2-Clause
/** CCM as RFC 3610 tells it, and the counter mode it is made from, over the AES of aes_gcm.ts. */
import { refAesEncrypt } from './aes_gcm.ts';

const BLOCK = 16;

const xor = (a: Uint8Array, b: Uint8Array): Buffer => Buffer.from(a.map((x, i) => x ^ b[i]!));

/** Blocks of 16 bytes, the last filled with zeros. */
function zeroPadded(bytes: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = new Uint8Array(BLOCK);
    block.set(bytes.subarray(at, at + BLOCK));
    blocks.push(block);
  }
  return blocks;
}

/** n as `length` bytes, most significant first. */
function bigEndian(n: number, length: number): Buffer {
  return Buffer.from(n.toString(16).padStart(2 * length, '0'), 'hex');
}

/** Text mixed with AES of prefix ‖ first, prefix ‖ first + 1, …: also RFC 3686 §2.1. */
export function refCtr(
  key: Uint8Array,
  prefix: Uint8Array,
  first: number,
  text: Uint8Array,
): Buffer {
  const stream: Uint8Array[] = [];
  for (let i = 0; i * BLOCK < text.length; i++) {
    const block = Buffer.concat([prefix, bigEndian(first + i, BLOCK - prefix.length)]);
    stream.push(refAesEncrypt(key, block));
  }
  return xor(text, Buffer.concat(stream));
}

/** RFC 3610 §2.2 and §2.3: the tag, already encrypted. AAD of less than 65280 bytes. */
function tagOf(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
  tagLen: number,
): Buffer {
  const l = 15 - nonce.length;
  const flags = 64 * (aad.length > 0 ? 1 : 0) + 8 * ((tagLen - 2) / 2) + (l - 1);
  const b0 = Buffer.concat([Buffer.of(flags), nonce, bigEndian(text.length, l)]);
  const lead = aad.length > 0 ? Buffer.concat([bigEndian(aad.length, 2), aad]) : aad;
  let x: Uint8Array = new Uint8Array(BLOCK);
  for (const b of [b0, ...zeroPadded(lead), ...zeroPadded(text)]) x = refAesEncrypt(key, xor(x, b));
  return refCtr(key, Buffer.concat([Buffer.of(l - 1), nonce]), 0, x).subarray(0, tagLen);
}

function crypt(key: Uint8Array, nonce: Uint8Array, text: Uint8Array): Buffer {
  return refCtr(key, Buffer.concat([Buffer.of(14 - nonce.length), nonce]), 1, text);
}

export function refCcmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  tagLen: number,
): { ciphertext: Buffer; tag: Buffer } {
  const tag = tagOf(key, nonce, aad, plaintext, tagLen);
  return { ciphertext: crypt(key, nonce, plaintext), tag };
}

/** null: the tag is wrong. */
export function refCcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Buffer | null {
  const plaintext = crypt(key, nonce, ciphertext);
  return tagOf(key, nonce, aad, plaintext, tag.length).equals(tag) ? plaintext : null;
}
