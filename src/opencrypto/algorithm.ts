// SPDX-License-Identifier: BSD-2-Clause
/**
 * The algorithms, by the names that setkey(8) gives them. A row says what RFC and sizes bind; the
 * sessions are made from rows alone.
 */
export interface CipherAlg {
  readonly name: string;
  /** Lengths a key may have, bytes, without salt. */
  readonly keyBytes: readonly number[];
  /** Bytes at the key's end that are the nonce's salt (RFC 4106 §8.1). */
  readonly saltBytes: number;
  readonly ivBytes: number;
  /** The encrypted part is a multiple of it; ESP asks for at least 4 (RFC 4303 §2.4). */
  readonly blockBytes: number;
  /** Bytes of the ICV when the cipher brings its own integrity, else 0. */
  readonly icvBytes: number;
  /** Name under which OpenSSL knows it, by key length in bits; '' = no cipher at all. */
  readonly openssl: string;
}

export interface AuthAlg {
  readonly name: string;
  readonly keyBytes: number;
  /** What is left of the digest, bytes. */
  readonly icvBytes: number;
  /** Hash of the HMAC. */
  readonly hash: string;
}

const AES_KEYS = [16, 24, 32];

export const CIPHERS: readonly CipherAlg[] = [
  // RFC 4106: salt 4, IV 8, ICV 16. The text is padded to 4 bytes only.
  row('aes-gcm-16', AES_KEYS, 4, 8, 4, 16, 'gcm'),
  row('aes-cbc', AES_KEYS, 0, 16, 16, 0, 'cbc'), // RFC 3602
  row('null', [0], 0, 0, 4, 0, ''), // RFC 2410
];

export const AUTHS: readonly AuthAlg[] = [
  { name: 'hmac-sha1', keyBytes: 20, icvBytes: 12, hash: 'sha1' }, // RFC 2404
  { name: 'hmac-sha2-256', keyBytes: 32, icvBytes: 16, hash: 'sha256' }, // RFC 4868
  { name: 'hmac-sha2-384', keyBytes: 48, icvBytes: 24, hash: 'sha384' },
  { name: 'hmac-sha2-512', keyBytes: 64, icvBytes: 32, hash: 'sha512' },
];

/** Other names in use for the same row. */
const ALIASES: Readonly<Record<string, string>> = { 'rijndael-cbc': 'aes-cbc' };

function row(
  name: string,
  keyBytes: readonly number[],
  saltBytes: number,
  ivBytes: number,
  blockBytes: number,
  icvBytes: number,
  openssl: string,
): CipherAlg {
  return { name, keyBytes, saltBytes, ivBytes, blockBytes, icvBytes, openssl };
}

export function cipherByName(name: string): CipherAlg | undefined {
  const real = ALIASES[name] ?? name;
  return CIPHERS.find((c) => c.name === real);
}

export function authByName(name: string): AuthAlg | undefined {
  return AUTHS.find((a) => a.name === name);
}
