// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'tagwire-sa-table-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('key memory: any flipped bit of a row is found at each read, until the row is written', () => {
  const flags = ['--binary', '-sv', '--assert', '-O0', '-Wno-fatal', '-Wno-lint', '-Wno-style'];
  const make = ['--Mdir', dir, '--top-module', 'sa_table_tb', '-o', 'sa_table_tb'];
  const files = ['rtl/nic_pkg.sv', 'rtl/sa/nic_sa_table.sv', 'test/rtl/sa_table_tb.sv'];
  const verilator = process.env.VERILATOR ?? 'verilator';
  execFileSync(verilator, [...flags, ...make, ...files], { cwd: root, stdio: 'pipe' });
  const said = execFileSync(join(dir, 'sa_table_tb'), { encoding: 'utf8' });
  const [, reads, wrong] = /end of the bench: (\d+) reads, (\d+) wrong/.exec(said) ?? [];
  expect(Number(wrong), said).toBe(0);
  expect(Number(reads)).toBeGreaterThan(2 * 310 + 30);
}, 240_000);
