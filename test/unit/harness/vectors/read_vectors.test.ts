// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readVectors } from '../../../../src/harness/vectors/read_vectors.ts';
import { VectorsError } from '../../../../src/harness/vectors/vector_case.ts';
import { CAVP_DECRYPT, ESP_PACKET, WYCHEPROOF } from './samples.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tagwire-vectors-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function file(text: string): string {
  const path = join(dir, 'vectors');
  writeFileSync(path, text);
  return path;
}

function refused(text: string): VectorsError {
  try {
    readVectors(file(text));
  } catch (error) {
    if (error instanceof VectorsError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

function wycheproof(change: (text: string) => string): string {
  return change(JSON.stringify(WYCHEPROOF, null, 1));
}

describe('a vectors file', () => {
  it('of Wycheproof is read, groups and results', () => {
    const { format, cases } = readVectors(file(JSON.stringify(WYCHEPROOF)));
    expect(format).toBe('wycheproof');
    expect(cases.map((c) => [c.id, c.algorithm, c.result])).toEqual([
      ['tcId 1', 'aes-gcm', 'valid'],
      ['tcId 2', 'aes-gcm', 'invalid'],
    ]);
    expect(Buffer.from(cases[0]!.iv).toString('hex')).toBe('028318abc1824029138141a2');
  });

  it('of Wycheproof for an algorithm that is not known keeps its cases', () => {
    const text = wycheproof((t) => t.replace('AES-GCM', 'AEGIS128'));
    expect(readVectors(file(text)).cases.map((c) => c.algorithm)).toEqual(['AEGIS128', 'AEGIS128']);
  });

  it('of CAVP is read, FAIL as a case to refuse', () => {
    const { format, cases } = readVectors(file(CAVP_DECRYPT));
    expect(format).toBe('cavp');
    expect(cases.map((c) => [c.id, c.result, c.ct.length])).toEqual([
      ['line 9', 'valid', 16],
      ['line 17', 'invalid', 16],
    ]);
  });

  it('of ESP packets is read, with salt and IV put together', () => {
    const { format, cases } = readVectors(file(JSON.stringify([ESP_PACKET])));
    expect(format).toBe('esp');
    expect(cases[0]).toMatchObject({ algorithm: 'aes-gcm', esp: { spi: 0xa5f8, esn: false } });
    expect(Buffer.from(cases[0]!.iv).toString('hex')).toBe('cafebabefacedbaddecaf888');
  });
});

describe('a file that is no vectors file is refused with file, line and what was expected:', () => {
  it.each([
    ['empty', '', 1, 'empty'],
    ['prose', 'hello\nworld', 1, 'Wycheproof JSON, CAVP .rsp'],
    ['JSON of something else', '{"a": 1}', 1, '"algorithm" and "testGroups"'],
    ['an empty list', '[]', 1, 'ESP packets'],
    ['a list of something else', '[{"a": 1}]', 0, '"name" and "alg"'],
    ['cut JSON', wycheproof((t) => t.slice(0, 700)), 28, 'JSON was expected'],
    [
      'a case too few',
      wycheproof((t) => t.replace('"numberOfTests": 2', '"numberOfTests": 3')),
      0,
      'says 3, the groups hold 2',
    ],
    ['hex that is not', wycheproof((t) => t.replace('5b9604fe', '5b9604fg')), 11, '"key"'],
    ['an unknown result', wycheproof((t) => t.replace('"invalid"', '"maybe"')), 22, '"result"'],
    ['a wrong size', wycheproof((t) => t.replace('"ivSize": 96', '"ivSize": 64')), 11, '96 bits'],
    ['an unknown line', CAVP_DECRYPT.replace('IV = ', 'IV: '), 11, '"Name = hex"'],
    ['another algorithm', CAVP_DECRYPT.replace('[IVlen', '[Blen'), 3, 'a GCM file'],
    ['an unknown field', CAVP_DECRYPT.replace('AAD = ', 'Nonce = '), 13, 'not Nonce'],
    ['a field of wrong length', CAVP_DECRYPT.replace('CT = 26', 'CT = '), 12, 'CT expected 128'],
    [
      'a case without its end',
      CAVP_DECRYPT.slice(0, CAVP_DECRYPT.indexOf('Tag =')),
      9,
      'case 0 has no PT',
    ],
    ['no case at all', '# CAVS 14.0\n[Keylen = 128]\n', 0, 'no case'],
    ['a field before its case', '[Keylen = 128]\nKey = 00\n', 2, '"Count" was expected'],
  ])('%s', (_name, text, line, expected) => {
    const error = refused(text);
    expect(error.message).toContain(expected);
    expect(error.line).toBe(line);
    expect(error.message).toContain('vectors');
    expect(error.exitCode).toBe(2);
  });

  it('one that is not there', () => {
    expect(() => readVectors(join(dir, 'nowhere'))).toThrow('cannot be read (ENOENT)');
    expect(() => readVectors(dir)).toThrow('cannot be read (EISDIR)');
  });
});
