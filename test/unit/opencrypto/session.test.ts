// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUTHS, authByName, cipherByName } from '../../../src/opencrypto/algorithm.ts';
import { newSession } from '../../../src/opencrypto/session.ts';
import { type RefSa, refOpen, refSeal, refTrailer } from '../../reference/esp.ts';

const NONE = new Uint8Array(0);
const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const anyPayload = fc.uint8Array({ maxLength: 200 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });

/** Seals `payload` in place behind `lead` other bytes, and compares with the reference. */
function compare(
  s: ReturnType<typeof newSession>,
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
  it('AES-GCM: every key length, with and without ESN, at any place in the arena', () => {
    const key = fc.constantFrom(16, 24, 32).chain(bytes);
    const hi = fc.option(u32, { nil: undefined });
    fc.assert(
      fc.property(
        key,
        bytes(4),
        u32,
        u32,
        hi,
        anyPayload,
        fc.nat(40),
        (k, salt, spi, seq, esn, p, n) => {
          const s = newSession(cipherByName('aes-gcm-16')!, k, salt, null, NONE, esn !== undefined);
          const base = { spi, cipher: 'aes-gcm-16' as const, key: k, salt, icvLen: 16 };
          compare(s, esn === undefined ? base : { ...base, seqHi: esn }, seq, p, n);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each(AUTHS.map((a) => [a.name]))('AES-CBC with %s, with and without ESN', (name) => {
    const auth = authByName(name)!;
    const key = fc.constantFrom(16, 24, 32).chain(bytes);
    const hi = fc.option(u32, { nil: undefined });
    fc.assert(
      fc.property(key, bytes(auth.keyBytes), u32, hi, anyPayload, (k, ak, seq, esn, p) => {
        const s = newSession(cipherByName('aes-cbc')!, k, NONE, auth, ak, esn !== undefined);
        const base = { spi: 999, cipher: 'aes-cbc' as const, key: k, authKey: ak };
        const ref = { ...base, hash: auth.hash, icvLen: auth.icvBytes };
        compare(s, esn === undefined ? ref : { ...ref, seqHi: esn }, seq, p, 5);
      }),
      { numRuns: 100 },
    );
  });

  it('the IV of AES-GCM is the 64-bit sequence number', () => {
    const s = newSession(
      cipherByName('aes-gcm-16')!,
      new Uint8Array(16),
      new Uint8Array(4),
      null,
      NONE,
      true,
    );
    const iv = new Uint8Array(8);
    s.writeIv(iv, 0, 0x01020304, 0xf5f6f7f8);
    expect(Buffer.from(iv).toString('hex')).toBe('01020304f5f6f7f8');
  });

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

  it('refuses a cipher without integrity', () => {
    const make = () =>
      newSession(cipherByName('aes-cbc')!, new Uint8Array(16), NONE, null, NONE, false);
    expect(make).toThrow(TypeError);
  });
});
