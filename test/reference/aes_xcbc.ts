// SPDX-License-Identifier: BSD-2-Clause
/** AES-XCBC-MAC as RFC 3566 §4 tells it, over the AES of aes_gcm.ts. All 16 bytes of it. */
import { refAesEncrypt } from './aes_gcm.ts';

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((x, i) => x ^ b[i]!);

export function refXcbc(key: Uint8Array, text: Uint8Array): Buffer {
  const derived = (n: number) => refAesEncrypt(key, new Uint8Array(16).fill(n));
  const [k1, k2, k3] = [derived(1), derived(2), derived(3)];
  const count = Math.max(1, Math.ceil(text.length / 16));
  let e: Uint8Array = new Uint8Array(16);
  for (let i = 0; i < count - 1; i++) {
    e = refAesEncrypt(k1, xor(text.subarray(16 * i, 16 * i + 16), e));
  }
  const last = text.subarray(16 * (count - 1));
  if (last.length === 16) return Buffer.from(refAesEncrypt(k1, xor(xor(last, e), k2)));
  const padded = new Uint8Array(16);
  padded.set(last);
  padded[last.length] = 0x80;
  return Buffer.from(refAesEncrypt(k1, xor(xor(padded, e), k3)));
}
