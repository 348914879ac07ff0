// SPDX-License-Identifier: BSD-2-Clause
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compareVersions, findVerilator, which } from '../../../src/verilator/find.ts';
import { lint } from '../../../src/verilator/index.ts';
import { collectInputs, listArgs } from '../../../src/verilator/inputs.ts';
import { parseDiagnostics } from '../../../src/verilator/lint.ts';

const project = mkdtempSync(join(tmpdir(), 'tagwire-lint-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('lint', () => {
  test('clean RTL gives no diagnostics', async () => {
    writeFileSync(
      join(project, 'clean.sv'),
      'module clean(input logic a_i, output logic q_o);\n  assign q_o = ~a_i;\nendmodule\n',
    );
    expect(await lint({ top: 'clean', cwd: project, sources: ['clean.sv'] })).toEqual([]);
  });

  test('a width mismatch comes back with code, file, line and column', async () => {
    writeFileSync(
      join(project, 'wide.sv'),
      "module wide(output logic [3:0] q_o);\n  assign q_o = 8'h1;\nendmodule\n",
    );
    expect(await lint({ top: 'wide', cwd: project, sources: ['wide.sv'] })).toEqual([
      {
        severity: 'warning',
        code: expect.stringMatching(/^WIDTH/),
        file: 'wide.sv',
        line: 2,
        column: expect.any(Number),
        message: expect.stringContaining('In instance wide'),
      },
    ]);
  });

  test('a list may be relative to cwd (-f) or to its own folder (-F)', async () => {
    mkdirSync(join(project, 'deep'));
    writeFileSync(join(project, 'top.f'), 'clean.sv\n');
    writeFileSync(join(project, 'deep/own.f'), '../clean.sv\n');
    const options = { top: 'clean', cwd: project };
    expect(await lint({ ...options, fileLists: ['top.f'] })).toEqual([]);
    expect(await lint({ ...options, rootedFileLists: ['deep/own.f'] })).toEqual([]);
    const { files } = collectInputs({ ...options, rootedFileLists: ['deep/own.f'] });
    expect([...files]).toEqual(['deep/own.f', 'clean.sv']);
  });

  // Captured from Verilator 5.006.
  test('messages without a file, and the closing line, are told apart', () => {
    const output = [
      '%Error: Cannot find file containing module: nofile.sv',
      '        ... Looked in:',
      "%Error: s.sv:1:11: syntax error, unexpected end of file, expecting ')'",
      '    1 | module s( syntax',
      '%Error: Exiting due to 2 error(s)',
    ].join('\n');
    expect(parseDiagnostics(output)).toEqual([
      {
        severity: 'error',
        code: '',
        file: '',
        line: 0,
        column: 0,
        message: 'Cannot find file containing module: nofile.sv',
      },
      {
        severity: 'error',
        code: '',
        file: 's.sv',
        line: 1,
        column: 11,
        message: "syntax error, unexpected end of file, expecting ')'",
      },
    ]);
  });
});

describe('file lists', () => {
  test('comments go, quotes hold, variables are replaced', () => {
    process.env.TAGWIRE_TEST_DIR = 'rtl';
    const text = `// head\n+incdir+inc /* a\nb */ "a b.sv"\n\${TAGWIRE_TEST_DIR}/x.sv // tail\n-f y.f`;
    expect(listArgs(text)).toEqual(['+incdir+inc', 'a b.sv', 'rtl/x.sv', '-f', 'y.f']);
  });
});

describe('findVerilator', () => {
  test('reports path and version', async () => {
    const found = await findVerilator();
    expect(found.version).toMatch(/^\d+\.\d{3}$/);
    expect(found.path).toBe(which(process.env.VERILATOR || 'verilator'));
  });

  test('versions compare by number: 5.006 < 5.040 < 6.000', () => {
    expect(compareVersions('5.006', '5.040')).toBeLessThan(0);
    expect(compareVersions('5.040', '6.000')).toBeLessThan(0);
    expect(compareVersions('5.006', '5.006')).toBe(0);
    expect(compareVersions('4.228', '5.006')).toBeLessThan(0);
  });
});
