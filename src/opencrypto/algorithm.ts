// SPDX-License-Identifier: BSD-2-Clause
/**
 * The algorithms, by the names that setkey(8) gives them. A row says what RFC and sizes bind; the
 * sessions are made from rows alone. What RFC 8221 says of each stands beside it: §5 of ciphers, §6
 * of authentication. What it forbids is in forbidden.ts.
 */
export interface CipherAlg {
  readonly name: string;
  /**
   * How it is used: 'aead' brings its own integrity, 'gmac' is an AEAD that encrypts nothing; 'cbc',
   * 'ctr' and 'null' need an AuthAlg.
   */
  readonly kind: 'aead' | 'gmac' | 'cbc' | 'ctr' | 'null';
  /** Lengths a key may have, bytes, without salt. */
  readonly keyBytes: readonly number[];
  /** Bytes at the key's end that are the nonce's salt (RFC 4106 §8.1). */
  readonly saltBytes: number;
  readonly ivBytes: number;
  /** The encrypted part is a multiple of it; ESP asks for at least 4 (RFC 4303 §2.4). */
  readonly blockBytes: number;
  /** Bytes of the ICV when the cipher brings its own integrity, else 0. */
  readonly icvBytes: number;
  /** Name under which OpenSSL knows it, * being the key's length in bits; '' = no cipher at all. */
  readonly openssl: string;
}

export interface AuthAlg {
  readonly name: string;
  /** 'gmac' is AH's alone: ESP has it as a cipher. */
  readonly kind: 'hmac' | 'xcbc' | 'gmac';
  /** With GMAC's salt of 4 bytes at its end. */
  readonly keyBytes: number;
  /** What is left of the digest; with GMAC's IV of 8 bytes in front. */
  readonly icvBytes: number;
  /** OpenSSL's name of the hash, or of the cipher behind the MAC. */
  readonly openssl: string;
}

const AES_KEYS = [16, 24, 32];

export const CIPHERS: readonly CipherAlg[] = [
  // RFC 4106: salt 4, IV 8. The text is padded to 4 bytes only. MUST, with keys of 128 and 256 bits;
  // the shorter ICVs are not listed.
  row('aes-gcm-16', 'aead', AES_KEYS, 4, 8, 4, 16, 'aes-*-gcm'),
  row('aes-gcm-12', 'aead', AES_KEYS, 4, 8, 4, 12, 'aes-*-gcm'),
  row('aes-gcm-8', 'aead', AES_KEYS, 4, 8, 4, 8, 'aes-*-gcm'),
  // RFC 4309: salt 3, IV 8. SHOULD with the ICV of 8 bytes, for small devices; else not listed.
  row('aes-ccm-16', 'aead', AES_KEYS, 3, 8, 4, 16, 'aes-*-ccm'),
  row('aes-ccm-12', 'aead', AES_KEYS, 3, 8, 4, 12, 'aes-*-ccm'),
  row('aes-ccm-8', 'aead', AES_KEYS, 3, 8, 4, 8, 'aes-*-ccm'),
  row('chacha20-poly1305', 'aead', [32], 4, 8, 4, 16, 'chacha20-poly1305'), // RFC 7634. SHOULD
  row('aes-gmac', 'gmac', AES_KEYS, 4, 8, 4, 16, 'aes-*-gcm'), // RFC 4543 §3. Not listed
  row('aes-cbc', 'cbc', AES_KEYS, 0, 16, 16, 0, 'aes-*-cbc'), // RFC 3602. MUST
  row('aes-ctr', 'ctr', AES_KEYS, 4, 8, 4, 0, 'aes-*-ctr'), // RFC 3686. Not listed
  row('null', 'null', [0], 0, 0, 4, 0, ''), // RFC 2410. MUST
];

export const AUTHS: readonly AuthAlg[] = [
  auth('hmac-sha1', 'hmac', 20, 12, 'sha1'), // RFC 2404. MUST-: it will be less one day
  auth('hmac-sha2-256', 'hmac', 32, 16, 'sha256'), // RFC 4868. MUST
  auth('hmac-sha2-384', 'hmac', 48, 24, 'sha384'), // RFC 4868. Not listed
  auth('hmac-sha2-512', 'hmac', 64, 32, 'sha512'), // RFC 4868. SHOULD
  auth('aes-xcbc-mac', 'xcbc', 16, 12, 'aes-128-cbc'), // RFC 3566. SHOULD for small devices, else MAY
  auth('aes-128-gmac', 'gmac', 20, 24, 'aes-128-gcm'), // RFC 4543 §4. MAY
  auth('aes-192-gmac', 'gmac', 28, 24, 'aes-192-gcm'), // RFC 4543 §4. Not listed
  auth('aes-256-gmac', 'gmac', 36, 24, 'aes-256-gcm'), // RFC 4543 §4. MAY
];

/** Other names in use for the same row: KAME's and those of ipsec-tools. */
const ALIASES: Readonly<Record<string, string>> = {
  'rijndael-cbc': 'aes-cbc',
  'hmac-sha256': 'hmac-sha2-256',
  'hmac-sha384': 'hmac-sha2-384',
  'hmac-sha512': 'hmac-sha2-512',
};

function row(
  name: string,
  kind: CipherAlg['kind'],
  keyBytes: readonly number[],
  saltBytes: number,
  ivBytes: number,
  blockBytes: number,
  icvBytes: number,
  openssl: string,
): CipherAlg {
  return { name, kind, keyBytes, saltBytes, ivBytes, blockBytes, icvBytes, openssl };
}

function auth(
  name: string,
  kind: AuthAlg['kind'],
  keyBytes: number,
  icvBytes: number,
  openssl: string,
): AuthAlg {
  return { name, kind, keyBytes, icvBytes, openssl };
}

export function cipherByName(name: string): CipherAlg | undefined {
  const real = ALIASES[name] ?? name;
  return CIPHERS.find((c) => c.name === real);
}

export function authByName(name: string): AuthAlg | undefined {
  const real = ALIASES[name] ?? name;
  return AUTHS.find((a) => a.name === real);
}

/** OpenSSL's name of a cipher with a key of this length. */
export function opensslName(alg: CipherAlg, key: Uint8Array): string {
  return alg.openssl.replace('*', String(key.length * 8));
}
