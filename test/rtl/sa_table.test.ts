// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { type Bench, buildBench } from './bench.ts';

let bench: Bench | undefined;
afterAll(() => bench?.remove());

test('key memory: any flipped bit of a row is found at each read, until the row is written', () => {
  bench = buildBench('sa_table_tb', ['nic_pkg.sv', 'sa/nic_sa_table.sv']);
  const said = execFileSync(bench.program, [], { encoding: 'utf8' });
  const [, reads, wrong] = /end of the bench: (\d+) reads, (\d+) wrong/.exec(said) ?? [];
  expect(Number(wrong), said).toBe(0);
  expect(Number(reads)).toBeGreaterThan(2 * 310 + 30);
}, 600_000);
