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

test('at least 200 mutants; each that is not killed stands there by name', () => {
  expect(scores.reduce((n, s) => n + s.mutants, 0)).toBeGreaterThanOrEqual(200);
  for (const { block, mutants, killed, survivors } of scores)
    expect(survivors.length, block).toBe(mutants - killed);
});
