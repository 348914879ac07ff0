// SPDX-License-Identifier: BSD-2-Clause
import type { Message, VectorEngine } from './engine.ts';
import type { VectorCase, VectorFile } from './vector_case.ts';

/** Outcome of one file. total = run + skipped, run = passed + failed. */
export interface VectorsResult {
  readonly file: string;
  total: number;
  run: number;
  passed: number;
  failed: number;
  skipped: number;
  readonly failures: { readonly id: string; readonly comment: string; readonly reason: string }[];
  readonly skips: { readonly id: string; readonly reason: string }[];
}

export function newResult(file: string): VectorsResult {
  const none = { total: 0, run: 0, passed: 0, failed: 0, skipped: 0 };
  return { file, ...none, failures: [], skips: [] };
}

/** Enters one case: skipped or failed with a reason, or passed with ''. */
export function count(
  result: VectorsResult,
  vector: VectorCase,
  outcome: { readonly skip?: string; readonly failure?: string },
): void {
  result.total++;
  if (outcome.skip) {
    result.skipped++;
    result.skips.push({ id: vector.id, reason: outcome.skip });
    return;
  }
  result.run++;
  if (outcome.failure) {
    result.failed++;
    result.failures.push({ id: vector.id, comment: vector.comment, reason: outcome.failure });
  } else result.passed++;
}

const BATCH_CASES = 64;
const UNTOUCHED = 0xa5;

/**
 * Every case of a file through an engine. A valid case is encrypted, decrypted, and decrypted again
 * with one bit of its tag flipped, which must be refused and leave the output untouched. An invalid
 * one must be refused likewise.
 */
export function runVectors(
  file: VectorFile,
  engine: VectorEngine,
  onProgress?: (done: number, total: number) => void,
): VectorsResult {
  const result = newResult(file.file);
  for (let at = 0; at < file.cases.length; at += BATCH_CASES) {
    const cases = file.cases.slice(at, at + BATCH_CASES);
    const trials = cases.map((vector) => (engine.cannot(vector) === '' ? trialsOf(vector) : []));
    engine.run(trials.flat().map((trial) => trial.message));
    cases.forEach((vector, i) => {
      const failure = trials[i]!.map((trial) => judge(trial)).find((reason) => reason !== '') ?? '';
      count(result, vector, { skip: engine.cannot(vector), failure });
    });
    onProgress?.(Math.min(at + BATCH_CASES, file.cases.length), file.cases.length);
  }
  return result;
}

interface Trial {
  readonly message: Message;
  readonly what: 'seal' | 'open' | 'refuse' | 'either';
  readonly out: Uint8Array;
  readonly tag: Uint8Array;
}

function trialsOf(vector: VectorCase): Trial[] {
  // A MAC has no ciphertext: its text goes in either way and nothing comes out.
  const mac = vector.algorithm.startsWith('hmac-');
  const opening = (tag: Uint8Array, what: Trial['what']): Trial => ({
    message: message(vector, true, mac ? vector.msg : vector.ct, tag),
    what,
    out: mac ? new Uint8Array(0) : vector.msg,
    tag,
  });
  if (vector.result === 'invalid') return [opening(vector.tag, 'refuse')];
  if (vector.result === 'acceptable') return [opening(vector.tag, 'either')];
  const seal: Trial = {
    message: message(vector, false, vector.msg, new Uint8Array(vector.tag.length)),
    what: 'seal',
    out: vector.ct,
    tag: vector.tag,
  };
  const trials = [seal, opening(vector.tag, 'open')];
  if (vector.tag.length > 0) {
    const wrong = Uint8Array.from(vector.tag);
    wrong[vector.id.length % wrong.length]! ^= 1 << (vector.ct.length % 8);
    trials.push(opening(wrong, 'refuse'));
  }
  return trials;
}

function message(vector: VectorCase, decrypt: boolean, text: Uint8Array, tag: Uint8Array): Message {
  const { algorithm, key, iv, aad } = vector;
  const outBytes = algorithm.startsWith('hmac-') ? 0 : text.length;
  const out = new Uint8Array(outBytes).fill(UNTOUCHED);
  return { decrypt, algorithm, key, iv, aad, text, out, tag, refused: false };
}

/** '' or why the trial failed. */
function judge(trial: Trial): string {
  const { message: m, what } = trial;
  if (m.refused && m.out.some((byte) => byte !== UNTOUCHED)) {
    return 'plaintext was released before its tag was refused';
  }
  switch (what) {
    case 'either':
      return '';
    case 'refuse':
      return m.refused ? '' : 'a wrong tag was accepted';
    case 'open':
      return m.refused ? 'the right tag was refused' : difference('plaintext', m.out, trial.out);
    case 'seal':
      return difference('ciphertext', m.out, trial.out) || difference('tag', m.tag, trial.tag);
  }
}

/** '' or where two byte strings part. */
export function difference(name: string, got: Uint8Array, wanted: Uint8Array): string {
  if (got.length !== wanted.length) return `${name} has ${got.length} bytes, not ${wanted.length}`;
  const at = got.findIndex((byte, i) => byte !== wanted[i]);
  return at < 0 ? '' : `${name} differs from byte ${at} of ${wanted.length} on`;
}
