// SPDX-License-Identifier: BSD-2-Clause
import { AeadSession } from './aead_session.ts';
import type { AuthAlg, CipherAlg } from './algorithm.ts';
import { CipherMacSession } from './cipher_mac_session.ts';
import { GmacSession } from './gmac_session.ts';

/**
 * A key at work: seals and opens the text of ESP packets in place.
 *
 *     | SPI, sequence (8) | IV (ivBytes) | text (textLen) | ICV (icvBytes) |
 *     ^ espOff                           ^ textOff = espOff + 8 + ivBytes
 *
 * With ESN the high half of the sequence number is authenticated too but not sent: an AEAD has it
 * between SPI and sequence number (RFC 4106 §5), a MAC behind the text (RFC 4303 §2.2.1).
 * node:crypto makes objects for every message; nothing else here does.
 */
export interface CryptoSession {
  readonly ivBytes: number;
  readonly icvBytes: number;
  /** Length of the text is a multiple of it, bytes. */
  readonly blockBytes: number;
  /** Writes the IV of the packet with this 64-bit sequence number. No two are the same. */
  writeIv(data: Uint8Array, ivOff: number, seqHi: number, seqLo: number): void;
  /** Encrypts the text and writes the ICV behind it. */
  seal(data: Uint8Array, espOff: number, textLen: number, seqHi: number): void;
  /** Checks the ICV, then decrypts. False: the ICV is wrong, and no byte was changed. */
  open(data: Uint8Array, espOff: number, textLen: number, seqHi: number): boolean;
  /** Overwrites what it can of the key. */
  scrub(): void;
}

/** Of an SA that does no ESP: to use it is a mistake. */
export const NO_ESP_SESSION: CryptoSession = {
  ivBytes: 0,
  icvBytes: 0,
  blockBytes: 4,
  writeIv: noEsp,
  seal: noEsp,
  open: noEsp,
  scrub: () => {},
};

function noEsp(): never {
  throw new TypeError('an SA of AH has no ESP session');
}

/** `key` holds no salt. `auth` is null for an AEAD and GMAC. Lengths are the caller's to check. */
export function newSession(
  cipher: CipherAlg,
  key: Uint8Array,
  salt: Uint8Array,
  auth: AuthAlg | null,
  authKey: Uint8Array,
  esn: boolean,
): CryptoSession {
  if (cipher.kind === 'aead') return new AeadSession(cipher, key, salt, esn);
  if (cipher.kind === 'gmac') return new GmacSession(cipher, key, salt, esn);
  // RFC 8221 §4: encryption without authentication MUST NOT be used.
  if (auth === null) throw new TypeError(`"${cipher.name}" needs an authentication algorithm`);
  return new CipherMacSession(cipher, key, salt, auth, authKey, esn);
}
