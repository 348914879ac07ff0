// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv, createHmac } from 'node:crypto';

const HASHES: Readonly<Record<string, string>> = {
  'hmac-sha1': 'sha1',
  'hmac-sha2-256': 'sha256',
  'hmac-sha2-384': 'sha384',
  'hmac-sha2-512': 'sha512',
};

/** Bytes of the ICV, by setkey(8)'s name of the MAC: RFC 2404, RFC 4868, RFC 3566. */
export const MAC_ICV_BYTES: Readonly<Record<string, number>> = {
  'hmac-sha1': 12,
  'hmac-sha2-256': 16,
  'hmac-sha2-384': 24,
  'hmac-sha2-512': 32,
  'aes-xcbc-mac': 12,
};

/** The MAC of text ‖ tail by node:crypto, cut to its ICV. */
export function macOf(alg: string, key: Uint8Array, text: Buffer, tail?: Buffer): Buffer {
  const icvBytes = MAC_ICV_BYTES[alg]!;
  if (alg === 'aes-xcbc-mac') {
    return xcbc(key, tail === undefined ? text : Buffer.concat([text, tail])).subarray(0, icvBytes);
  }
  const hmac = createHmac(HASHES[alg]!, key).update(text);
  if (tail !== undefined) hmac.update(tail);
  return hmac.digest().subarray(0, icvBytes);
}

/** RFC 3566 §4: CBC-MAC whose last block is mixed with a second key, or padded and with a third. */
function xcbc(key: Uint8Array, text: Buffer): Buffer {
  const derive = (n: number): Buffer =>
    createCipheriv('aes-128-ecb', key, null).update(Buffer.alloc(16, n));
  const isWhole = text.length > 0 && text.length % 16 === 0;
  const padding = Buffer.alloc(isWhole ? 0 : 16 - (text.length % 16));
  if (!isWhole) padding[0] = 0x80;
  const all = Buffer.concat([text, padding]);
  const mask = derive(isWhole ? 2 : 3);
  for (let i = 0; i < 16; i++) all[all.length - 16 + i]! ^= mask[i]!;
  return createCipheriv('aes-128-cbc', derive(1), Buffer.alloc(16)).update(all).subarray(-16);
}
