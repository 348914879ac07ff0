// SPDX-License-Identifier: BSD-2-Clause
// The whole table on the functional model; `validate` runs it on the RTL.
import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../src/validate/faults/table.ts';
import { runCase } from '../../src/validate/run_case.ts';
import { caseSeed } from '../../src/validate/seed.ts';
import type { Settings } from '../../src/validate/settings.ts';
import { FAULT_CASES } from '../../src/validate/suites/faults.ts';

const settings = {
  ...{ seed: 1, nic: 'model', ffi: 'koffi', timeoutCycles: 20_000_000, out: 'out' },
} as Settings;

it('every fault has an id of its own, says how it is injected, and promises something', () => {
  expect(new Set(FAULTS.map((f) => f.id)).size).toBe(FAULTS.length);
  for (const { title, injected, promise } of FAULTS) {
    for (const text of [title, injected, promise.delivered, promise.counted, promise.never]) {
      expect(text.length).toBeGreaterThan(2);
    }
  }
});

describe('the promise is kept on the functional model', () => {
  it.each(FAULT_CASES.map((c) => [c.id, c] as const))('%s', async (id, c) => {
    const seed = caseSeed(settings.seed, id, {});
    const { status, reason } = await runCase(c, { id, caseId: id, seed }, settings);
    expect([status, reason]).toEqual(['passed', '']);
  });
});
