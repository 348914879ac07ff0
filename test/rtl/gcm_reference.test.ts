// SPDX-License-Identifier: BSD-2-Clause
import { createDecipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { refAesEncrypt, refGcmOpen, refGcmSeal } from '../reference/aes_gcm.ts';
import { random, seal } from './gcm_messages.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

test.each([
  ['C.1', '000102030405060708090a0b0c0d0e0f', '69c4e0d86a7b0430d8cdb78070b4c55a'],
  [
    'C.3',
    '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    '8ea2b7ca516745bfeafc49904b496089',
  ],
])('AES twin: FIPS-197 appendix %s', (_, key, expected) => {
  const plain = hex('00112233445566778899aabbccddeeff');
  expect(Buffer.from(refAesEncrypt(hex(key), plain)).toString('hex')).toBe(expected);
});

test('GCM twin: test case 4 of McGrew and Viega, "The Galois/Counter Mode of Operation"', () => {
  const { ciphertext, tag } = refGcmSeal(
    hex('feffe9928665731c6d6a8f9467308308'),
    hex('cafebabefacedbaddecaf888'),
    hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
    hex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ),
  );
  expect(ciphertext.toString('hex')).toBe(
    '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
  );
  expect(tag.toString('hex')).toBe('5bc94fbc3221a5db94fae95ae7121a47');
});

test('GCM twin: equals node:crypto both ways, and refuses what it refuses', () => {
  const next = random(21);
  const bytes = (n: number): Buffer => Buffer.from(Array.from({ length: n }, () => next(256)));
  for (let i = 0; i < 60; i++) {
    const [key, iv] = [bytes(i % 2 === 0 ? 16 : 32), bytes(12)];
    const [aad, text] = [bytes(next(50)), bytes(next(80))];
    const { ciphertext, tag } = seal(key, iv, aad, text);
    expect(refGcmSeal(key, iv, aad, text)).toEqual({ ciphertext, tag });
    expect(refGcmOpen(key, iv, aad, ciphertext, tag)).toEqual(text);
    tag[next(16)]! ^= 1 << next(8);
    expect(refGcmOpen(key, iv, aad, ciphertext, tag)).toBeNull();
    const name = `aes-${key.length * 8}-gcm` as 'aes-128-gcm';
    const decipher = createDecipheriv(name, key, iv, { authTagLength: 16 });
    decipher.setAAD(aad);
    decipher.setAuthTag(tag);
    decipher.update(ciphertext);
    expect(() => decipher.final()).toThrow();
  }
});
