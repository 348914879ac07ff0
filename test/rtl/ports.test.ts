// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { type Bench, buildBench } from './bench.ts';

/** Ports beside a register master and a MAC that wait as they like (AMBA AXI A3.2, AXI-Stream 2.2). */
let bench: Bench | undefined;
afterAll(() => bench?.remove());

test('register accesses and frames are right, whoever waits: the master, the MAC, the card', () => {
  const lib = ['nic_fifo', 'nic_realign'].map((name) => `lib/${name}.sv`);
  const check = ['axil', 'axis'].map((name) => `check/nic_check_${name}.sv`);
  const ports = ['csr/nic_axil.sv', 'mac/nic_mac_tx.sv'];
  bench = buildBench('ports_tb', ['nic_pkg.sv', ...lib, ...check, ...ports]);
  for (const seed of [1, 2, 3]) {
    const said = execFileSync(bench.program, [`+seed=${seed}`], { encoding: 'utf8' });
    const counts =
      /end of the bench: (\d+) writes, (\d+) reads, (\d+) frames, (\d+) refused, (\d+)/;
    const [, writes, reads, frames, refused, wrong] = counts.exec(said)?.map(Number) ?? [];
    expect(wrong, said).toBe(0);
    expect(writes! + reads!).toBe(3000);
    expect(frames).toBe(400);
    for (const n of [writes, reads, refused]) expect(n).toBeGreaterThan(40);
  }
}, 600_000);
