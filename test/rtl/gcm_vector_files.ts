// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { type Message, untouched } from './gcm_engine.ts';
import type { Case } from './gcm_messages.ts';

/** Known answers for an engine of AES-GCM with 96-bit IVs, 128-bit tags and keys of 128 or 256 bits. */
export interface VectorFile {
  /** In ../shared/vectors, beside the project. */
  readonly name: string;
  readonly source: string;
  /** Cases that suit the engine, and those of them that it must refuse. */
  readonly total: number;
  readonly refused: number;
  cases(path: URL): Case[];
}

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
      aad: string; // of GMAC: in msg
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

/** RFC 4543 §3: all is AAD. */
function gmacCases(path: URL): Case[] {
  const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as Wycheproof;
  return testGroups
    .filter((g) => g.ivSize === 96 && g.tagSize === 128 && g.keySize !== 192)
    .flatMap((g) => g.tests)
    .map((t): Case => {
      const [key, iv, aad, tag] = [t.key, t.iv, t.msg, t.tag].map(hex);
      const text = Buffer.alloc(0);
      const message = { key: key!, iv: iv!, aad: aad!, decrypt: true, text, tag: tag! };
      return { message, ok: t.result === 'valid', out: text, tag: tag! };
    });
}

function wycheproofCases(path: URL): Case[] {
  const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as Wycheproof;
  return testGroups
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
}

const cavpCases =
  (decrypt: boolean) =>
  (path: URL): Case[] =>
    cavp(readFileSync(path, 'utf8'))
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

const NIST = 'NIST CAVP gcmtestvectors, csrc.nist.gov';

/** Each case of Wycheproof is opened; the valid ones are sealed, too. */
export const VECTOR_FILES: readonly VectorFile[] = [
  {
    ...{ name: 'aes_gcm_test.json', source: 'C2SP/wycheproof testvectors_v1' },
    ...{ total: 133, refused: 54, cases: wycheproofCases },
  },
  {
    ...{ name: 'aes_gmac_test.json', source: 'C2SP/wycheproof testvectors_v1' },
    ...{ total: 138, refused: 108, cases: gmacCases },
  },
  { name: 'gcmEncryptExtIV128.rsp', source: NIST, total: 375, refused: 0, cases: cavpCases(false) },
  { name: 'gcmEncryptExtIV256.rsp', source: NIST, total: 375, refused: 0, cases: cavpCases(false) },
  { name: 'gcmDecrypt128.rsp', source: NIST, total: 375, refused: 196, cases: cavpCases(true) },
  { name: 'gcmDecrypt256.rsp', source: NIST, total: 375, refused: 191, cases: cavpCases(true) },
];
