// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SimConfig } from '../../../src/dev/nic/nic_bus.ts';
import { loadBinding } from '../../../src/ffi/binding.ts';
import { NativeWorld } from '../../../src/ffi/sim_world.ts';
import { createWorld } from '../../../src/harness/create_world.ts';
import { finishRun } from '../../../src/harness/finish_run.ts';
import { cardLibrary } from '../../../src/harness/library.ts';
import { ModelWorld } from '../../../src/model/model_world.ts';
import { actions, play } from '../../driver/stimulus.ts';
import { randomFrames } from './random_frames.ts';

/** What the card of one lane is tested for elsewhere, on wider ones: not a byte may differ. */
describe.each([2, 4] as const)('the card with %i lanes', (lanes) => {
  let library: string;
  beforeAll(async () => {
    library = (await cardLibrary({}, lanes)).library;
  }, 600_000);

  test('the main job: every packet offloaded both ways and equal to what was sent', async () => {
    const both = await createWorld({ lanes, memory: { stallPermille: 100 } });
    await both.duplex({ packets: 150, size: 'imix' });
    const r = await finishRun(both, 'lanes');
    expect(r.packets).toMatchObject({ sent: 300, delivered: 300, offloadedTx: 300, software: 0 });
    expect(r).toMatchObject({ compared: 300, mismatches: 0, plaintextLeaks: 0, violations: [] });
  });

  test('any stimulus: the same completions, bytes and statistics as the model', async () => {
    const binding = await loadBinding('koffi');
    const rough = { memLatencyCycles: 300, memStallPermille: 300 };
    fc.assert(
      fc.property(actions, (steps) => {
        const wide = (c: SimConfig) => new NativeWorld(binding, library, { ...c, ...rough });
        const model = play((c) => new ModelWorld(c), steps, 5, false);
        expect(play(wide, steps, 5, false)).toEqual(model);
      }),
      { numRuns: 6, seed: 20261126 },
    );
  });

  test.each([0, 300])('random frames to 9000 B, memory pauses %i permille', (memStallPermille) => {
    const seed = 20 + lanes + memStallPermille;
    expect(randomFrames(library, { seed, frames: 384, memStallPermille })).toBe(384);
  });
});
