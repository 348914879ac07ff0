// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Cost } from '../../scripts/synth/map.ts';
import { filesOf } from './yosys.ts';

/**
 * What `npm run synth` last measured and now holds each module to: test/rtl/synth_budgets.json, by lanes.
 * 10 LUTs of six inputs between two registers are about what an FPGA does in 4 ns.
 */
const budgets = JSON.parse(
  readFileSync(new URL('synth_budgets.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, Cost>>;

const LEVELS_MAX = 10;
const CRYPTO_LEVELS_MAX = 6;
const WHOLE = ['nic_tx', 'nic_rx', 'nic_top'].map((name) => `${name} and what is in it`);

test('every module of the card has a budget, and so have both directions and the whole', () => {
  const names = filesOf('nic.f').map((file) => file.replace(/^.*\/|\.sv$/g, ''));
  // A package; what only wider cards have.
  const without = ['nic_pkg', 'nic_gcm_pack', 'nic_gcm_powers', 'nic_sa_ahead'];
  const expected = names.filter((name) => !without.includes(name)).concat(WHOLE);
  expect(Object.keys(budgets[1]!).sort()).toEqual(expected.sort());
  for (const [lanes, modules] of Object.entries(budgets)) {
    for (const name of Object.keys(modules).filter((name) => !WHOLE.includes(name)))
      expect(names, `${name} of ${lanes} lanes`).toContain(name);
  }
});

test('no path is longer than 10 LUTs, in the crypto pipes than 6, of any width', () => {
  for (const [lanes, modules] of Object.entries(budgets)) {
    for (const [name, { levels }] of Object.entries(modules)) {
      const isCrypto = ['nic_aes_pipe', 'nic_ghash'].includes(name);
      const most = isCrypto ? CRYPTO_LEVELS_MAX : LEVELS_MAX;
      expect(levels, `${name} of ${lanes} lanes`).toBeLessThanOrEqual(most);
    }
  }
});

test.each([
  ['transmit: `nic_tx` and what is in it', 'nic_tx and what is in it'],
  ['of it `nic_aes_pipe`, AES-128 and 256, a block and its round keys a cycle', 'nic_aes_pipe'],
  ['of it `nic_ghash`, a product a cycle', 'nic_ghash'],
  ['receive: `nic_rx` and what is in it', 'nic_rx and what is in it'],
  ['the card, with registers and SA tables', 'nic_top and what is in it'],
])('the README has the figures of: %s', (said, name) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const { lut, ff, ram } = budgets[1]![name]!;
  const figures = [lut, ff, ram].map((n) => n.toLocaleString('en-US')).join(' | ');
  expect(readme).toContain(`| ${said} | ${figures} |`);
});
