// SPDX-License-Identifier: BSD-2-Clause
import type { CaseResult, ValidateResults } from './validate_results.ts';

/**
 * Results as JUnit XML: a testsuite for each group, in it a testcase for each case. Properties say
 * seed, digest and what is checked; files are attached by the [[ATTACHMENT|…]] lines that CI servers
 * know. What failed is a failure; what was lost, late or never came is an error.
 */
export function junitXml(r: ValidateResults): string {
  const about = { seed: r.seed, digest: r.digest, ...r.settings, ...prefixed(r.versions) };
  const errors = r.results.filter(isError).length;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({
      ...{ name: 'tagwire validate', tests: r.cases, failures: r.failed - errors, errors },
      ...{ skipped: r.skipped, time: r.seconds },
    })}>`,
  ];
  for (const { name, cases, failed, skipped } of r.groups) {
    const results = r.results.filter((result) => result.group === name);
    const wrong = results.filter(isError).length;
    const time = seconds(results.reduce((sum, result) => sum + result.seconds, 0));
    lines.push(
      `  <testsuite${attributes({
        ...{ name, tests: cases, failures: failed - wrong, errors: wrong, skipped, time },
      })}>`,
      ...properties(about, '    '),
      ...results.flatMap(testcase),
      '  </testsuite>',
    );
  }
  return `${[...lines, '</testsuites>'].join('\n')}\n`;
}

function isError({ status }: CaseResult): boolean {
  return status === 'infrastructure' || status === 'timeout' || status === 'missing';
}

function testcase(r: CaseResult): string[] {
  const files = Object.values(r.artefacts);
  const name = r.id.slice(r.group.length + 1);
  return [
    `    <testcase${attributes({ name, classname: `tagwire.${r.group}`, time: r.seconds })}>`,
    ...properties(
      {
        ...{ title: r.title, checks: r.checks, seed: r.seed, digest: r.digest, cycles: r.cycles },
        ...{ repeat: r.repeat, ...r.parameters },
      },
      '      ',
    ),
    ...verdict(r),
    ...(files.length === 0
      ? []
      : [
          `      <system-out>${text(files.map((f) => `[[ATTACHMENT|${f}]]`).join('\n'))}</system-out>`,
        ]),
    '    </testcase>',
  ];
}

function verdict(r: CaseResult): string[] {
  const message = attributes({ message: r.reason });
  if (r.status === 'passed') return [];
  if (r.status === 'skipped') return [`      <skipped${message}/>`];
  const tag = isError(r) ? 'error' : 'failure';
  const details = [
    `${r.title} (${r.checks})`,
    r.reason,
    ...('expected' in r ? [`expected: ${JSON.stringify(r.expected)}`] : []),
    ...('actual' in r ? [`actual:   ${JSON.stringify(r.actual)}`] : []),
    ...(r.cycle === undefined ? [] : [`cycle:    ${r.cycle}`]),
    ...(r.packet ?? []),
    `repeat:   ${r.repeat}`,
  ];
  return [
    `      <${tag}${message}${attributes({ type: r.status })}>${text(details.join('\n'))}</${tag}>`,
  ];
}

function properties(values: Readonly<Record<string, unknown>>, indent: string): string[] {
  return [
    `${indent}<properties>`,
    ...Object.entries(values).map(
      ([name, value]) => `${indent}  <property${attributes({ name, value })}/>`,
    ),
    `${indent}</properties>`,
  ];
}

function prefixed(versions: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(versions).map(([k, v]) => [`version.${k}`, v]));
}

function attributes(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${text(String(value))}"`)
    .join('');
}

function seconds(s: number): number {
  return Number(s.toFixed(3));
}

const NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** XML 1.0 has no place for most control characters, not even escaped: they go. */
function text(s: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that go
  const allowed = s.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
  return allowed.replaceAll(/[&<>"\n]/g, (c) => NAMES[c]!);
}
