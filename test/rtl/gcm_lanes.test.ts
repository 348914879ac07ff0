// SPDX-License-Identifier: BSD-2-Clause
// The engine with several blocks a cycle: the same answers, whatever falls together in one beat.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GcmEngine, gcmLibrary } from './gcm_engine.ts';
import { type Case, expectCases, makeCase, random, randomCases } from './gcm_messages.ts';

describe.each([2, 4] as const)('lanes: %i', (lanes) => {
  let engine: GcmEngine;
  beforeAll(async () => {
    engine = new GcmEngine(await gcmLibrary(lanes));
  }, 600_000);
  afterAll(() => engine?.close());

  test('every number of AAD and text blocks around two beats, each end on a byte or a block', () => {
    const next = random(1);
    const cases: Case[] = [];
    for (let aadBlocks = 0; aadBlocks <= 2 * lanes + 1; aadBlocks++) {
      for (let textBlocks = 0; textBlocks <= 2 * lanes + 1; textBlocks++) {
        for (const direction of ['encrypt', 'decrypt', 'wrong tag'] as const) {
          const short = (blocks: number) => Math.max(0, 16 * blocks - next(2) * (1 + next(15)));
          const keyBytes = next(2) === 0 ? 16 : 32;
          const [aadBytes, textBytes] = [short(aadBlocks), short(textBlocks)];
          cases.push(makeCase({ keyBytes, aadBytes, textBytes, direction }, next));
        }
      }
    }
    expectCases(engine, cases);
  });

  test('mixed keys, directions and verdicts back to back; short ones: many in flight at once', () => {
    expectCases(engine, randomCases(300, 600, random(2)));
    expectCases(engine, randomCases(1000, 20, random(3)));
  });

  test('the longest text and AAD: 65535 bytes, 4096 counter values', () => {
    const shape = { keyBytes: 32, aadBytes: 65535, textBytes: 65535 } as const;
    expectCases(engine, [
      makeCase({ ...shape, direction: 'encrypt' }, random(4)),
      makeCase({ ...shape, direction: 'decrypt' }, random(4)),
    ]);
  });

  test('stalls on any channel change nothing but time', () => {
    const next = random(5);
    const permille = [0, 0, 200, 500, 900];
    const draw = (): number => permille[next(5)]!;
    for (let seed = 1; seed <= 12; seed++) {
      const stalls = {
        seed,
        cmd: draw(),
        input: draw(),
        expected: draw(),
        out: draw(),
        tag: draw(),
      };
      expectCases(engine, randomCases(60, seed % 3 === 0 ? 600 : 40, next), stalls);
    }
  });

  test('the tag follows the last text beat by 5 cycles, or 6 when the lengths need a cycle', () => {
    for (const textBytes of [1, 64, 60, 1400, 16 * lanes]) {
      const shape = { keyBytes: 32, aadBytes: 12, textBytes, direction: 'decrypt' } as const;
      const cases = Array.from({ length: 5 }, () => makeCase(shape, random(11)));
      const full = Math.ceil(textBytes / 16) % lanes === 0;
      for (const r of engine.run(cases.map((c) => c.message))) {
        expect(r.finishCycle - r.textCycle, `${textBytes} bytes`).toBe(full ? 6 : 5);
      }
    }
  });

  test('from a command to its first text output 21 cycles pass and one a lane', () => {
    engine.idle(100);
    const shape = { keyBytes: 16, aadBytes: 8, textBytes: 16, direction: 'encrypt' } as const;
    const [result] = engine.run([makeCase(shape, random(12)).message]);
    expect(result!.textCycle - result!.startCycle).toBe(21 + lanes);
  });

  test('a message every ceil((blocks of text + 1) / lanes) + 1 cycles, each with its own key', () => {
    for (const textBytes of [16 * lanes, 64, 132, 516, 1404]) {
      for (const direction of ['encrypt', 'decrypt'] as const) {
        const cases = Array.from({ length: 24 }, (_, i) =>
          makeCase({ keyBytes: i % 2 ? 16 : 32, aadBytes: 8, textBytes, direction }, random(i)),
        );
        const results = engine.run(cases.map((c) => c.message));
        const distance = (results[20]!.finishCycle - results[10]!.finishCycle) / 10;
        expect(distance).toBe(Math.ceil((Math.ceil(textBytes / 16) + 1) / lanes) + 1);
      }
    }
  });
});
