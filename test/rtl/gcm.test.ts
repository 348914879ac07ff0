// SPDX-License-Identifier: BSD-2-Clause
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refGcmOpen, refGcmSeal } from '../reference/aes_gcm.ts';
import { ERR_ARG, GcmEngine, gcmLibrary, type Message, untouched } from './gcm_engine.ts';
import {
  type Case,
  expectCases,
  makeCase,
  random,
  randomCases,
  type Shape,
} from './gcm_messages.ts';

let engine: GcmEngine;
beforeAll(async () => {
  engine = new GcmEngine(await gcmLibrary(1));
});
afterAll(() => engine?.close());

const DIRECTIONS: Shape['direction'][] = [
  'encrypt',
  'decrypt',
  'wrong tag',
  'wrong text',
  'wrong AAD',
];

describe('results equal node:crypto', () => {
  test('every text length around two blocks, with the AAD of ESP with and without ESN', () => {
    const next = random(1);
    const cases: Case[] = [];
    for (const keyBytes of [16, 32] as const) {
      for (const aadBytes of [0, 8, 12, 16, 17]) {
        for (let textBytes = 0; textBytes <= 50; textBytes++) {
          const direction = textBytes % 2 === 0 ? 'encrypt' : 'decrypt';
          cases.push(makeCase({ keyBytes, aadBytes, textBytes, direction }, next));
        }
      }
    }
    expectCases(engine, cases);
  });

  test('mixed keys, directions and verdicts back to back, AAD and text 0..600 bytes', () => {
    expectCases(engine, randomCases(600, 600, random(2)));
  });

  test('short messages back to back: many in flight at once', () => {
    expectCases(engine, randomCases(1000, 20, random(3)));
  });

  test('the longest text and AAD: 65535 bytes, 4096 counter values', () => {
    const next = random(4);
    const shape = { keyBytes: 32, aadBytes: 65535, textBytes: 65535 } as const;
    expectCases(engine, [
      makeCase({ ...shape, direction: 'encrypt' }, next),
      makeCase({ ...shape, direction: 'decrypt' }, next),
    ]);
  });

  test('stalls on any channel change nothing but time', () => {
    const next = random(5);
    const permille = [0, 0, 200, 500, 900];
    for (let seed = 1; seed <= 12; seed++) {
      const stalls = {
        seed,
        cmd: permille[next(5)]!,
        input: permille[next(5)]!,
        expected: permille[next(5)]!,
        out: permille[next(5)]!,
        tag: permille[next(5)]!,
      };
      expectCases(engine, randomCases(60, seed % 3 === 0 ? 600 : 40, next), stalls);
    }
  });

  test('one channel nearly stopped at a time', () => {
    const none = { seed: 9, cmd: 0, input: 0, expected: 0, out: 0, tag: 0 };
    for (const channel of ['cmd', 'input', 'expected', 'out', 'tag'] as const) {
      expectCases(engine, randomCases(30, 80, random(6)), { ...none, [channel]: 970 });
    }
  });
});

test('results equal the twin written from FIPS-197 and SP 800-38D', () => {
  const next = random(7);
  const cases = randomCases(40, 90, next).map(({ message: m }): Case => {
    if (!m.decrypt) {
      const { ciphertext, tag } = refGcmSeal(m.key, m.iv, m.aad, m.text);
      return { message: m, ok: true, out: ciphertext, tag };
    }
    const text = refGcmOpen(m.key, m.iv, m.aad, m.text, m.tag!);
    const out = text ?? Buffer.alloc(m.text.length, untouched);
    return { message: m, ok: text !== null, out, tag: Buffer.from(m.tag!) };
  });
  expectCases(engine, cases);
});

describe('a refused message', () => {
  test('every single wrong bit of the tag is seen', () => {
    const next = random(8);
    const shape = { keyBytes: 16, aadBytes: 8, textBytes: 24, direction: 'decrypt' } as const;
    const good = makeCase(shape, next);
    const messages: Message[] = Array.from({ length: 128 }, (_, bit) => {
      const tag = Buffer.from(good.tag);
      tag[bit >> 3]! ^= 1 << (bit & 7);
      return { ...good.message, tag };
    });
    for (const result of engine.run(messages)) {
      expect(result.ok).toBe(false);
      expect(result.out.every((byte) => byte === untouched)).toBe(true);
    }
  });

  test('leaves its neighbours alone', () => {
    const next = random(9);
    const cases = Array.from({ length: 120 }, (_, i) =>
      makeCase(
        {
          keyBytes: i % 2 === 0 ? 16 : 32,
          aadBytes: 8,
          textBytes: 40,
          direction: DIRECTIONS[i % DIRECTIONS.length]!,
        },
        next,
      ),
    );
    expectCases(engine, cases);
  });
});

describe('cycles', () => {
  const stream = (shape: Omit<Shape, 'keyBytes'>, keys: (i: number) => 16 | 32): number => {
    const next = random(10);
    const cases = Array.from({ length: 24 }, (_, i) =>
      makeCase({ ...shape, keyBytes: keys(i) }, next),
    );
    const results = engine.run(cases.map((c) => c.message));
    return (results[20]!.finishCycle - results[10]!.finishCycle) / 10;
  };

  // N text blocks, one AAD block and the length block are N + 2 GHASH blocks: no cycle is lost.
  test.each([
    [0, 2],
    [16, 3],
    [64, 6],
    [512, 34],
    [1400, 90],
    [8900, 559],
  ])(
    '%i bytes of text with ESP’s AAD: one message every %i cycles, each with its own key',
    (textBytes, cycles) => {
      for (const direction of ['encrypt', 'decrypt'] as const) {
        for (const aadBytes of [0, 8, 12, 16]) {
          expect(stream({ aadBytes, textBytes, direction }, () => 16)).toBe(cycles);
          expect(stream({ aadBytes, textBytes, direction }, () => 32)).toBe(cycles);
          expect(stream({ aadBytes, textBytes, direction }, (i) => (i % 2 ? 16 : 32))).toBe(cycles);
        }
      }
    },
  );

  test('the tag follows the last text beat by 5 cycles', () => {
    for (const textBytes of [1, 64, 1400]) {
      const next = random(11);
      const cases = Array.from({ length: 5 }, () =>
        makeCase({ keyBytes: 32, aadBytes: 12, textBytes, direction: 'decrypt' }, next),
      );
      for (const r of engine.run(cases.map((c) => c.message))) {
        expect(r.finishCycle - r.textCycle).toBe(5);
      }
    }
  });

  test('from a command to its first text output 20 cycles pass, to its tag 25', () => {
    engine.idle(100);
    const shape = { keyBytes: 16, aadBytes: 8, textBytes: 16, direction: 'encrypt' } as const;
    const [result] = engine.run([makeCase(shape, random(12)).message]);
    expect(result!.textCycle - result!.startCycle).toBe(20);
    expect(result!.finishCycle - result!.startCycle).toBe(25);
  });

  test('the same seed of stalls takes the same cycles', () => {
    const stalls = { seed: 77, cmd: 300, input: 300, expected: 300, out: 300, tag: 300 };
    const messages = randomCases(50, 100, random(13)).map((c) => c.message);
    const took = (): number => {
      const before = engine.cycles;
      engine.run(messages, stalls);
      return engine.cycles - before;
    };
    expect(took()).toBe(took());
  });
});

describe('the C ABI', () => {
  test('has the version of its header', () => {
    expect(engine.version).toBe(1);
  });

  test('refuses a message outside the arena, and goes on', () => {
    const descriptor = Buffer.alloc(64);
    descriptor[1] = 16;
    descriptor.writeUInt32LE(1, 24); // one byte of text …
    descriptor.writeUInt32LE(100, 20); // … behind the end
    const [code, text] = engine.runRaw(descriptor, Buffer.alloc(100), null);
    expect([code, text]).toEqual([ERR_ARG, 'message 0: the text is outside the arena']);
    expectCases(engine, randomCases(3, 30, random(14)));
  });

  test('refuses AES-192', () => {
    const descriptor = Buffer.alloc(64);
    descriptor[1] = 24;
    const [code, text] = engine.runRaw(descriptor, Buffer.alloc(100), null);
    expect([code, text]).toEqual([ERR_ARG, 'message 0: key_bytes must be 16 or 32']);
  });

  test('output may lie on the input', () => {
    const next = random(15);
    const shape = { keyBytes: 16, aadBytes: 0, textBytes: 100, direction: 'encrypt' } as const;
    const c = makeCase(shape, next);
    const arena = Buffer.concat([c.message.key, c.message.iv, c.message.text, Buffer.alloc(16)]);
    const descriptor = Buffer.alloc(64);
    descriptor[1] = 16;
    [0, 16, 0, 0, 28, 100, 128, 28].forEach((value, i) => {
      descriptor.writeUInt32LE(value, 4 + 4 * i);
    });
    expect(engine.runRaw(descriptor, arena, null)).toEqual([0, '']);
    expect(arena.subarray(28)).toEqual(Buffer.concat([c.out, c.tag]));
  });
});
