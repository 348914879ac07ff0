// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv } from 'node:crypto';
import { expect } from 'vitest';
import { type GcmEngine, type Message, type Stalls, untouched } from './gcm_engine.ts';

/** A message and what must come out of it. */
export interface Case {
  message: Message;
  ok: boolean;
  out: Buffer;
  tag: Buffer;
}

/** mulberry32: equal on every machine. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export function seal(
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
): { ciphertext: Buffer; tag: Buffer } {
  const name = `aes-${key.length * 8}-gcm` as 'aes-128-gcm';
  const cipher = createCipheriv(name, key, iv, { authTagLength: 16 });
  cipher.setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  return { ciphertext, tag: cipher.getAuthTag() };
}

export interface Shape {
  keyBytes: 16 | 32;
  aadBytes: number;
  textBytes: number;
  direction: 'encrypt' | 'decrypt' | 'wrong tag' | 'wrong text' | 'wrong AAD';
}

/** A message of that shape with random content; node:crypto says what must come out. */
export function makeCase(shape: Shape, next: (below: number) => number): Case {
  const bytes = (n: number): Buffer => Buffer.from(Array.from({ length: n }, () => next(256)));
  const flip = (b: Buffer): Buffer => {
    const copy = Buffer.from(b);
    copy[next(b.length)]! ^= 1 << next(8);
    return copy;
  };
  const key = bytes(shape.keyBytes);
  const iv = bytes(12);
  const aad = bytes(shape.aadBytes);
  const text = bytes(shape.textBytes);
  const { ciphertext, tag } = seal(key, iv, aad, text);
  if (shape.direction === 'encrypt') {
    return { message: { decrypt: false, key, iv, aad, text }, ok: true, out: ciphertext, tag };
  }
  const message = { decrypt: true, key, iv, aad, text: ciphertext, tag };
  if (shape.direction === 'decrypt') return { message, ok: true, out: text, tag };
  const out = Buffer.alloc(text.length, untouched);
  if (shape.direction === 'wrong text' && text.length > 0) message.text = flip(ciphertext);
  else if (shape.direction === 'wrong AAD' && aad.length > 0) message.aad = flip(aad);
  else message.tag = flip(tag);
  return { message, ok: false, out, tag: message.tag };
}

const DIRECTIONS = [
  'encrypt',
  'decrypt',
  'encrypt',
  'decrypt',
  'wrong tag',
  'wrong text',
  'wrong AAD',
];

export function randomCases(
  count: number,
  maxBytes: number,
  next: (below: number) => number,
): Case[] {
  return Array.from({ length: count }, () =>
    makeCase(
      {
        keyBytes: next(2) === 0 ? 16 : 32,
        aadBytes: next(maxBytes + 1),
        textBytes: next(maxBytes + 1),
        direction: DIRECTIONS[next(DIRECTIONS.length)] as Shape['direction'],
      },
      next,
    ),
  );
}

/** Runs the cases as one stream and compares every result. */
export function expectCases(engine: GcmEngine, cases: readonly Case[], stalls?: Stalls): void {
  const results = engine.run(
    cases.map((c) => c.message),
    stalls,
  );
  results.forEach((result, i) => {
    const { message, ok, out, tag } = cases[i]!;
    const name = `message ${i}: ${message.decrypt ? 'decrypt' : 'encrypt'} AES-${message.key.length * 8}, AAD ${message.aad.length}, text ${message.text.length}`;
    expect(result.ok, name).toBe(ok);
    expect(result.out.equals(out), `${name}: output`).toBe(true);
    expect(result.tag.equals(tag), `${name}: tag`).toBe(true);
  });
}
