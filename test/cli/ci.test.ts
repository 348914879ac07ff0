// SPDX-License-Identifier: BSD-2-Clause
// The last line and the exit code of .ci/run, with an npm that only writes results.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'tagwire-ci-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const ciRun = (results: object | undefined, npmCode: number): { code: number; last: string } => {
  const bin = mkdtempSync(join(scratch, 'bin-'));
  writeFileSync(join(bin, 'results.json'), JSON.stringify(results ?? {}));
  const copy = results === undefined ? '' : `cp ${bin}/results.json "\${a#--outputFile.json=}"`;
  const script = `#!/bin/sh\nfor a; do case $a in --outputFile.json=*) ${copy};; esac; done\nexit ${npmCode}\n`;
  writeFileSync(join(bin, 'npm'), script.replace(') ;;', ') true;;'));
  chmodSync(join(bin, 'npm'), 0o755);
  const { status, stdout } = spawnSync(join(root, '.ci/run'), [], {
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    encoding: 'utf8',
  });
  return { code: status ?? -1, last: stdout.trimEnd().split('\n').at(-1) ?? '' };
};

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((one) => ({ status: one })),
});
const results = (numPassedTests: number, numFailedTests: number, ...testResults: object[]) => ({
  numPassedTests,
  numFailedTests,
  testResults,
});

test('all passed', () => {
  const all = results(2, 0, file('passed', 'passed', 'passed'));
  expect(ciRun(all, 0)).toEqual({ code: 0, last: '2 passed, 0 failed' });
});

test('one failed', () => {
  const one = results(1, 1, file('failed', 'passed', 'failed'));
  expect(ciRun(one, 1)).toEqual({ code: 1, last: '1 passed, 1 failed' });
});

test('a file that does not load counts as failed', () => {
  const one = results(1, 0, file('passed', 'passed'), file('failed'));
  expect(ciRun(one, 1)).toEqual({ code: 1, last: '1 passed, 1 failed' });
});

test('no tests at all is no pass', () => {
  expect(ciRun(results(0, 0), 0)).toEqual({ code: 1, last: '0 passed, 0 failed' });
});

test('no results is no pass, and the exit code says why', () => {
  expect(ciRun(undefined, 3)).toEqual({ code: 3, last: '0 passed, 0 failed' });
  expect(ciRun(undefined, 0)).toEqual({ code: 1, last: '0 passed, 0 failed' });
});

test('an error outside of tests is no pass', () => {
  const all = results(2, 0, file('passed', 'passed', 'passed'));
  expect(ciRun(all, 1)).toEqual({ code: 1, last: '2 passed, 0 failed' });
});
