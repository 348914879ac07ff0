// SPDX-License-Identifier: BSD-2-Clause
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/cli/doctor.ts';
import { tagwire, tagwireWith } from './tagwire.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tagwire-doctor-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const fake = (name: string, script: string): string => {
  const path = join(scratch, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
};

const findings = (stdout: string): Record<string, Finding> =>
  Object.fromEntries(
    (JSON.parse(stdout) as { findings: Finding[] }).findings.map((one) => [one.name, one]),
  );

describe('doctor', () => {
  test('this machine is healthy: exit 0, a line each', async () => {
    const { code, stdout } = await tagwire('doctor');
    expect(stdout).toMatch(/^ok +verilator +5\.\d+/m);
    expect(stdout).toMatch(/^ok +koffi +\d+\.\d+\.\d+, loads$/m);
    expect(code).toBe(0);
  });

  test('Verilator missing: exit 3 with the command that installs it', async () => {
    const env = { VERILATOR: join(scratch, 'nosuch') };
    const { code, stdout } = await tagwireWith({ env }, 'doctor', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout).healthy).toBe(false);
    expect(findings(stdout).verilator).toMatchObject({
      status: 'missing',
      detail: expect.stringContaining('nosuch'),
      fix: expect.stringMatching(/install.* verilator$/),
    });
  });

  test('Verilator too old: both versions are named', async () => {
    const env = { VERILATOR: fake('verilator', 'echo "Verilator 4.228 2022-10-01 rev x"') };
    const { code, stdout } = await tagwireWith({ env }, 'doctor', '--json');
    expect(code).toBe(3);
    expect(findings(stdout).verilator?.detail).toMatch(/4\.228 .*too old.* 5\.006/);
  });

  test('no compiler and no make: the first is needed, the second is not', async () => {
    const bin = mkdtempSync(join(scratch, 'bin-'));
    symlinkSync(process.execPath, join(bin, 'node'));
    const env = { PATH: bin, VERILATOR: fake('new', 'echo "Verilator 5.050 2026-01-01"'), CXX: '' };
    const { code, stdout } = await tagwireWith({ env }, 'doctor', '--json');
    expect(code).toBe(3);
    const { compiler, make, verilator } = findings(stdout);
    expect(compiler).toMatchObject({ status: 'missing', fix: expect.stringMatching(/g\+\+$/) });
    expect(make).toMatchObject({ status: 'absent' });
    expect(verilator).toMatchObject({ status: 'ok', detail: expect.stringContaining('untested') });
  });

  test('a cache directory that cannot be written: exit 3, and $TAGWIRE_CACHE is named', async () => {
    writeFileSync(join(scratch, 'file'), '');
    const env = { TAGWIRE_CACHE: join(scratch, 'file/cache') };
    const { code, stdout } = await tagwireWith({ env }, 'doctor', '--json');
    expect(code).toBe(3);
    expect(findings(stdout).cache).toMatchObject({
      status: 'missing',
      fix: expect.stringContaining('TAGWIRE_CACHE'),
    });
  });
});
