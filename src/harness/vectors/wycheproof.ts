// SPDX-License-Identifier: BSD-2-Clause
import {
  hexBytes,
  isObject,
  type JsonObject,
  lineOf,
  type VectorCase,
  type VectorFile,
  VectorsError,
} from './vector_case.ts';

const ALGORITHMS: Readonly<Record<string, string>> = {
  'AES-GCM': 'aes-gcm',
  'AES-GMAC': 'aes-gmac',
  'CHACHA20-POLY1305': 'chacha20-poly1305',
  HMACSHA1: 'hmac-sha1',
  HMACSHA256: 'hmac-sha256',
  HMACSHA384: 'hmac-sha384',
  HMACSHA512: 'hmac-sha512',
};
const RESULTS = ['valid', 'invalid', 'acceptable'] as const;
const EMPTY = new Uint8Array(0);

/**
 * Test vectors of C2SP/wycheproof (testvectors_v1): JSON with `algorithm` and `testGroups`. A file of
 * another algorithm is read for its cases' names, so that each can be skipped with a reason.
 * Throws VectorsError.
 */
export function readWycheproof(file: string, text: string, json: JsonObject): VectorFile {
  const { algorithm, testGroups, numberOfTests } = json;
  if (typeof algorithm !== 'string' || !Array.isArray(testGroups)) {
    throw new VectorsError(file, 1, '"algorithm" and "testGroups" were expected');
  }
  const cases: VectorCase[] = [];
  testGroups.forEach((group: unknown, g) => {
    if (!isObject(group) || !Array.isArray(group.tests)) {
      throw new VectorsError(file, 0, `testGroups[${g}]: an object with "tests" was expected`);
    }
    for (const test of group.tests) cases.push(readCase(file, text, algorithm, group, test));
  });
  if (typeof numberOfTests === 'number' && numberOfTests !== cases.length) {
    const text = `"numberOfTests" says ${numberOfTests}, the groups hold ${cases.length}`;
    throw new VectorsError(file, 0, text);
  }
  return { file, format: 'wycheproof', cases };
}

function readCase(
  file: string,
  text: string,
  algorithm: string,
  group: JsonObject,
  test: unknown,
): VectorCase {
  if (!isObject(test) || !Number.isInteger(test.tcId)) {
    throw new VectorsError(file, 0, 'a test with a "tcId" was expected');
  }
  const wrong = (what: string): VectorsError => {
    const at = text.search(new RegExp(`"tcId"\\s*:\\s*${test.tcId}\\b`));
    return new VectorsError(file, at < 0 ? 0 : lineOf(text, at), `tcId ${test.tcId}: ${what}`);
  };
  const result = RESULTS.find((r) => r === test.result);
  if (result === undefined) throw wrong(`"result" expected one of ${RESULTS.join(' ')}`);
  const id = `tcId ${test.tcId}`;
  const comment = typeof test.comment === 'string' ? test.comment : '';
  const name = ALGORITHMS[algorithm];
  if (name === undefined) {
    const none = { key: EMPTY, iv: EMPTY, aad: EMPTY, msg: EMPTY, ct: EMPTY, tag: EMPTY };
    return { id, comment, algorithm, result, ...none };
  }
  const field = (key: string): Uint8Array => {
    const bytes = hexBytes(test[key]);
    if (bytes === undefined) throw wrong(`"${key}" expected bytes in hex`);
    return bytes;
  };
  const sized = (bytes: Uint8Array, key: string): Uint8Array => {
    // An invalid case may be invalid just because a size differs.
    const told = result === 'valid' ? group[key] : undefined;
    if (typeof told === 'number' && told !== bytes.length * 8) {
      throw wrong(`${bytes.length * 8} bits where "${key}" says ${told}`);
    }
    return bytes;
  };
  const key = sized(field('key'), 'keySize');
  const tag = sized(field('tag'), 'tagSize');
  const msg = field('msg');
  const common = { id, comment, algorithm: name, result, key, tag };
  if (name.startsWith('hmac')) return { ...common, iv: EMPTY, aad: EMPTY, msg, ct: EMPTY };
  const iv = sized(field('iv'), 'ivSize');
  if (name === 'aes-gmac') return { ...common, iv, aad: msg, msg: EMPTY, ct: EMPTY };
  return { ...common, iv, aad: field('aad'), msg, ct: field('ct') };
}
