// SPDX-License-Identifier: BSD-2-Clause
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import type { AuthAlg, CipherAlg } from './algorithm.ts';
import { ESP_HEADER_BYTES, writeU32 } from './esp_bytes.ts';
import type { CryptoSession } from './session.ts';

/** A cipher (AES-CBC, or none) and then an HMAC over header, IV and text (RFC 4303 §3.3.2.1). */
export class HmacSession implements CryptoSession {
  readonly ivBytes: number;
  readonly icvBytes: number;
  readonly blockBytes: number;
  readonly #cipher: string;
  readonly #key: KeyObject | null;
  readonly #ivKey: KeyObject | null;
  readonly #hash: string;
  readonly #authKey: KeyObject;
  readonly #esn: boolean;
  readonly #iv: Uint8Array;
  readonly #icv: Uint8Array;
  readonly #high = new Uint8Array(4);
  readonly #counter = new Uint8Array(16);

  constructor(alg: CipherAlg, key: Uint8Array, auth: AuthAlg, authKey: Uint8Array, esn: boolean) {
    this.ivBytes = alg.ivBytes;
    this.icvBytes = auth.icvBytes;
    this.blockBytes = alg.blockBytes;
    this.#cipher = alg.openssl === '' ? '' : `aes-${key.length * 8}-${alg.openssl}`;
    this.#key = this.#cipher === '' ? null : createSecretKey(key);
    this.#ivKey = this.#cipher === '' ? null : deriveIvKey(key);
    this.#hash = auth.hash;
    this.#authKey = createSecretKey(authKey);
    this.#esn = esn;
    this.#iv = new Uint8Array(alg.ivBytes);
    this.#icv = new Uint8Array(auth.icvBytes);
  }

  // RFC 3602 §3: the IV must be unpredictable. One block of AES over the sequence number under a
  // key of its own is, never repeats, and is the same in every run.
  writeIv(data: Uint8Array, ivOff: number, seqHi: number, seqLo: number): void {
    if (this.#ivKey === null) return;
    writeU32(this.#counter, 8, seqHi);
    writeU32(this.#counter, 12, seqLo);
    const c = createCipheriv('aes-128-ecb', this.#ivKey, null);
    c.setAutoPadding(false);
    data.set(c.update(this.#counter), ivOff);
  }

  seal(data: Uint8Array, espOff: number, textLen: number, seqHi: number): void {
    const textOff = espOff + ESP_HEADER_BYTES + this.ivBytes;
    if (this.#key !== null) {
      this.#loadIv(data, espOff);
      const c = createCipheriv(this.#cipher, this.#key, this.#iv);
      c.setAutoPadding(false);
      data.set(c.update(data.subarray(textOff, textOff + textLen)), textOff);
    }
    const mac = this.#mac(data, espOff, textOff + textLen, seqHi);
    for (let i = 0; i < this.icvBytes; i++) data[textOff + textLen + i] = mac[i]!;
  }

  open(data: Uint8Array, espOff: number, textLen: number, seqHi: number): boolean {
    const textOff = espOff + ESP_HEADER_BYTES + this.ivBytes;
    const icvOff = textOff + textLen;
    const mac = this.#mac(data, espOff, icvOff, seqHi);
    for (let i = 0; i < this.icvBytes; i++) this.#icv[i] = data[icvOff + i]!;
    if (!timingSafeEqual(mac.subarray(0, this.icvBytes), this.#icv)) return false;
    if (this.#key !== null) {
      this.#loadIv(data, espOff);
      const d = createDecipheriv(this.#cipher, this.#key, this.#iv);
      d.setAutoPadding(false);
      data.set(d.update(data.subarray(textOff, icvOff)), textOff);
    }
    return true;
  }

  scrub(): void {
    this.#counter.fill(0);
  }

  #loadIv(data: Uint8Array, espOff: number): void {
    const at = espOff + ESP_HEADER_BYTES;
    for (let i = 0; i < this.ivBytes; i++) this.#iv[i] = data[at + i]!;
  }

  #mac(data: Uint8Array, from: number, to: number, seqHi: number): Buffer {
    const h = createHmac(this.#hash, this.#authKey);
    h.update(data.subarray(from, to));
    if (this.#esn) {
      writeU32(this.#high, 0, seqHi);
      h.update(this.#high);
    }
    return h.digest();
  }
}

function deriveIvKey(key: Uint8Array): KeyObject {
  return createSecretKey(
    createHash('sha256').update('esp cbc iv').update(key).digest().subarray(0, 16),
  );
}
