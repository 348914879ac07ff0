// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUTHS, authByName, CIPHERS, cipherByName } from '../../../src/opencrypto/algorithm.ts';
import { type CryptoSession, newSession } from '../../../src/opencrypto/session.ts';
import { type RefSa, refOpen, refSeal, refTrailer } from '../../reference/esp.ts';

const NONE = new Uint8Array(0);
const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const anyPayload = fc.uint8Array({ maxLength: 200 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const high = fc.option(u32, { nil: undefined });
const esn = (seqHi: number | undefined) => (seqHi === undefined ? {} : { seqHi });

const AEADS = CIPHERS.filter((c) => c.icvBytes > 0).map((c) => c.name);
/** GMAC as a MAC is AH's: test/rfc/rfc4302_ah.test.ts. */
const MACS = AUTHS.filter((a) => a.kind !== 'gmac');
const CIPHER_AND_MAC = CIPHERS.filter((c) => c.icvBytes === 0).flatMap((c) =>
  MACS.map((a) => [c.name, a.name] as const),
);
/** Every transform there is. */
const ROWS: readonly (readonly [cipher: string, auth: string])[] = [
  ...AEADS.map((name) => [name, ''] as const),
  ...CIPHER_AND_MAC,
];

/** A session of a row, with any key. */
function sessionOf(name: string, authName: string, isEsn = false): CryptoSession {
  const alg = cipherByName(name)!;
  const auth = authName === '' ? null : authByName(authName)!;
  const some = (n: number) => new Uint8Array(n).fill(n);
  const authKey = some(auth?.keyBytes ?? 0);
  return newSession(alg, some(alg.keyBytes.at(-1)!), some(alg.saltBytes), auth, authKey, isEsn);
}

/** A packet with this text and the sequence number 9. */
function sealed(s: CryptoSession, text: Uint8Array, seqHi = 0): Uint8Array {
  const packet = new Uint8Array(8 + s.ivBytes + text.length + s.icvBytes);
  packet[7] = 9;
  s.writeIv(packet, 8, seqHi, 9);
  packet.set(text, 8 + s.ivBytes);
  s.seal(packet, 0, text.length, seqHi);
  return packet;
}

/** Seals `payload` in place behind `lead` other bytes, and compares with the reference. */
function compare(
  s: CryptoSession,
  ref: RefSa,
  seq: number,
  payload: Uint8Array,
  lead: number,
): void {
  const text = refTrailer(payload, 17, s.blockBytes);
  const length = 8 + s.ivBytes + text.length + s.icvBytes;
  const arena = new Uint8Array(lead + length + 9).fill(0xa5);
  const view = new DataView(arena.buffer);
  view.setUint32(lead, ref.spi);
  view.setUint32(lead + 4, seq);
  s.writeIv(arena, lead + 8, ref.seqHi ?? 0, seq);
  const textOff = lead + 8 + s.ivBytes;
  arena.set(text, textOff);
  const iv = arena.slice(lead + 8, textOff);
  s.seal(arena, lead, text.length, ref.seqHi ?? 0);
  const sealed = Buffer.from(arena.slice(lead, lead + length));
  expect(sealed).toEqual(refSeal(ref, seq, iv, payload, 17));
  expect(refOpen(ref, sealed)!.payload).toEqual(Buffer.from(payload));
  expect(s.open(arena, lead, text.length, ref.seqHi ?? 0)).toBe(true);
  expect(Buffer.from(arena.slice(textOff, textOff + text.length))).toEqual(text);
  // Nothing before or behind the packet was touched.
  expect(arena.slice(0, lead).every((b) => b === 0xa5)).toBe(true);
  expect(arena.slice(lead + length).every((b) => b === 0xa5)).toBe(true);
}

describe('crypto sessions against the reference ESP', () => {
  it.each(AEADS)(
    '%s: every key length, with and without ESN, at any place in the arena',
    (name) => {
      const alg = cipherByName(name)!;
      fc.assert(
        fc.property(
          fc.constantFrom(...alg.keyBytes).chain(bytes),
          bytes(alg.saltBytes),
          u32,
          u32,
          high,
          anyPayload,
          fc.nat(40),
          (key, salt, spi, seq, seqHi, payload, lead) => {
            const s = newSession(alg, key, salt, null, NONE, seqHi !== undefined);
            const ref = { spi, cipher: name, key, salt, icvLen: alg.icvBytes, ...esn(seqHi) };
            compare(s, ref, seq, payload, lead);
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  it.each(CIPHER_AND_MAC)('%s with %s, with and without ESN', (name, authName) => {
    const alg = cipherByName(name)!;
    const auth = authByName(authName)!;
    const hash = auth.kind === 'xcbc' ? 'xcbc' : auth.openssl;
    fc.assert(
      fc.property(
        fc.constantFrom(...alg.keyBytes).chain(bytes),
        bytes(alg.saltBytes),
        bytes(auth.keyBytes),
        u32,
        high,
        anyPayload,
        (key, salt, authKey, seq, seqHi, payload) => {
          const s = newSession(alg, key, salt, auth, authKey, seqHi !== undefined);
          const base = { spi: 999, cipher: name, key, salt, authKey, hash };
          compare(s, { ...base, icvLen: auth.icvBytes, ...esn(seqHi) }, seq, payload, 5);
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each(ROWS)('%s %s: every size of payload from 0 to 70 comes back', (name, authName) => {
    const s = sessionOf(name, authName);
    for (let size = 0; size <= 70; size++) {
      const text = refTrailer(new Uint8Array(size).fill(size), 17, s.blockBytes);
      const packet = sealed(s, text);
      expect(s.open(packet, 0, text.length, 0), `${size} bytes`).toBe(true);
      const textOff = 8 + s.ivBytes;
      expect(Buffer.from(packet.slice(textOff, textOff + text.length))).toEqual(text);
    }
  });

  it.each(ROWS)(
    '%s %s: one bit wrong anywhere is refused, and changes no byte',
    (name, authName) => {
      const s = sessionOf(name, authName);
      const text = refTrailer(new Uint8Array(20), 17, s.blockBytes);
      const packet = sealed(s, text);
      for (let bit = 0; bit < packet.length * 8; bit++) {
        const wrong = packet.slice();
        wrong[bit >> 3]! ^= 1 << (bit & 7);
        const before = wrong.slice();
        expect(s.open(wrong, 0, text.length, 0), `bit ${bit}`).toBe(false);
        expect(wrong).toEqual(before);
      }
    },
  );

  it.each(ROWS)(
    '%s %s: the high half of an ESN is authenticated (RFC 4303 §2.2.1)',
    (name, authName) => {
      const s = sessionOf(name, authName, true);
      const text = refTrailer(new Uint8Array(20), 17, s.blockBytes);
      const packet = sealed(s, text, 7);
      expect(s.open(packet.slice(), 0, text.length, 8)).toBe(false);
      expect(s.open(packet, 0, text.length, 7)).toBe(true);
    },
  );

  it.each([...AEADS.map((name) => [name, ''] as const), ['aes-ctr', 'hmac-sha1'] as const])(
    'the IV of %s is the 64-bit sequence number',
    (name, authName) => {
      const iv = new Uint8Array(8);
      sessionOf(name, authName, true).writeIv(iv, 0, 0x01020304, 0xf5f6f7f8);
      expect(Buffer.from(iv).toString('hex')).toBe('01020304f5f6f7f8');
    },
  );

  it('the IV of AES-CBC differs for each number and key, and is the same in every run (RFC 3602 §3)', () => {
    const ivOf = (key: number, seq: number): string => {
      const k = new Uint8Array(16).fill(key);
      const auth = authByName('hmac-sha1')!;
      const s = newSession(cipherByName('aes-cbc')!, k, NONE, auth, new Uint8Array(20), false);
      const iv = new Uint8Array(16);
      s.writeIv(iv, 0, 0, seq);
      return Buffer.from(iv).toString('hex');
    };
    const all = new Set<string>();
    for (let i = 0; i < 1000; i++) all.add(ivOf(1, i)).add(ivOf(2, i));
    expect(all.size).toBe(2000);
    expect(ivOf(1, 5)).toBe(ivOf(1, 5));
    expect(ivOf(1, 5).slice(0, 16)).not.toBe('0000000000000000');
  });

  it.each(['aes-cbc', 'aes-ctr', 'null'])(
    '%s without integrity is refused (RFC 8221 §4)',
    (name) => {
      const make = () =>
        newSession(cipherByName(name)!, new Uint8Array(16), NONE, null, NONE, false);
      expect(make).toThrow(TypeError);
    },
  );
});
