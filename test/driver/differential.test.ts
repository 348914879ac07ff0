// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadBinding } from '../../src/ffi/binding.ts';
import { NativeWorld } from '../../src/ffi/sim_world.ts';
import { cardLibrary } from '../../src/harness/library.ts';
import { ModelWorld } from '../../src/model/model_world.ts';
import { actions, play } from './stimulus.ts';

const binding = await loadBinding('koffi');
const { library } = await cardLibrary();

describe('the model is the RTL’s golden model', () => {
  test('same completions, bytes, reports, statistics and wire faults for any stimulus', () => {
    fc.assert(
      fc.property(actions, fc.integer({ min: 1, max: 1 << 30 }), (steps, seed) => {
        const model = play((config) => new ModelWorld(config), steps, seed);
        const rtl = play((config) => new NativeWorld(binding, library, config), steps, seed);
        expect(rtl).toEqual(model);
      }),
      { numRuns: 25, seed: 20261123 },
    );
  });

  test('memory stalls and latency change nothing but time', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const calm = play((config) => new ModelWorld(config), steps, 5);
        const rough = { memLatencyCycles: 300, memStallPermille: 300 };
        const rtl = play((c) => new NativeWorld(binding, library, { ...c, ...rough }), steps, 5);
        expect(rtl).toEqual(calm);
      }),
      { numRuns: 10, seed: 20261124 },
    );
  });
});
