// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, buildBench } from './bench.ts';

/** Interrupt moderation beside its reference: completions, heads, masks, clears at random times. */
const root = fileURLToPath(new URL('../..', import.meta.url));
let bench: Bench;
beforeAll(() => {
  bench = buildBench('irq_tb', ['csr/nic_irq.sv', 'csr/nic_irq_ring.sv']);
}, 600_000);
afterAll(() => bench.remove());

const met = new Map<string, number>();

describe('each completion is announced in time, and the line is high when it should be and never else', () => {
  test.each([
    { interval: 50, count: 4, density: 20, pace: 13 },
    { interval: 0, count: 0, density: 20, pace: 13 },
    { interval: 20, count: 32, density: 40, pace: 60 },
    { interval: 1, count: 8, density: 5, pace: 30 },
    { interval: 200, count: 2, density: 100, pace: 400 },
    { interval: 300, count: 1, density: 3, pace: 5 },
    { interval: 7, count: 3, density: 2, pace: 3 },
    { interval: 1000, count: 65_535, density: 300, pace: 5000 },
    // Longer than the age counter goes.
    { interval: 65_535, count: 60, density: 1500, pace: 200_000, cycles: 400_000 },
  ])('%o', (settings) => {
    for (const seed of [1, 2]) {
      const args = Object.entries({ ...settings, seed }).map(([name, n]) => `+${name}=${n}`);
      const said = execFileSync(bench.program, args, { encoding: 'utf8' });
      for (const [, name, n] of said.matchAll(/^cover (\w+) (\d+)$/gm))
        met.set(name!, (met.get(name!) ?? 0) + Number(n));
      expect(said).toMatch(/end of the bench: [1-9]\d+ served by [1-9]\d* interrupts, 0 wrong/);
    }
  });

  test('every meeting of a completion and software took place', () => {
    expect(met.size).toBe(11);
    for (const [name, n] of met) expect(n, name).toBeGreaterThan(0);
  });
});

test('the RTL names these meetings as cover points', () => {
  const points = ['irq', 'irq_ring'].flatMap((name) => [
    ...readFileSync(`${root}rtl/csr/nic_${name}.sv`, 'utf8').matchAll(/^ {2}(?:irq|ring)_(\w+):/gm),
  ]);
  const names = points.map((p) => p[1]);
  expect(names).toEqual([...new Set(names)]);
  // Where a clear meets a completion nothing happens: the cause is a level.
  expect([...met.keys()].filter((n) => n !== 'completion_meets_clear').sort()).toEqual(
    names.sort(),
  );
});
