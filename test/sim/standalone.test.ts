// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { cardLibrary } from '../../src/harness/library.ts';
import { buildProgram } from './library.ts';

let library: string;
beforeAll(async () => {
  library = (await cardLibrary()).library;
}, 600_000);

describe('the library without Node', () => {
  test('is driven by a C program: one packet encrypted, sent, decrypted', () => {
    const program = buildProgram(['test/c/standalone.c'], library);
    expect(execFileSync(program, { encoding: 'utf8', timeout: 60_000 })).toBe('OK\n');
  });
});

describe('the bench in C++', () => {
  const run = (payloadBytes: number, packets: number): Record<string, number> => {
    const program = buildProgram(['sim/bench/bench.cc', 'sim/bench/bench_host.cc'], library);
    const args = [payloadBytes, packets].map(String);
    return JSON.parse(execFileSync(program, args, { encoding: 'utf8', timeout: 120_000 }));
  };

  test('calls the library once for 32 packets, and the card encrypts 100 bits a cycle', () => {
    const result = run(1400, 1600);
    expect(result.packets).toBe(1600);
    expect(result.callsPerPacket).toBeLessThanOrEqual(1 / 32 + 0.002);
    expect(result.plaintextBitsPerCycle).toBeGreaterThan(100);
  });

  test.each([1, 64, 8900])('sends %i bytes, every packet well', (payloadBytes) => {
    expect(run(payloadBytes, 320).packets).toBe(320);
  });
});
