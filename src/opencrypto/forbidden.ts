// SPDX-License-Identifier: BSD-2-Clause
/**
 * Algorithms that setkey(8) has names for and that no SA gets, with what RFC 8221 says of them: §5 of
 * ciphers, §6 of authentication.
 */
const FORBIDDEN = new Map(
  Object.entries({
    'des-cbc': 'DES MUST NOT be used: its key has 56 bits (RFC 8221 §5)',
    'des-deriv': 'DES MUST NOT be used: its key has 56 bits (RFC 8221 §5)',
    'des-32iv': 'DES MUST NOT be used: its key has 56 bits (RFC 8221 §5)',
    '3des-cbc': 'triple DES SHOULD NOT be used: its blocks have 64 bits (RFC 8221 §5)',
    '3des-deriv': 'triple DES SHOULD NOT be used: its blocks have 64 bits (RFC 8221 §5)',
    'blowfish-cbc': 'Blowfish MUST NOT be used: its blocks have 64 bits (RFC 8221 §5)',
    'hmac-md5': 'HMAC-MD5 MUST NOT be used (RFC 8221 §6)',
    'keyed-md5': 'keyed MD5 MUST NOT be used (RFC 8221 §6)',
  }),
);

/** Why an SA cannot have this algorithm; undefined when RFC 8221 does not forbid it. */
export function whyForbidden(name: string): string | undefined {
  return FORBIDDEN.get(name);
}
