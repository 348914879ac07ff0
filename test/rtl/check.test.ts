// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, buildBench } from './bench.ts';

/** The protocol checkers notice what is not allowed (AMBA AXI4, AXI4-Lite, AXI4-Stream). */
let bench: Bench;
beforeAll(() => {
  const files = ['axi', 'axil', 'axis'].map((name) => `check/nic_check_${name}.sv`);
  bench = buildBench('check_tb', files);
}, 600_000);
afterAll(() => bench.remove());

const run = (fault: number): string => {
  const r = spawnSync(bench.program, [`+break=${fault}`], { encoding: 'utf8' });
  return `${r.stdout}${r.stderr}`;
};

test('legal transfers pass', () => {
  expect(run(0)).toContain('end of the bench');
});

describe('an illegal one stops the simulation', () => {
  test.each([
    [1, 'axi: AR changed while it waited'],
    [2, 'axi: AR changed while it waited'],
    [3, 'axi: RLAST in the wrong beat'],
    [4, 'axi: W changed while it waited'],
    [5, 'axi: B without a write'],
    [6, 'axi: WLAST in the wrong beat'],
    [7, 'axi: B without a write'],
    [8, 'axi: EXOKAY'],
    [9, 'axi: read burst'],
    [10, 'axi: read burst'],
    [11, 'axi: R without a read'],
    [12, 'axil: B changed while it waited'],
    [13, 'axil: B without a write'],
    [14, 'axil: AR changed while it waited'],
    [15, 'axil: R without a read'],
    [16, 'axis: beat changed while it waited'],
    [17, 'axis: bytes missing inside a frame'],
    [18, 'axis: bytes do not lie together from lane 0'],
  ])('%i: %s', (fault, said) => {
    const out = run(fault);
    expect(out).toContain(`nic_check_${said}`);
    expect(out).not.toContain('end of the bench');
  });
});
