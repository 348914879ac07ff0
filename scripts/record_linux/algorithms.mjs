// SPDX-License-Identifier: BSD-2-Clause
// Algorithms by the names of Linux (ip xfrm), of setkey(8) and of node:crypto. saltBytes of the key
// are the nonce's; icvBytes and ivBytes are those of the packet.

const aead = (linux, setkey, node, keyBytes, saltBytes, icvBytes) => ({
  kind: 'aead',
  linux,
  setkey: setkey.replace('#', String(icvBytes)),
  node,
  keyBytes: keyBytes + saltBytes,
  saltBytes,
  ivBytes: 8,
  icvBytes,
});

const gcm = (bits, icv) =>
  aead('rfc4106(gcm(aes))', 'aes-gcm-#', `aes-${bits}-gcm`, bits / 8, 4, icv);
const ccm = (bits, icv) =>
  aead('rfc4309(ccm(aes))', 'aes-ccm-#', `aes-${bits}-ccm`, bits / 8, 3, icv);

export const CIPHERS = {
  gcm128: gcm(128, 16),
  'gcm128-icv12': gcm(128, 12),
  'gcm256-icv8': gcm(256, 8),
  gcm192: gcm(192, 16),
  gcm256: gcm(256, 16),
  ccm128: ccm(128, 16),
  'ccm192-icv12': ccm(192, 12),
  'ccm256-icv8': ccm(256, 8),
  chacha20: aead(
    'rfc7539esp(chacha20,poly1305)',
    'chacha20-poly1305',
    'chacha20-poly1305',
    32,
    4,
    16,
  ),
  gmac128: { ...aead('rfc4543(gcm(aes))', 'aes-gmac', 'aes-128-gcm', 16, 4, 16), gmac: true },
  gmac256: { ...aead('rfc4543(gcm(aes))', 'aes-gmac', 'aes-256-gcm', 32, 4, 16), gmac: true },
  cbc128: { kind: 'cbc', linux: 'cbc(aes)', setkey: 'aes-cbc', keyBytes: 16, ivBytes: 16 },
  cbc256: { kind: 'cbc', linux: 'cbc(aes)', setkey: 'aes-cbc', keyBytes: 32, ivBytes: 16 },
  ctr128: { kind: 'ctr', linux: 'rfc3686(ctr(aes))', setkey: 'aes-ctr', keyBytes: 20, ivBytes: 8 },
  ctr256: { kind: 'ctr', linux: 'rfc3686(ctr(aes))', setkey: 'aes-ctr', keyBytes: 36, ivBytes: 8 },
  null: { kind: 'null', linux: 'cipher_null', setkey: 'null', keyBytes: 0, ivBytes: 0 },
};

export const AUTHS = {
  sha1: { linux: 'hmac(sha1)', setkey: 'hmac-sha1', hash: 'sha1', keyBytes: 20, icvBytes: 12 },
  sha256: {
    linux: 'hmac(sha256)',
    setkey: 'hmac-sha2-256',
    hash: 'sha256',
    keyBytes: 32,
    icvBytes: 16,
  },
  sha384: {
    linux: 'hmac(sha384)',
    setkey: 'hmac-sha2-384',
    hash: 'sha384',
    keyBytes: 48,
    icvBytes: 24,
  },
  sha512: {
    linux: 'hmac(sha512)',
    setkey: 'hmac-sha2-512',
    hash: 'sha512',
    keyBytes: 64,
    icvBytes: 32,
  },
};
