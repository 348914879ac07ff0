// SPDX-License-Identifier: BSD-2-Clause

import {
  type CaseResult,
  type CoveredPoints,
  isBad,
  type ValidateResults,
} from '../report/validate_results.ts';
import { type Case, groupOf } from '../validate/case.ts';
import { bold, dim, green, red, table, yellow } from './terminal.ts';

/** `--list`: the cases, group by group. */
export function listText(cases: readonly Case[]): string {
  const groups = [...new Set(cases.map((c) => groupOf(c.id)))];
  const lines = groups.flatMap((group) => {
    const own = cases.filter((c) => groupOf(c.id) === group);
    const rows = own.map((c) => [`  ${c.id}`, c.title, dim(c.checks)]);
    return [bold(`${group} (${own.length})`), table(rows)];
  });
  return `${[...lines, `${cases.length} cases`].join('\n')}\n`;
}

/** A bad result as it comes in. */
export function caseLine(r: CaseResult): string {
  const mark = r.status === 'failed' ? red('FAIL') : yellow(r.status.toUpperCase());
  return `${mark} ${r.id}: ${r.reason}`;
}

/** The end of a run, for people. */
export function validateTable(r: ValidateResults, artefacts: Record<string, string>): string {
  const rows = r.groups.map(({ name, cases, passed, failed, skipped }) => [
    name,
    cases,
    `${passed} passed`,
    failed === 0 ? '' : red(`${failed} failed`),
    skipped === 0 ? '' : dim(`${skipped} skipped`),
  ]);
  const bad = r.results.filter(({ status }) => isBad(status));
  const verdict = bad.length === 0 ? green('pass') : red(`FAIL: ${bad.length} of ${r.cases}`);
  return [
    table(rows),
    ...bad.map((result) => `${caseLine(result)}\n     ${dim(result.repeat)}`),
    ...coverageLines(r),
    ...Object.entries(artefacts).map(([name, path]) => `${name}: ${path}`),
    `digest ${r.digest}`,
    `${r.cases} cases in ${r.seconds} s, seed ${r.seed}`,
    verdict,
    '',
  ].join('\n');
}

function coverageLines({ coverage }: ValidateResults): string[] {
  if (coverage === undefined) return [];
  const { line, toggle, user } = coverage;
  const text = (what: string, { percent, covered, points }: CoveredPoints): string =>
    `${what} ${percent.toFixed(2)} % (${covered} of ${points})`;
  const parts = [text('lines', line), text('toggles', toggle), text('cover points', user)];
  return [`coverage: ${parts.join(', ')}`];
}
