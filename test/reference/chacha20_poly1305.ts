// SPDX-License-Identifier: BSD-2-Clause
/** ChaCha20, Poly1305 and their AEAD as RFC 8439 tells them. */

const rotl = (x: number, n: number): number => (x << n) | (x >>> (32 - n));

/** RFC 8439 §2.1, on four words of the state. */
function quarterRound(s: Uint32Array, a: number, b: number, c: number, d: number): void {
  const step = (to: number, from: number, mixed: number, n: number): void => {
    s[to]! += s[from]!;
    s[mixed] = rotl(s[mixed]! ^ s[to]!, n);
  };
  step(a, b, d, 16);
  step(c, d, b, 12);
  step(a, b, d, 8);
  step(c, d, b, 7);
}

/** §2.3: 64 bytes of key stream. */
function block(key: Uint8Array, count: number, nonce: Uint8Array): Buffer {
  const input = Buffer.concat([Buffer.from('expand 32-byte k'), key, Buffer.alloc(4), nonce]);
  input.writeUInt32LE(count, 48);
  const start = Uint32Array.from({ length: 16 }, (_, i) => input.readUInt32LE(4 * i));
  const s = start.slice();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarterRound(s, i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++) {
      quarterRound(s, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
    }
  }
  const out = Buffer.alloc(64);
  s.forEach((word, i) => void out.writeUInt32LE((word + start[i]!) >>> 0, 4 * i));
  return out;
}

/** §2.4, from block 1 on. */
function chacha20(key: Uint8Array, nonce: Uint8Array, text: Uint8Array): Buffer {
  const out = Buffer.from(text);
  for (let i = 0; i < out.length; i++) {
    if (i % 64 === 0) {
      const stream = block(key, 1 + i / 64, nonce);
      for (let j = 0; j < 64 && i + j < out.length; j++) out[i + j]! ^= stream[j]!;
    }
  }
  return out;
}

const littleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

/** §2.5. */
function poly1305(key: Uint8Array, text: Uint8Array): Buffer {
  const p = (1n << 130n) - 5n;
  const r = littleEndian(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < text.length; at += 16) {
    const n = littleEndian(Buffer.concat([text.subarray(at, at + 16), Buffer.of(1)]));
    sum = ((sum + n) * r) % p;
  }
  sum = (sum + littleEndian(key.subarray(16, 32))) & ((1n << 128n) - 1n);
  return Buffer.from(sum.toString(16).padStart(32, '0'), 'hex').reverse();
}

/** §2.8. */
function tagOf(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Buffer {
  const padding = (bytes: Uint8Array): Buffer => Buffer.alloc((16 - (bytes.length % 16)) % 16);
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64LE(BigInt(aad.length), 0);
  lengths.writeBigUInt64LE(BigInt(ciphertext.length), 8);
  const all = [aad, padding(aad), ciphertext, padding(ciphertext), lengths];
  return poly1305(block(key, 0, nonce), Buffer.concat(all));
}

export function refChachaSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): { ciphertext: Buffer; tag: Buffer } {
  const ciphertext = chacha20(key, nonce, plaintext);
  return { ciphertext, tag: tagOf(key, nonce, aad, ciphertext) };
}

/** null: the tag is wrong. */
export function refChachaOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Buffer | null {
  if (!tagOf(key, nonce, aad, ciphertext).equals(tag)) return null;
  return chacha20(key, nonce, ciphertext);
}
