// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import {
  type CaseResult,
  type GroupResult,
  isBad,
  RESULTS_SCHEMA,
  type ValidateResults,
} from '../report/validate_results.ts';

/** SHA-256 over id and digest of every case, sorted: neither order nor sharding enters. */
export function digestOf(results: readonly CaseResult[]): string {
  const lines = results.map(({ id, status, digest }) => `${id} ${status} ${digest}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** Adds the results up. */
export function sumUp(
  about: Pick<ValidateResults, 'seed' | 'versions' | 'settings' | 'seconds'>,
  results: readonly CaseResult[],
): ValidateResults {
  const groups = [...new Set(results.map((r) => r.group))];
  return {
    schema: RESULTS_SCHEMA,
    seed: about.seed,
    digest: digestOf(results),
    versions: about.versions,
    settings: about.settings,
    seconds: about.seconds,
    ...counts(results),
    groups: groups.map((name): GroupResult => {
      return { name, ...counts(results.filter((r) => r.group === name)) };
    }),
    results,
  };
}

function counts(results: readonly CaseResult[]) {
  return {
    cases: results.length,
    passed: results.filter((r) => r.status === 'passed').length,
    failed: results.filter((r) => isBad(r.status)).length,
    skipped: results.filter((r) => r.status === 'skipped').length,
  };
}
