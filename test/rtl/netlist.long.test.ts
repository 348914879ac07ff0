// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MUTANT_VARIABLE, mutantLibrary } from '../../scripts/mutate/netlist.ts';
import { digestOf, STIMULI } from '../../scripts/mutate/stimuli.ts';
import { cardLibrary } from '../../src/harness/library.ts';

/**
 * What Yosys makes of the card is the card: its netlist, under each of the stimuli of the mutants, shows
 * the same frames, memory, completions, registers and interrupts as the RTL, in the same cycles.
 */
describe('the netlist that Yosys writes of the whole card does what the RTL does, to the cycle', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tagwire-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  let netlist: string;
  let rtl: string;
  beforeAll(async () => {
    process.env[MUTANT_VARIABLE] = '0';
    netlist = (await mutantLibrary(new Map([['nic_fifo', 1]]), 1, dir)).library;
    rtl = (await cardLibrary()).library;
  }, 600_000);

  test.each(STIMULI.map((stimulus) => [stimulus.name, stimulus] as const))(
    '%s',
    (_name, stimulus) => {
      const expected = digestOf(rtl, stimulus);
      expect(expected).toMatch(/^[0-9a-f]{64}$/);
      expect(digestOf(netlist, stimulus)).toBe(expected);
    },
    60_000,
  );
});
