// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BLOCKS } from '../../scripts/mutate/blocks.ts';
import { filesOf } from './yosys.ts';

/** What `npm run mutate` last found: test/rtl/mutation.json. */
interface Score {
  block: string;
  mutants: number;
  killed: number;
  survivors: { mutant: string; why: string }[];
}

const scores = JSON.parse(
  readFileSync(new URL('mutation.json', import.meta.url), 'utf8'),
) as Score[];

test('every module of the card has been mutated, but for those without a gate at this width', () => {
  const names = filesOf('nic.f').map((file) => file.replace(/^.*\/|\.sv$/g, ''));
  // A package; what only wider cards have; the queue of one queue, a constant.
  const without = [
    'nic_pkg',
    'nic_gcm_pack',
    'nic_gcm_powers',
    'nic_sa_ahead',
    'nic_rss',
    'nic_csr_queues',
  ];
  expect([...BLOCKS.keys()].sort()).toEqual(names.filter((n) => !without.includes(n)).sort());
  expect(scores.map((s) => s.block)).toEqual([...BLOCKS.keys()]);
});

const sum = (of: (s: Score) => number): number => scores.reduce((n, s) => n + of(s), 0);

test('of at least 200 mutants at least 90 % are killed', () => {
  const mutants = sum((s) => s.mutants);
  expect(mutants).toBeGreaterThanOrEqual(200);
  expect(sum((s) => s.killed) / mutants).toBeGreaterThanOrEqual(0.9);
});

test('each that is not killed stands there by name, with the reason', () => {
  for (const { block, mutants, killed, survivors } of scores) {
    expect(survivors.length, block).toBe(mutants - killed);
    for (const { mutant, why } of survivors) expect(why, mutant).toMatch(/^[A-Z0-9].{20,}\.$/);
  }
});

test('the README has these figures', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(`${sum((s) => s.killed)} of ${sum((s) => s.mutants)} are noticed`);
});
