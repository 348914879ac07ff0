// SPDX-License-Identifier: BSD-2-Clause
import { type CipherGCMTypes, createCipheriv, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { AuthAlg } from './algorithm.ts';
import { writeU32 } from './esp_bytes.ts';
import { type Mac, newMac } from './mac.ts';

/**
 * A key at work for AH (RFC 4302): the ICV of a packet's image, which is the packet with zeros for
 * all that may change on its way, and for the ICV itself. With ESN the high half of the sequence
 * number is authenticated behind the image (§3.3.3.2.2).
 *
 *     ICV field:  | IV (ivBytes, GMAC's alone: RFC 4543 §4) | ICV |
 */
export interface AhSession {
  readonly ivBytes: number;
  /** Of the whole ICV field. */
  readonly icvBytes: number;
  /** Writes the IV of the packet with this 64-bit sequence number, where there is one. */
  writeIv(data: Uint8Array, at: number, seqHi: number, seqLo: number): void;
  /** Writes the ICV of image[0, lenBytes) into the ICV field at data[at], whose IV is there. */
  seal(image: Uint8Array, lenBytes: number, data: Uint8Array, at: number, seqHi: number): void;
  /** Is the ICV field at data[at] right for image[0, lenBytes)? */
  isRight(
    image: Uint8Array,
    lenBytes: number,
    data: Uint8Array,
    at: number,
    seqHi: number,
  ): boolean;
}

/** Lengths are the caller's to check. */
export function newAhSession(alg: AuthAlg, key: Uint8Array, esn: boolean): AhSession {
  return alg.kind === 'gmac' ? new GmacAhSession(alg, key, esn) : new MacAhSession(alg, key, esn);
}

class MacAhSession implements AhSession {
  readonly ivBytes = 0;
  readonly icvBytes: number;
  readonly #mac: Mac;
  readonly #icv: Uint8Array;
  readonly #high: Uint8Array | null;

  constructor(alg: AuthAlg, key: Uint8Array, esn: boolean) {
    this.icvBytes = alg.icvBytes;
    this.#mac = newMac(alg, key);
    this.#icv = new Uint8Array(alg.icvBytes);
    this.#high = esn ? new Uint8Array(4) : null;
  }

  writeIv(): void {}

  seal(image: Uint8Array, lenBytes: number, data: Uint8Array, at: number, seqHi: number): void {
    const mac = this.#over(image, lenBytes, seqHi);
    for (let i = 0; i < this.icvBytes; i++) data[at + i] = mac[i]!;
  }

  isRight(
    image: Uint8Array,
    lenBytes: number,
    data: Uint8Array,
    at: number,
    seqHi: number,
  ): boolean {
    const mac = this.#over(image, lenBytes, seqHi);
    for (let i = 0; i < this.icvBytes; i++) this.#icv[i] = data[at + i]!;
    return timingSafeEqual(mac.subarray(0, this.icvBytes), this.#icv);
  }

  #over(image: Uint8Array, lenBytes: number, seqHi: number): Uint8Array {
    if (this.#high !== null) writeU32(this.#high, 0, seqHi);
    return this.#mac.over(image, 0, lenBytes, this.#high);
  }
}

const GMAC_SALT_BYTES = 4;
const GMAC_TAG_BYTES = 16;

/** AUTH_AES_GMAC, RFC 4543 §4: the nonce is the salt and the IV that the ICV field begins with. */
class GmacAhSession implements AhSession {
  readonly ivBytes = 8;
  readonly icvBytes: number;
  readonly #name: CipherGCMTypes;
  readonly #key;
  readonly #nonce = new Uint8Array(12);
  readonly #tag = new Uint8Array(GMAC_TAG_BYTES);
  readonly #high: Uint8Array | null;

  constructor(alg: AuthAlg, key: Uint8Array, esn: boolean) {
    const keyBytes = key.length - GMAC_SALT_BYTES;
    this.icvBytes = alg.icvBytes;
    this.#name = alg.openssl as CipherGCMTypes;
    this.#key = createSecretKey(key.subarray(0, keyBytes));
    this.#nonce.set(key.subarray(keyBytes));
    this.#high = esn ? new Uint8Array(4) : null;
  }

  // RFC 4543 §2: the nonce must not come twice; the sequence number sees to it.
  writeIv(data: Uint8Array, at: number, seqHi: number, seqLo: number): void {
    writeU32(data, at, seqHi);
    writeU32(data, at + 4, seqLo);
  }

  seal(image: Uint8Array, lenBytes: number, data: Uint8Array, at: number, seqHi: number): void {
    data.set(this.#over(image, lenBytes, data, at, seqHi), at + this.ivBytes);
  }

  isRight(
    image: Uint8Array,
    lenBytes: number,
    data: Uint8Array,
    at: number,
    seqHi: number,
  ): boolean {
    for (let i = 0; i < GMAC_TAG_BYTES; i++) this.#tag[i] = data[at + this.ivBytes + i]!;
    return timingSafeEqual(this.#over(image, lenBytes, data, at, seqHi), this.#tag);
  }

  #over(
    image: Uint8Array,
    lenBytes: number,
    data: Uint8Array,
    at: number,
    seqHi: number,
  ): Uint8Array {
    for (let i = 0; i < this.ivBytes; i++) this.#nonce[GMAC_SALT_BYTES + i] = data[at + i]!;
    const c = createCipheriv(this.#name, this.#key, this.#nonce);
    c.setAAD(image.subarray(0, lenBytes));
    if (this.#high !== null) {
      writeU32(this.#high, 0, seqHi);
      c.setAAD(this.#high);
    }
    c.final();
    return c.getAuthTag();
  }
}
