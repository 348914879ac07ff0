// SPDX-License-Identifier: BSD-2-Clause
/** The vectors that the algorithms' own RFCs print, through the sessions that ESP uses. */
import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authByName, cipherByName } from '../../src/opencrypto/algorithm.ts';
import { newSession } from '../../src/opencrypto/session.ts';
import { refCcmOpen, refCcmSeal, refCtr } from '../reference/aes_ccm.ts';
import { refXcbc } from '../reference/aes_xcbc.ts';
import { refChachaOpen, refChachaSeal } from '../reference/chacha20_poly1305.ts';

const NONE = new Uint8Array(0);
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');
const ascii = (text: string): string => Buffer.from(text, 'ascii').toString('hex');
const counting = (n: number): string => hex(Uint8Array.from({ length: n }, (_, i) => i));
const anyBytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });

describe('RFC 3686 §6: AES-CTR', () => {
  const single = ascii('Single block msg');
  // Key, nonce, IV, plaintext, ciphertext.
  it.each([
    [
      '#1',
      'ae6852f8121067cc4bf7a5765577f39e',
      '00000030',
      '0000000000000000',
      single,
      'e4095d4fb7a7b3792d6175a3261311b8',
    ],
    [
      '#2',
      '7e24067817fae0d743d6ce1f32539163',
      '006cb6db',
      'c0543b59da48d90b',
      counting(32),
      '5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28',
    ],
    [
      '#3',
      '7691be035e5020a8ac6e618529f9a0dc',
      '00e0017b',
      '27777f3f4a1786f0',
      counting(36),
      'c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f',
    ],
    [
      '#4',
      '16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb78515',
      '00000048',
      '36733c147d6d93cb',
      single,
      '4b55384fe259c9c84e7935a003cbe928',
    ],
    [
      '#7',
      '776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104',
      '00000060',
      'db5672c97aa8f0b2',
      single,
      '145ad01dbf824ec7560863dc71e3e0c0',
    ],
  ])('vector %s', (_name, key, nonce, iv, plaintext, ciphertext) => {
    const auth = authByName('hmac-sha1')!;
    const alg = cipherByName('aes-ctr')!;
    const s = newSession(alg, bytes(key), bytes(nonce), auth, new Uint8Array(20), false);
    const textLen = plaintext.length / 2;
    const packet = new Uint8Array(16 + textLen + auth.icvBytes);
    packet.set(bytes(iv), 8);
    packet.set(bytes(plaintext), 16);
    s.seal(packet, 0, textLen, 0);
    expect(hex(packet.slice(16, 16 + textLen))).toBe(ciphertext);
    expect(s.open(packet, 0, textLen, 0)).toBe(true);
    expect(hex(packet.slice(16, 16 + textLen))).toBe(plaintext);
  });
});

describe.each([
  // RFC 2202 §3, cases 1 and 3, whose keys have the 20 bytes of RFC 2404.
  ['RFC 2404', 'hmac-sha1', '0b'.repeat(20), ascii('Hi There'), 'b617318655057264e28bc0b6'],
  ['RFC 2404', 'hmac-sha1', 'aa'.repeat(20), 'dd'.repeat(50), '125d7342b9ac11cd91a39af4'],
  [
    'RFC 4868 §2.7.2.1',
    'hmac-sha2-256',
    '0b'.repeat(32),
    ascii('Hi There'),
    '198a607eb44bfbc69903a0f1cf2bbdc5',
  ],
  [
    'RFC 4868 §2.7.2.1',
    'hmac-sha2-256',
    ascii('Jefe'.repeat(8)),
    ascii('what do ya want for nothing?'),
    '167f928588c5cc2eef8e3093caa0e87c',
  ],
  [
    'RFC 4868 §2.7.2.2',
    'hmac-sha2-384',
    '0b'.repeat(48),
    ascii('Hi There'),
    'b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973',
  ],
  [
    'RFC 4868 §2.7.2.3',
    'hmac-sha2-512',
    '0b'.repeat(64),
    ascii('Hi There'),
    '637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8',
  ],
  // RFC 3566 §4.6, cases 3 to 5; the shorter ones have no room for an ESP header.
  ['RFC 3566', 'aes-xcbc-mac', counting(16), counting(16), 'd2a246fa349b68a79998a439'],
  ['RFC 3566', 'aes-xcbc-mac', counting(16), counting(20), '47f51b4564966215b8985c63'],
  ['RFC 3566', 'aes-xcbc-mac', counting(16), counting(32), 'f54f0ec8d2b9f3d36807734b'],
])('%s: %s', (_rfc, name, key, text, icv) => {
  it(`gives the printed ICV over ${text.length / 2} bytes`, () => {
    const auth = authByName(name)!;
    const s = newSession(cipherByName('null')!, NONE, NONE, auth, bytes(key), false);
    const message = bytes(text);
    const packet = new Uint8Array(message.length + auth.icvBytes);
    packet.set(message);
    // The ESP header is the first 8 bytes of what is authenticated.
    s.seal(packet, 0, message.length - 8, 0);
    expect(hex(packet.slice(message.length))).toBe(icv);
  });
});

describe('the readable references give what their texts print', () => {
  it('RFC 3566 §4.6, cases 1 and 2', () => {
    expect(hex(refXcbc(bytes(counting(16)), NONE))).toBe('75f0251d528ac01c4573dfd584d79f29');
    const three = bytes(counting(3));
    expect(hex(refXcbc(bytes(counting(16)), three))).toBe('5b376580ae2f19afe7219ceef172756f');
  });

  it('RFC 3610 §8, packet vector 1', () => {
    const key = bytes('c0c1c2c3c4c5c6c7c8c9cacbcccdcecf');
    const nonce = bytes('00000003020100a0a1a2a3a4a5');
    const all = bytes(counting(31));
    const { ciphertext, tag } = refCcmSeal(key, nonce, all.slice(0, 8), all.slice(8), 8);
    expect(hex(ciphertext)).toBe('588c979a61c663d2f066d0c2c0f989806d5f6b61dac384');
    expect(hex(tag)).toBe('17e8d12cfdf926e0');
  });

  it('RFC 8439 §2.8.2', () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
    const text =
      'Ladies and Gentlemen of the class of ’99: If I could offer you only one tip for the future, ' +
      'sunscreen would be it.';
    const aad = bytes('50515253c0c1c2c3c4c5c6c7');
    const plaintext = Buffer.from(text.replace('’', "'"), 'ascii');
    const { ciphertext, tag } = refChachaSeal(
      key,
      bytes('070000004041424344454647'),
      aad,
      plaintext,
    );
    expect(hex(ciphertext.subarray(0, 16))).toBe('d31a8d34648e60db7b86afbc53ef7ec2');
    expect(hex(tag)).toBe('1ae10b594f09e26a7e902ecbd0600691');
  });
});

describe('the readable references and node:crypto agree', () => {
  const text = fc.uint8Array({ maxLength: 150 });
  const aad = fc.uint8Array({ minLength: 1, maxLength: 40 });

  it('AES-CCM with a nonce of 11 bytes and tags of 8, 12 and 16 (RFC 4309)', () => {
    const key = fc.constantFrom(16, 24, 32).chain(anyBytes);
    const tagLen = fc.constantFrom(8, 12, 16);
    fc.assert(
      fc.property(key, anyBytes(11), aad, text, tagLen, (k, nonce, a, t, length) => {
        const name = `aes-${k.length * 8}-ccm` as 'aes-128-ccm';
        const c = createCipheriv(name, k, nonce, { authTagLength: length });
        c.setAAD(a, { plaintextLength: t.length });
        const ciphertext = Buffer.concat([c.update(t), c.final()]);
        const tag = c.getAuthTag();
        expect(refCcmSeal(k, nonce, a, t, length)).toEqual({ ciphertext, tag });
        expect(refCcmOpen(k, nonce, a, ciphertext, tag)).toEqual(Buffer.from(t));
        tag[0]! ^= 1;
        expect(refCcmOpen(k, nonce, a, ciphertext, tag)).toBeNull();
      }),
      { numRuns: 30 },
    );
  });

  it('ChaCha20-Poly1305', () => {
    fc.assert(
      fc.property(anyBytes(32), anyBytes(12), aad, text, (k, nonce, a, t) => {
        const c = createCipheriv('chacha20-poly1305', k, nonce, { authTagLength: 16 });
        c.setAAD(a, { plaintextLength: t.length });
        const ciphertext = Buffer.concat([c.update(t), c.final()]);
        const tag = c.getAuthTag();
        expect(refChachaSeal(k, nonce, a, t)).toEqual({ ciphertext, tag });
        expect(refChachaOpen(k, nonce, a, ciphertext, tag)).toEqual(Buffer.from(t));
        tag[0]! ^= 1;
        expect(refChachaOpen(k, nonce, a, ciphertext, tag)).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  it('AES-CTR', () => {
    fc.assert(
      fc.property(anyBytes(16), anyBytes(12), text, (k, prefix, t) => {
        const first = Buffer.concat([prefix, Buffer.of(0, 0, 0, 1)]);
        expect(refCtr(k, prefix, 1, t)).toEqual(createCipheriv('aes-128-ctr', k, first).update(t));
      }),
      { numRuns: 30 },
    );
  });
});
