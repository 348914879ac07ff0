// SPDX-License-Identifier: BSD-2-Clause
import { hexBytes, type VectorCase, type VectorFile, VectorsError } from './vector_case.ts';

const SIZES = ['Keylen', 'IVlen', 'PTlen', 'AADlen', 'Taglen'] as const;
const FIELDS = ['Key', 'IV', 'PT', 'AAD', 'CT', 'Tag'] as const;
const SIZE_OF = {
  Key: 'Keylen',
  IV: 'IVlen',
  PT: 'PTlen',
  AAD: 'AADlen',
  CT: 'PTlen',
  Tag: 'Taglen',
} as const;

interface Draft {
  readonly line: number;
  readonly count: string;
  readonly fields: Map<string, Uint8Array>;
  fail: boolean;
}

/**
 * NIST CAVP response files of GCM (`gcmEncryptExtIV128.rsp`, `gcmDecrypt256.rsp`...): sections of
 * `[Keylen = 128]` lines, then cases of `Key = hex` lines begun by `Count`. A decryption that must be
 * refused says FAIL in place of PT. Throws VectorsError.
 */
export function readCavp(file: string, text: string): VectorFile {
  const cases: VectorCase[] = [];
  const sizes = new Map<string, number>();
  let draft: Draft | undefined;
  const lines = text.split(/\r?\n/);
  const end = (): void => {
    if (draft !== undefined) cases.push(finishCase(file, draft));
    draft = undefined;
  };
  lines.forEach((raw, i) => {
    const line = i + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) return;
    const section = /^\[\s*(\w+)\s*=\s*(\d+)\s*\]$/.exec(content);
    if (section !== null) {
      end();
      if (!SIZES.some((name) => name === section[1])) {
        throw new VectorsError(file, line, `one of ${SIZES.join(' ')} was expected: a GCM file`);
      }
      sizes.set(section[1]!, Number(section[2]));
      return;
    }
    if (content === 'FAIL') {
      if (draft === undefined) throw new VectorsError(file, line, '"Count" was expected first');
      draft.fail = true;
      return;
    }
    const assignment = /^(\w+)\s*=\s*(\S*)$/.exec(content);
    if (assignment === null) {
      throw new VectorsError(file, line, '"[Name = number]", "Name = hex" or FAIL was expected');
    }
    const [, name, value] = assignment as unknown as [string, string, string];
    if (name === 'Count') {
      end();
      draft = { line, count: value, fields: new Map(), fail: false };
      return;
    }
    const field = FIELDS.find((known) => known === name);
    if (field === undefined) {
      throw new VectorsError(file, line, `one of ${FIELDS.join(' ')} was expected, not ${name}`);
    }
    if (draft === undefined) throw new VectorsError(file, line, '"Count" was expected first');
    const bytes = hexBytes(value);
    const bits = sizes.get(SIZE_OF[field]);
    if (bytes === undefined || bits === undefined || bytes.length * 8 !== bits) {
      const wanted =
        bits === undefined ? `a "[${SIZE_OF[field]} = ...]" before it` : `${bits} bits`;
      throw new VectorsError(file, line, `${field} expected ${wanted} in hex`);
    }
    draft.fields.set(field, bytes);
  });
  end();
  if (cases.length === 0) throw new VectorsError(file, 0, 'no case of a CAVP GCM file was found');
  return { file, format: 'cavp', cases };
}

function finishCase(file: string, draft: Draft): VectorCase {
  const field = (name: (typeof FIELDS)[number]): Uint8Array => {
    const bytes = draft.fields.get(name);
    if (bytes === undefined) {
      const text = `case ${draft.count} has no ${name}: is the file cut?`;
      throw new VectorsError(file, draft.line, text);
    }
    return bytes;
  };
  return {
    id: `line ${draft.line}`,
    comment: `Count = ${draft.count}`,
    algorithm: 'aes-gcm',
    key: field('Key'),
    iv: field('IV'),
    aad: field('AAD'),
    msg: draft.fail ? new Uint8Array(0) : field('PT'),
    ct: field('CT'),
    tag: field('Tag'),
    result: draft.fail ? 'invalid' : 'valid',
  };
}
