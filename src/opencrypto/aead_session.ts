// SPDX-License-Identifier: BSD-2-Clause
import {
  type CipherCCMTypes,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
} from 'node:crypto';
import { type CipherAlg, opensslName } from './algorithm.ts';
import { ESP_HEADER_BYTES, fillEspAad, writeU32 } from './esp_bytes.ts';
import type { CryptoSession } from './session.ts';

/**
 * AES-GCM (RFC 4106), AES-CCM (RFC 4309) and ChaCha20-Poly1305 (RFC 7634), which ESP uses alike:
 * nonce = salt, IV; AAD = SPI, [high half,] sequence number.
 */
export class AeadSession implements CryptoSession {
  readonly ivBytes: number;
  readonly icvBytes: number;
  readonly blockBytes: number;
  readonly #name: CipherCCMTypes;
  readonly #key;
  readonly #saltBytes: number;
  readonly #nonce: Uint8Array;
  readonly #aad: Uint8Array;
  readonly #tag: Uint8Array;
  readonly #options: { authTagLength: number };
  /** CCM begins with the text's length; the others do not look at it. */
  readonly #length = { plaintextLength: 0 };

  constructor(alg: CipherAlg, key: Uint8Array, salt: Uint8Array, esn: boolean) {
    this.ivBytes = alg.ivBytes;
    this.icvBytes = alg.icvBytes;
    this.blockBytes = alg.blockBytes;
    // All have the same calls; node's types are strictest for CCM.
    this.#name = opensslName(alg, key) as CipherCCMTypes;
    this.#key = createSecretKey(key);
    this.#saltBytes = salt.length;
    this.#nonce = new Uint8Array(salt.length + alg.ivBytes);
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
    this.#prepare(data, espOff, textLen, seqHi);
    const c = createCipheriv(this.#name, this.#key, this.#nonce, this.#options);
    c.setAAD(this.#aad, this.#length);
    const out = c.update(data.subarray(textOff, textOff + textLen));
    c.final();
    data.set(out, textOff);
    data.set(c.getAuthTag(), textOff + textLen);
  }

  open(data: Uint8Array, espOff: number, textLen: number, seqHi: number): boolean {
    const textOff = espOff + ESP_HEADER_BYTES + this.ivBytes;
    const icvOff = textOff + textLen;
    this.#prepare(data, espOff, textLen, seqHi);
    for (let i = 0; i < this.icvBytes; i++) this.#tag[i] = data[icvOff + i]!;
    const d = createDecipheriv(this.#name, this.#key, this.#nonce, this.#options);
    d.setAuthTag(this.#tag);
    d.setAAD(this.#aad, this.#length);
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

  #prepare(data: Uint8Array, espOff: number, textLen: number, seqHi: number): void {
    fillEspAad(this.#aad, data, espOff, seqHi);
    const iv = espOff + ESP_HEADER_BYTES;
    for (let i = 0; i < this.ivBytes; i++) this.#nonce[this.#saltBytes + i] = data[iv + i]!;
    this.#length.plaintextLength = textLen;
  }
}
