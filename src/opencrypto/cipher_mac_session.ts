// SPDX-License-Identifier: BSD-2-Clause
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { type AuthAlg, type CipherAlg, opensslName } from './algorithm.ts';
import { ESP_HEADER_BYTES, writeU32 } from './esp_bytes.ts';
import { type Mac, newMac } from './mac.ts';
import type { CryptoSession } from './session.ts';

const AES_BLOCK_BYTES = 16;

/** AES-CBC, AES-CTR or no cipher, and then a MAC over header, IV and text (RFC 4303 §3.3.2.1). */
export class CipherMacSession implements CryptoSession {
  readonly ivBytes: number;
  readonly icvBytes: number;
  readonly blockBytes: number;
  readonly #cipher: string;
  readonly #key: KeyObject | null;
  /** Makes IVs; null when the IV is the sequence number, or when there is none. */
  readonly #ivKey: KeyObject | null;
  readonly #mac: Mac;
  /** First block that goes into the cipher: the IV at ivAt. */
  readonly #first = new Uint8Array(AES_BLOCK_BYTES);
  readonly #ivAt: number;
  readonly #icv: Uint8Array;
  readonly #high: Uint8Array | null;
  readonly #counter = new Uint8Array(AES_BLOCK_BYTES);

  constructor(
    alg: CipherAlg,
    key: Uint8Array,
    salt: Uint8Array,
    auth: AuthAlg,
    authKey: Uint8Array,
    esn: boolean,
  ) {
    this.ivBytes = alg.ivBytes;
    this.icvBytes = auth.icvBytes;
    this.blockBytes = alg.blockBytes;
    this.#cipher = opensslName(alg, key);
    this.#key = alg.kind === 'null' ? null : createSecretKey(key);
    this.#ivKey = alg.kind === 'cbc' ? deriveIvKey(key) : null;
    this.#mac = newMac(auth, authKey);
    this.#ivAt = salt.length;
    this.#first.set(salt);
    // RFC 3686 §4: nonce, IV, and a block counter that begins at 1.
    if (alg.kind === 'ctr') writeU32(this.#first, 12, 1);
    this.#icv = new Uint8Array(auth.icvBytes);
    this.#high = esn ? new Uint8Array(4) : null;
  }

  // RFC 3602 §3: the IV of CBC must be unpredictable. One block of AES over the sequence number
  // under a key of its own is, never repeats, and is the same in every run. RFC 3686 §3.1 wants no
  // more of CTR's than that it never repeats.
  writeIv(data: Uint8Array, ivOff: number, seqHi: number, seqLo: number): void {
    if (this.#key === null) return;
    if (this.#ivKey === null) {
      writeU32(data, ivOff, seqHi);
      writeU32(data, ivOff + 4, seqLo);
      return;
    }
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
      const c = createCipheriv(this.#cipher, this.#key, this.#first);
      c.setAutoPadding(false);
      data.set(c.update(data.subarray(textOff, textOff + textLen)), textOff);
    }
    const mac = this.#macOver(data, espOff, textOff + textLen, seqHi);
    for (let i = 0; i < this.icvBytes; i++) data[textOff + textLen + i] = mac[i]!;
  }

  open(data: Uint8Array, espOff: number, textLen: number, seqHi: number): boolean {
    const textOff = espOff + ESP_HEADER_BYTES + this.ivBytes;
    const icvOff = textOff + textLen;
    const mac = this.#macOver(data, espOff, icvOff, seqHi);
    for (let i = 0; i < this.icvBytes; i++) this.#icv[i] = data[icvOff + i]!;
    if (!timingSafeEqual(mac.subarray(0, this.icvBytes), this.#icv)) return false;
    if (this.#key !== null) {
      this.#loadIv(data, espOff);
      const d = createDecipheriv(this.#cipher, this.#key, this.#first);
      d.setAutoPadding(false);
      data.set(d.update(data.subarray(textOff, icvOff)), textOff);
    }
    return true;
  }

  scrub(): void {
    this.#counter.fill(0);
    this.#first.fill(0);
  }

  #loadIv(data: Uint8Array, espOff: number): void {
    const at = espOff + ESP_HEADER_BYTES;
    for (let i = 0; i < this.ivBytes; i++) this.#first[this.#ivAt + i] = data[at + i]!;
  }

  #macOver(data: Uint8Array, from: number, to: number, seqHi: number): Uint8Array {
    if (this.#high !== null) writeU32(this.#high, 0, seqHi);
    return this.#mac.over(data, from, to, this.#high);
  }
}

function deriveIvKey(key: Uint8Array): KeyObject {
  return createSecretKey(
    createHash('sha256').update('esp cbc iv').update(key).digest().subarray(0, 16),
  );
}
