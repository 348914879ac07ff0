// SPDX-License-Identifier: BSD-2-Clause
import { type CipherGCMTypes, createCipheriv, timingSafeEqual } from 'node:crypto';
import { type CipherAlg, opensslName } from './algorithm.ts';
import { ESP_HEADER_BYTES, fillEspAad, writeU32 } from './esp_bytes.ts';
import { scratch } from './scratch.ts';
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
  readonly #key: Uint8Array;
  readonly #salt: Uint8Array;
  /** Shared: see scratch.ts. */
  readonly #keyArg: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #header: Uint8Array;
  readonly #icv: Uint8Array;

  constructor(alg: CipherAlg, key: Uint8Array, salt: Uint8Array, esn: boolean) {
    this.ivBytes = alg.ivBytes;
    this.icvBytes = alg.icvBytes;
    this.blockBytes = alg.blockBytes;
    this.#name = opensslName(alg, key) as CipherGCMTypes;
    this.#key = key.slice();
    this.#salt = salt.slice();
    this.#keyArg = scratch('key', key.length);
    this.#nonce = scratch('nonce', salt.length + alg.ivBytes);
    this.#header = scratch('aad', esn ? 12 : 8);
    this.#icv = scratch('tag', alg.icvBytes);
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
    this.#key.fill(0);
    this.#keyArg.fill(0);
    this.#salt.fill(0);
  }

  #mac(data: Uint8Array, espOff: number, end: number, seqHi: number): Buffer {
    fillEspAad(this.#header, data, espOff, seqHi);
    const iv = espOff + ESP_HEADER_BYTES;
    this.#keyArg.set(this.#key);
    this.#nonce.set(this.#salt);
    const ivAt = this.#salt.length;
    for (let i = 0; i < this.ivBytes; i++) this.#nonce[ivAt + i] = data[iv + i]!;
    const c = createCipheriv(this.#name, this.#keyArg, this.#nonce);
    c.setAAD(this.#header);
    c.setAAD(data.subarray(iv, end));
    c.final();
    return c.getAuthTag();
  }
}
