// SPDX-License-Identifier: BSD-2-Clause
import { createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { be32, readAddress } from './packet.ts';
import type { WireSa } from './wire_sa.ts';

const HMACS: Readonly<Record<string, [hash: string, icvBytes: number]>> = {
  'hmac-sha1': ['sha1', 12],
  'hmac-sha2-256': ['sha256', 16],
  'hmac-sha2-384': ['sha384', 24],
  'hmac-sha2-512': ['sha512', 32],
};
const AEAD_ICV: Readonly<Record<string, number>> = {
  'aes-gcm-16': 16,
  'aes-gcm-12': 12,
  'aes-gcm-8': 8,
  'aes-gmac': 16,
  'chacha20-poly1305': 16,
};

/** Opens ESP packets (RFC 4303) of one SA with node:crypto alone. */
export class EspOpener {
  readonly sa: WireSa;
  readonly dst: number;
  /** Names the key for the ledger of IVs: two SAs with one key share it. */
  readonly keyName: string;
  readonly icvBytes: number;
  readonly ivBytes: number;
  /** Whether the IV is a nonce that must not repeat. */
  readonly counterMode: boolean;
  readonly #key: KeyObject;
  readonly #cipher: string;
  readonly #nonce: Buffer;
  /** Without options node:crypto expects 16 bytes of tag, and takes less time. */
  readonly #options: { authTagLength: number } | undefined;
  readonly #aad8 = Buffer.alloc(8);
  readonly #aad12 = Buffer.alloc(12);
  /** Of the last packet opened: the high half of its sequence number. */
  seqHi: number;
  /** The highest sequence number opened. */
  #lastHi: number;
  #lastLo = 0;

  /** Throws RangeError for an algorithm it does not know. */
  constructor(sa: WireSa) {
    const aead = AEAD_ICV[sa.alg];
    const hmac = sa.auth === undefined ? undefined : HMACS[sa.auth.alg];
    if (aead === undefined && sa.alg !== 'aes-cbc' && sa.alg !== 'null') {
      throw new RangeError(`"${sa.alg}": not an algorithm the oracle can open`);
    }
    if (aead === undefined && hmac === undefined) {
      throw new RangeError(
        `"${sa.alg}" expected "auth" with one of ${Object.keys(HMACS).join(' ')}`,
      );
    }
    this.sa = sa;
    this.seqHi = sa.seqHi ?? 0;
    this.#lastHi = this.seqHi;
    this.dst = readAddress(sa.dst);
    this.icvBytes = aead ?? hmac![1];
    this.#options = this.icvBytes === 16 ? undefined : { authTagLength: this.icvBytes };
    this.counterMode = aead !== undefined;
    this.ivBytes = aead !== undefined ? 8 : sa.alg === 'null' ? 0 : 16;
    const salt = Buffer.from(sa.salt ?? []);
    if (this.counterMode && salt.length !== 4) throw new RangeError('"salt" expected 4 bytes');
    this.#nonce = Buffer.concat([salt, Buffer.alloc(8)]);
    this.keyName = Buffer.concat([sa.key, salt]).toString('latin1');
    this.#key = createSecretKey(sa.key);
    const bits = sa.key.length * 8;
    this.#cipher =
      sa.alg === 'chacha20-poly1305'
        ? sa.alg
        : sa.alg === 'aes-cbc'
          ? `aes-${bits}-cbc`
          : `aes-${bits}-gcm`;
  }

  /** ESP's text, trailer included, of the packet in b[at, end); undefined when its ICV is wrong. */
  open(b: Buffer, at: number, end: number): Buffer | undefined {
    const seqLo = be32(b, at + 4);
    const hi = this.sa.esn === true ? this.#guessHi(seqLo) : 0;
    const text = this.counterMode ? this.#openAead(b, at, end, hi) : this.#openHmac(b, at, end, hi);
    if (text !== undefined) {
      this.seqHi = hi;
      if (hi > this.#lastHi || (hi === this.#lastHi && seqLo > this.#lastLo)) {
        this.#lastHi = hi;
        this.#lastLo = seqLo;
      }
    }
    return text;
  }

  /** The high half that puts seqLo nearest to the last one seen (RFC 4303 appendix A2). */
  #guessHi(seqLo: number): number {
    if (seqLo + 0x8000_0000 < this.#lastLo) return this.#lastHi + 1;
    const below = seqLo > this.#lastLo + 0x8000_0000 && this.#lastHi > 0;
    return below ? this.#lastHi - 1 : this.#lastHi;
  }

  #openAead(b: Buffer, at: number, end: number, hi: number): Buffer | undefined {
    const icv = end - this.icvBytes;
    b.copy(this.#nonce, 4, at + 8, at + 16);
    const decipher = createDecipheriv(
      this.#cipher as 'aes-128-gcm',
      this.#key,
      this.#nonce,
      this.#options,
    );
    const aad = this.sa.esn === true ? this.#aad12 : this.#aad8;
    b.copy(aad, 0, at, at + 4);
    if (aad.length === 12) aad.writeUInt32BE(hi, 4); // RFC 4106 §5
    b.copy(aad, aad.length - 4, at + 4, at + 8);
    decipher.setAuthTag(b.subarray(icv, end));
    try {
      if (this.sa.alg === 'aes-gmac') {
        // RFC 4543 §3: the IV and the text are authenticated, and nothing is encrypted.
        decipher.setAAD(Buffer.concat([aad, b.subarray(at + 8, icv)]));
        decipher.final();
        return b.subarray(at + 16, icv);
      }
      decipher.setAAD(aad);
      const text = decipher.update(b.subarray(at + 16, icv));
      decipher.final();
      return text;
    } catch {
      return undefined;
    }
  }

  #openHmac(b: Buffer, at: number, end: number, hi: number): Buffer | undefined {
    const icv = end - this.icvBytes;
    const auth = this.sa.auth!;
    const hmac = createHmac(HMACS[auth.alg]![0], auth.key).update(b.subarray(at, icv));
    if (this.sa.esn === true) {
      const high = Buffer.alloc(4); // RFC 4303 §2.2.1: authenticated, not sent
      high.writeUInt32BE(hi);
      hmac.update(high);
    }
    if (hmac.digest().compare(b, icv, end, 0, this.icvBytes) !== 0) return undefined;
    const text = b.subarray(at + 8 + this.ivBytes, icv);
    if (this.sa.alg === 'null') return text;
    if (text.length % 16 !== 0) return undefined;
    const iv = b.subarray(at + 8, at + 24);
    const decipher = createDecipheriv(this.#cipher, this.#key, iv).setAutoPadding(false);
    return Buffer.concat([decipher.update(text), decipher.final()]);
  }
}
