// SPDX-License-Identifier: BSD-2-Clause
import { type CipherGCMTypes, createCipheriv, createSecretKey, timingSafeEqual } from 'node:crypto';
import { type CipherAlg, opensslName } from './algorithm.ts';
import { ESP_HEADER_BYTES, fillEspAad, writeU32 } from './esp_bytes.ts';
import type { CryptoSession } from './session.ts';

/**
 * ENCR_NULL_AUTH_AES_GMAC, RFC 4543 §3: GCM that encrypts nothing. The AAD is SPI, [high half,]
 * sequence number, IV and text (§3.3, figures 3 and 4).
 */
export class GmacSession implements CryptoSession {
  readonly ivBytes: number;
  readonly icvBytes: number;
  readonly blockBytes: number;
  readonly #name: CipherGCMTypes;
  readonly #key;
  readonly #saltBytes: number;
  readonly #nonce: Uint8Array;
  readonly #header: Uint8Array;
  readonly #icv: Uint8Array;

  constructor(alg: CipherAlg, key: Uint8Array, salt: Uint8Array, esn: boolean) {
    this.ivBytes = alg.ivBytes;
    this.icvBytes = alg.icvBytes;
    this.blockBytes = alg.blockBytes;
    this.#name = opensslName(alg, key) as CipherGCMTypes;
    this.#key = createSecretKey(key);
    this.#saltBytes = salt.length;
    this.#nonce = new Uint8Array(salt.length + alg.ivBytes);
    this.#nonce.set(salt, 0);
    this.#header = new Uint8Array(esn ? 12 : 8);
    this.#icv = new Uint8Array(alg.icvBytes);
  }

  // RFC 4543 §2: the nonce must not come twice; here too the sequence number sees to it.
  writeIv(data: Uint8Array, ivOff: number, seqHi: number, seqLo: number): void {
    writeU32(data, ivOff, seqHi);
    writeU32(data, ivOff + 4, seqLo);
  }

  seal(data: Uint8Array, espOff: number, textLen: number, seqHi: number): void {
    const icvOff = espOff + ESP_HEADER_BYTES + this.ivBytes + textLen;
    data.set(this.#mac(data, espOff, icvOff, seqHi), icvOff);
  }

  open(data: Uint8Array, espOff: number, textLen: number, seqHi: number): boolean {
    const icvOff = espOff + ESP_HEADER_BYTES + this.ivBytes + textLen;
    for (let i = 0; i < this.icvBytes; i++) this.#icv[i] = data[icvOff + i]!;
    return timingSafeEqual(this.#mac(data, espOff, icvOff, seqHi), this.#icv);
  }

  scrub(): void {
    this.#nonce.fill(0);
  }

  #mac(data: Uint8Array, espOff: number, end: number, seqHi: number): Buffer {
    fillEspAad(this.#header, data, espOff, seqHi);
    const iv = espOff + ESP_HEADER_BYTES;
    for (let i = 0; i < this.ivBytes; i++) this.#nonce[this.#saltBytes + i] = data[iv + i]!;
    const c = createCipheriv(this.#name, this.#key, this.#nonce);
    c.setAAD(this.#header);
    c.setAAD(data.subarray(iv, end));
    c.final();
    return c.getAuthTag();
  }
}
