// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { lint } from '../../src/verilator/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('verilator --lint-only -Wall is silent', () => {
  test.each([
    ['nic_top', 'rtl/nic.f', {}],
    ['nic_top', 'rtl/nic.f rtl/nic_check.f', {}],
    ['nic_top', 'rtl/nic.f', { Queues: 4 }],
    ['nic_top', 'rtl/nic.f rtl/nic_check.f', { Lanes: 2 }],
    ['nic_top', 'rtl/nic.f rtl/nic_check.f', { Lanes: 4 }],
    ['nic_top', 'rtl/nic.f rtl/nic_check.f', { Lanes: 2, Queues: 4 }],
    ['nic_top', 'rtl/nic.f rtl/nic_check.f', { Lanes: 4, Queues: 4 }],
    ['nic_gcm', 'rtl/nic_gcm.f', {}],
    ['nic_gcm', 'rtl/nic_gcm.f', { Lanes: 2 }],
    ['nic_gcm', 'rtl/nic_gcm.f', { Lanes: 4 }],
  ])('%s of %s, %o', async (top, fileList, parameters: Record<string, number>) => {
    const options = { top, cwd: root, rootedFileLists: fileList.split(' '), parameters };
    expect(await lint({ ...options, vlt: ['rtl/lint/waivers.vlt'] })).toEqual([]);
  });
});

test('every waiver stands under a comment with its reason', () => {
  const lines = readFileSync(`${root}rtl/lint/waivers.vlt`, 'utf8').split('\n');
  const bare = lines.filter((line, i) => {
    return line.startsWith('lint_off') && !/^\/\/ \S.{20,}/.test(lines[i - 1] ?? '');
  });
  expect(bare).toEqual([]);
  expect(
    lines.filter((line) => line && !/^(\/\/ |lint_off |`verilator_config)/.test(line)),
  ).toEqual([]);
});

test('the lists name every module of rtl/, one a file, its name the name of the file', () => {
  const listed = ['nic.f', 'nic_check.f']
    .flatMap((list) => readFileSync(`${root}rtl/${list}`, 'utf8').split('\n'))
    .filter((line) => line !== '' && !line.startsWith('//'));
  expect(new Set(listed).size).toBe(listed.length);
  for (const file of listed) {
    const found = [
      ...readFileSync(`${root}rtl/${file}`, 'utf8').matchAll(/^(?:module|package) (\w+)/gm),
    ];
    expect(
      found.map((m) => m[1]),
      file,
    ).toEqual([file.replace(/^.*\/|\.sv$/g, '')]);
  }
});
