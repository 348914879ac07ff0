// SPDX-License-Identifier: BSD-2-Clause
import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
} from 'node:crypto';
import type { CipherAlg } from './algorithm.ts';
import { ESP_HEADER_BYTES, writeU32 } from './esp_bytes.ts';
import type { CryptoSession } from './session.ts';

/** AES-GCM as RFC 4106 uses it: nonce = salt, IV; AAD = SPI, [high half,] sequence number. */
export class GcmSession implements CryptoSession {
  readonly ivBytes: number;
  readonly icvBytes: number;
  readonly blockBytes: number;
  readonly #name: CipherGCMTypes;
  readonly #key;
  readonly #esn: boolean;
  readonly #nonce = new Uint8Array(12);
  readonly #aad: Uint8Array;
  readonly #tag: Uint8Array;
  readonly #options: { authTagLength: number };

  constructor(alg: CipherAlg, key: Uint8Array, salt: Uint8Array, esn: boolean) {
    this.ivBytes = alg.ivBytes;
    this.icvBytes = alg.icvBytes;
    this.blockBytes = alg.blockBytes;
    this.#name = `aes-${key.length * 8}-${alg.openssl}` as CipherGCMTypes;
    this.#key = createSecretKey(key);
    this.#esn = esn;
    this.#nonce.set(salt, 0);
    this.#aad = new Uint8Array(esn ? 12 : 8);
    this.#tag = new Uint8Array(alg.icvBytes);
    this.#options = { authTagLength: alg.icvBytes };
  }

  // RFC 4106 §3.1: an IV is used only once with a key, and a counter is one way to have it so.
  writeIv(data: Uint8Array, ivOff: number, seqHi: number, seqLo: number): void {
    writeU32(data, ivOff, seqHi);
    writeU32(data, ivOff + 4, seqLo);
  }

  seal(data: Uint8Array, espOff: number, textLen: number, seqHi: number): void {
    const textOff = espOff + ESP_HEADER_BYTES + this.ivBytes;
    this.#prepare(data, espOff, seqHi);
    const c = createCipheriv(this.#name, this.#key, this.#nonce, this.#options);
    c.setAAD(this.#aad);
    const out = c.update(data.subarray(textOff, textOff + textLen));
    c.final();
    data.set(out, textOff);
    data.set(c.getAuthTag(), textOff + textLen);
  }

  open(data: Uint8Array, espOff: number, textLen: number, seqHi: number): boolean {
    const textOff = espOff + ESP_HEADER_BYTES + this.ivBytes;
    const icvOff = textOff + textLen;
    this.#prepare(data, espOff, seqHi);
    for (let i = 0; i < this.icvBytes; i++) this.#tag[i] = data[icvOff + i]!;
    const d = createDecipheriv(this.#name, this.#key, this.#nonce, this.#options);
    d.setAAD(this.#aad);
    d.setAuthTag(this.#tag);
    const out = d.update(data.subarray(textOff, icvOff));
    try {
      d.final();
    } catch {
      return false; // node:crypto's only way to say that the tag is wrong
    }
    data.set(out, textOff);
    return true;
  }

  scrub(): void {
    this.#nonce.fill(0);
  }

  #prepare(data: Uint8Array, espOff: number, seqHi: number): void {
    const aad = this.#aad;
    const seqAt = this.#esn ? 8 : 4;
    for (let i = 0; i < 4; i++) {
      aad[i] = data[espOff + i]!;
      aad[seqAt + i] = data[espOff + 4 + i]!;
    }
    if (this.#esn) writeU32(aad, 4, seqHi);
    const iv = espOff + ESP_HEADER_BYTES;
    for (let i = 0; i < this.ivBytes; i++) this.#nonce[4 + i] = data[iv + i]!;
  }
}
