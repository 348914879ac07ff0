// SPDX-License-Identifier: BSD-2-Clause
import { type CipherCCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import { type CipherAlg, opensslName } from './algorithm.ts';
import { ESP_HEADER_BYTES, fillEspAad, writeU32 } from './esp_bytes.ts';
import { scratch } from './scratch.ts';
import type { CryptoSession } from './session.ts';

/** CCM begins with the text's length; the others do not look at it. */
const LENGTH = { plaintextLength: 0 };
/** By the length of the ICV. */
const OPTIONS: Readonly<Record<number, { readonly authTagLength: number }>> = {
  8: { authTagLength: 8 },
  12: { authTagLength: 12 },
  16: { authTagLength: 16 },
};

/**
 * AES-GCM (RFC 4106), AES-CCM (RFC 4309) and ChaCha20-Poly1305 (RFC 7634), which ESP uses alike:
 * nonce = salt, IV; AAD = SPI, [high half,] sequence number.
 */
export class AeadSession implements CryptoSession {
  readonly ivBytes: number;
  readonly icvBytes: number;
  readonly blockBytes: number;
  readonly #name: CipherCCMTypes;
  /** With the salt behind it. */
  readonly #key: Uint8Array;
  readonly #saltBytes: number;
  readonly #options: { readonly authTagLength: number };
  /** Shared: see scratch.ts. */
  readonly #keyArg: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #aad: Uint8Array;
  readonly #tag: Uint8Array;

  constructor(alg: CipherAlg, key: Uint8Array, salt: Uint8Array, esn: boolean) {
    this.ivBytes = alg.ivBytes;
    this.icvBytes = alg.icvBytes;
    this.blockBytes = alg.blockBytes;
    // All have the same calls; node's types are strictest for CCM.
    this.#name = opensslName(alg, key) as CipherCCMTypes;
    this.#key = new Uint8Array(key.length + salt.length);
    this.#key.set(key);
    this.#key.set(salt, key.length);
    this.#saltBytes = salt.length;
    this.#options = OPTIONS[alg.icvBytes]!;
    this.#keyArg = scratch('key', key.length);
    this.#nonce = scratch('nonce', salt.length + alg.ivBytes);
    this.#aad = scratch('aad', esn ? 12 : 8);
    this.#tag = scratch('tag', alg.icvBytes);
  }

  // RFC 4106 §3.1: an IV is used only once with a key, and a counter is one way to have it so.
  writeIv(data: Uint8Array, ivOff: number, seqHi: number, seqLo: number): void {
    writeU32(data, ivOff, seqHi);
    writeU32(data, ivOff + 4, seqLo);
  }

  seal(data: Uint8Array, espOff: number, textLen: number, seqHi: number): void {
    const textOff = espOff + ESP_HEADER_BYTES + this.ivBytes;
    this.#prepare(data, espOff, textLen, seqHi);
    const c = createCipheriv(this.#name, this.#keyArg, this.#nonce, this.#options);
    c.setAAD(this.#aad, LENGTH);
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
    const d = createDecipheriv(this.#name, this.#keyArg, this.#nonce, this.#options);
    d.setAuthTag(this.#tag);
    d.setAAD(this.#aad, LENGTH);
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
    this.#key.fill(0);
    this.#keyArg.fill(0);
  }

  #prepare(data: Uint8Array, espOff: number, textLen: number, seqHi: number): void {
    const key = this.#key;
    const keyArg = this.#keyArg;
    const nonce = this.#nonce;
    const iv = espOff + ESP_HEADER_BYTES;
    const saltBytes = this.#saltBytes;
    for (let i = 0; i < keyArg.length; i++) keyArg[i] = key[i]!;
    for (let i = 0; i < saltBytes; i++) nonce[i] = key[keyArg.length + i]!;
    for (let i = 0; i < this.ivBytes; i++) nonce[saltBytes + i] = data[iv + i]!;
    fillEspAad(this.#aad, data, espOff, seqHi);
    LENGTH.plaintextLength = textLen;
  }
}
