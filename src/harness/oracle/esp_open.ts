// SPDX-License-Identifier: BSD-2-Clause
import { createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { MAC_ICV_BYTES, macOf } from './mac.ts';
import { type Address, be32, readAddress } from './packet.ts';
import type { WireSa } from './wire_sa.ts';

/** How an algorithm is used: as the RFCs say it, apart from the stack's own table. */
interface Use {
  /** OpenSSL's name, * being the key's length in bits. */
  readonly openssl: string;
  readonly saltBytes: number;
  readonly ivBytes: number;
  /** 0: a MAC of its own. */
  readonly icvBytes: number;
}

function use(openssl: string, saltBytes: number, ivBytes: number, icvBytes: number): Use {
  return { openssl, saltBytes, ivBytes, icvBytes };
}

const USES: Readonly<Record<string, Use>> = {
  'aes-gcm-16': use('aes-*-gcm', 4, 8, 16), // RFC 4106
  'aes-gcm-12': use('aes-*-gcm', 4, 8, 12),
  'aes-gcm-8': use('aes-*-gcm', 4, 8, 8),
  'aes-ccm-16': use('aes-*-ccm', 3, 8, 16), // RFC 4309
  'aes-ccm-12': use('aes-*-ccm', 3, 8, 12),
  'aes-ccm-8': use('aes-*-ccm', 3, 8, 8),
  'aes-gmac': use('aes-*-gcm', 4, 8, 16), // RFC 4543
  'chacha20-poly1305': use('chacha20-poly1305', 4, 8, 16), // RFC 7634
  'aes-ctr': use('aes-*-ctr', 4, 8, 0), // RFC 3686
  'aes-cbc': use('aes-*-cbc', 0, 16, 0), // RFC 3602
  null: use('', 0, 0, 0), // RFC 2410
};

/** Bytes of salt at the end of a key; 0 too for an algorithm that is not known. */
export function espSaltBytes(alg: string): number {
  return USES[alg]?.saltBytes ?? 0;
}

/** Opens ESP packets (RFC 4303) of one SA with node:crypto alone. */
export class EspOpener {
  readonly sa: WireSa;
  readonly dst: Address;
  /** Names the key for the ledger of IVs: two SAs with one key share it. */
  readonly keyName: string;
  readonly icvBytes: number;
  readonly ivBytes: number;
  /** Whether the IV is a nonce that must not repeat. */
  readonly counterMode: boolean;
  /** False: it authenticates and hides nothing. */
  readonly encrypts: boolean;
  readonly #isAead: boolean;
  readonly #key: KeyObject;
  readonly #cipher: string;
  readonly #saltBytes: number;
  readonly #nonce: Buffer;
  /** Without options node:crypto expects 16 bytes of tag, and takes less time. */
  readonly #options: { authTagLength: number } | undefined;
  readonly #aad8 = Buffer.alloc(8);
  readonly #aad12 = Buffer.alloc(12);
  /** Of the last packet opened: the high half of its sequence number. */
  seqHi: number;
  /** The highest sequence number opened. */
  #lastHi: number;
  #lastLo: number;
  #isFirst: boolean;

  /** Throws RangeError for an algorithm it does not know. */
  constructor(sa: WireSa) {
    const how = USES[sa.alg];
    const macBytes = sa.auth === undefined ? undefined : MAC_ICV_BYTES[sa.auth.alg];
    if (how === undefined)
      throw new RangeError(`"${sa.alg}": not an algorithm the oracle can open`);
    this.#isAead = how.icvBytes > 0;
    if (!this.#isAead && macBytes === undefined) {
      throw new RangeError(
        `"${sa.alg}" expected "auth" with one of ${Object.keys(MAC_ICV_BYTES).join(' ')}`,
      );
    }
    this.sa = sa;
    this.seqHi = sa.seqHi ?? 0;
    this.#lastHi = this.seqHi;
    this.#lastLo = sa.seqLo ?? 0;
    this.#isFirst = sa.seqLo === undefined;
    this.dst = readAddress(sa.dst);
    this.icvBytes = this.#isAead ? how.icvBytes : macBytes!;
    this.ivBytes = how.ivBytes;
    this.counterMode = how.saltBytes > 0;
    this.encrypts = sa.alg !== 'null' && sa.alg !== 'aes-gmac';
    const salt = Buffer.from(how.saltBytes === 0 ? [] : (sa.salt ?? []));
    this.#saltBytes = how.saltBytes;
    if (salt.length !== how.saltBytes) {
      throw new RangeError(`"salt" expected ${how.saltBytes} bytes`);
    }
    // Counter mode counts blocks behind the nonce, from 1 (RFC 3686 §4).
    const isCtr = sa.alg === 'aes-ctr';
    this.#nonce = Buffer.concat([
      salt,
      Buffer.alloc(how.ivBytes),
      Buffer.from(isCtr ? [0, 0, 0, 1] : []),
    ]);
    this.keyName = Buffer.concat([sa.key, salt]).toString('latin1');
    this.#key = createSecretKey(sa.key);
    this.#cipher = how.openssl.replace('*', String(sa.key.length * 8));
    // CCM and ChaCha20 must be told; GCM takes less time without.
    const isDefault = how.openssl === 'aes-*-gcm' && how.icvBytes === 16;
    this.#options = isDefault ? undefined : { authTagLength: how.icvBytes };
  }

  /** ESP's text, trailer included, of the packet in b[at, end); undefined when its ICV is wrong. */
  open(b: Buffer, at: number, end: number): Buffer | undefined {
    const seqLo = be32(b, at + 4);
    const hi = this.sa.esn === true ? this.#guessHi(seqLo) : 0;
    const text = this.#isAead ? this.#openAead(b, at, end, hi) : this.#openMac(b, at, end, hi);
    if (text !== undefined) {
      this.seqHi = hi;
      this.#isFirst = false;
      if (hi > this.#lastHi || (hi === this.#lastHi && seqLo > this.#lastLo)) {
        this.#lastHi = hi;
        this.#lastLo = seqLo;
      }
    }
    return text;
  }

  /** The high half that puts seqLo nearest to the last one seen (RFC 4303 appendix A2). */
  #guessHi(seqLo: number): number {
    if (this.#isFirst) return this.#lastHi;
    if (seqLo + 0x8000_0000 < this.#lastLo) return this.#lastHi + 1;
    const below = seqLo > this.#lastLo + 0x8000_0000 && this.#lastHi > 0;
    return below ? this.#lastHi - 1 : this.#lastHi;
  }

  #openAead(b: Buffer, at: number, end: number, hi: number): Buffer | undefined {
    const icv = end - this.icvBytes;
    this.#readIv(b, at);
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
      decipher.setAAD(aad, { plaintextLength: icv - at - 16 });
      const text = decipher.update(b.subarray(at + 16, icv));
      decipher.final();
      return text;
    } catch {
      return undefined;
    }
  }

  #openMac(b: Buffer, at: number, end: number, hi: number): Buffer | undefined {
    const icv = end - this.icvBytes;
    const auth = this.sa.auth!;
    let high: Buffer | undefined;
    if (this.sa.esn === true) {
      high = Buffer.alloc(4); // RFC 4303 §2.2.1: authenticated, not sent
      high.writeUInt32BE(hi);
    }
    const mac = macOf(auth.alg, auth.key, b.subarray(at, icv), high);
    if (!mac.equals(b.subarray(icv, end))) return undefined;
    const text = b.subarray(at + 8 + this.ivBytes, icv);
    if (this.sa.alg === 'null') return text;
    if (this.sa.alg === 'aes-cbc' && text.length % 16 !== 0) return undefined;
    this.#readIv(b, at);
    const decipher = createDecipheriv(this.#cipher, this.#key, this.#nonce).setAutoPadding(false);
    return Buffer.concat([decipher.update(text), decipher.final()]);
  }

  #readIv(b: Buffer, at: number): void {
    b.copy(this.#nonce, this.#saltBytes, at + 8, at + 8 + this.ivBytes);
  }
}
