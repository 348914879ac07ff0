// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv, createDecipheriv } from 'node:crypto';

const TAG_BYTES = 16;

/** Encrypts text in place and puts the ICV behind it (text must have room for it). */
export function gcmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
  icv: Uint8Array,
): void {
  const cipher = createCipheriv(key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm', key, nonce);
  cipher.setAAD(aad);
  text.set(cipher.update(text));
  cipher.final();
  icv.set(cipher.getAuthTag());
}

/** Decrypts text in place; false, and text untouched, when the ICV is wrong. */
export function gcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
  icv: Uint8Array,
): boolean {
  const name = key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm';
  const decipher = createDecipheriv(name, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(icv);
  const plain = decipher.update(text);
  try {
    decipher.final();
  } catch {
    return false;
  }
  text.set(plain);
  return true;
}

/** Decrypts text in place whatever the ICV was: SP 800-38D §6.5, from the second counter on. */
export function gcmOpenUnchecked(key: Uint8Array, nonce: Uint8Array, text: Uint8Array): void {
  const name = key.length === 32 ? 'aes-256-ctr' : 'aes-128-ctr';
  const counter = Buffer.concat([nonce, Uint8Array.of(0, 0, 0, 2)]);
  text.set(createDecipheriv(name, key, counter).update(text));
}
