// SPDX-License-Identifier: BSD-2-Clause
import { type CaseResult, isBad, type ValidateResults } from './validate_results.ts';

/** Annotations of GitHub Actions (workflow commands): a line for each case that is not well. */
export function annotations(r: ValidateResults): string[] {
  return r.results
    .filter(({ status }) => isBad(status))
    .map((result) => `::error title=${property(result.id)}::${data(textOf(result))}`);
}

function textOf({ title, checks, reason, repeat }: CaseResult): string {
  return `${reason}\n${title} (${checks})\n${repeat}`;
}

/** The same run as Markdown, for the summary of a step. */
export function stepSummary(r: ValidateResults): string {
  const bad = r.results.filter(({ status }) => isBad(status));
  const rows = r.groups.map(
    ({ name, cases, passed, failed, skipped }) =>
      `| ${name} | ${cases} | ${passed} | ${failed} | ${skipped} |`,
  );
  return [
    `### tagwire validate: ${bad.length === 0 ? 'pass' : `${bad.length} of ${r.cases} failed`}`,
    '',
    `${r.cases} cases, seed ${r.seed}, digest \`${r.digest}\`, ${r.seconds} s`,
    '',
    '| group | cases | passed | failed | skipped |',
    '|---|--:|--:|--:|--:|',
    ...rows,
    ...(bad.length === 0 ? [] : ['']),
    ...bad.map((b) => `- **${b.id}**: ${b.reason.replaceAll(/\s+/g, ' ')}\n  \`${b.repeat}\``),
    '',
  ].join('\n');
}

/** Escapes of github.com/actions/toolkit, command.ts. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
