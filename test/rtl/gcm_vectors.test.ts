// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LANES } from '../../src/harness/library.ts';
import { vectorJson } from '../lib/vector_file.ts';
import { GcmEngine, gcmLibrary, type Message, untouched } from './gcm_engine.ts';
import { type Case, expectCases } from './gcm_messages.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const nothing = (text: Buffer): Buffer => Buffer.alloc(text.length, untouched);

interface Wycheproof {
  testGroups: {
    ivSize: number;
    keySize: number;
    tagSize: number;
    tests: {
      key: string;
      iv: string;
      aad: string;
      msg: string;
      ct: string;
      tag: string;
      result: 'valid' | 'invalid';
    }[];
  }[];
}

/** The cases of a CAVP .rsp file: one record of names and values each, with its group's. */
function cavp(text: string): Record<string, string>[] {
  let group: Record<string, string> = {};
  return text.split(/\r?\n\r?\n/).flatMap((paragraph) => {
    const settings = [...paragraph.matchAll(/^\[(\w+) = (\d+)\]/gm)];
    if (settings.length > 0) group = Object.fromEntries(settings.map((m) => [m[1]!, m[2]!]));
    if (!paragraph.includes('Count = ')) return [];
    const fields = [...paragraph.matchAll(/^(\w+) = ?(.*)$/gm)].map((m) => [m[1]!, m[2]!.trim()]);
    const fail = /^FAIL/m.test(paragraph) ? { FAIL: '' } : {};
    return [{ ...group, ...(Object.fromEntries(fields) as Record<string, string>), ...fail }];
  });
}

describe.each(LANES)('lanes: %i', (lanes) => {
  let engine: GcmEngine;
  beforeAll(async () => {
    engine = new GcmEngine(await gcmLibrary(lanes));
  }, 600_000);
  afterAll(() => engine?.close());

  // C2SP/wycheproof testvectors_v1/aes_gcm_test.json
  test('Wycheproof: all 133 cases with a 96-bit IV, a 128-bit tag and AES-128 or AES-256', (context) => {
    const { testGroups } = vectorJson<Wycheproof>('aes_gcm_test.json', context);
    const cases = testGroups
      .filter((g) => g.ivSize === 96 && g.tagSize === 128 && g.keySize !== 192)
      .flatMap((g) => g.tests)
      .flatMap((t): Case[] => {
        const [key, iv, aad, msg, ct, tag] = [t.key, t.iv, t.aad, t.msg, t.ct, t.tag].map(hex);
        const common = { key: key!, iv: iv!, aad: aad! };
        const opened: Message = { ...common, decrypt: true, text: ct!, tag: tag! };
        if (t.result === 'invalid') {
          return [{ message: opened, ok: false, out: nothing(ct!), tag: tag! }];
        }
        const sealed: Message = { ...common, decrypt: false, text: msg! };
        return [
          { message: opened, ok: true, out: msg!, tag: tag! },
          { message: sealed, ok: true, out: ct!, tag: tag! },
        ];
      });
    expect(new Set(cases.map((c) => c.message.tag ?? c)).size).toBeGreaterThanOrEqual(133);
    expect(cases.filter((c) => c.message.decrypt).length).toBe(133);
    expectCases(engine, cases);
  });

  // NIST CAVP gcmtestvectors, csrc.nist.gov
  for (const [name, total, failing] of [
    ['gcmEncryptExtIV128.rsp', 375, 0],
    ['gcmEncryptExtIV256.rsp', 375, 0],
    ['gcmDecrypt128.rsp', 375, 196],
    ['gcmDecrypt256.rsp', 375, 191],
  ] as const) {
    test(`CAVP ${name}: ${total} cases with 96-bit IV and 128-bit tag, ${failing} refused`, (context) => {
      const path = new URL(`../../../shared/vectors/${name}`, import.meta.url);
      if (!existsSync(path)) context.skip(`vector file ${name} is not beside the repository`);
      const decrypt = name.includes('Decrypt');
      const cases = cavp(readFileSync(path, 'utf8'))
        .filter((c) => c.IVlen === '96' && c.Taglen === '128')
        .map((c): Case => {
          const [key, iv, aad, ct, tag] = [c.Key, c.IV, c.AAD, c.CT, c.Tag].map((v) => hex(v!));
          const common = { key: key!, iv: iv!, aad: aad! };
          if (!decrypt) {
            const message = { ...common, decrypt, text: hex(c.PT!) };
            return { message, ok: true, out: ct!, tag: tag! };
          }
          const message = { ...common, decrypt, text: ct!, tag: tag! };
          if ('FAIL' in c) return { message, ok: false, out: nothing(ct!), tag: tag! };
          return { message, ok: true, out: hex(c.PT!), tag: tag! };
        });
      expect(cases.length).toBe(total);
      expect(cases.filter((c) => !c.ok).length).toBe(failing);
      expectCases(engine, cases);
    });
  }
});
