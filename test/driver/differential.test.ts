// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BusError, type SimConfig } from '../../src/dev/nic/nic_bus.ts';
import { CTRL_RESET, REG_CTRL, RING_TX, SA_TX } from '../../src/dev/nic/nic_regs.ts';
import { loadBinding } from '../../src/ffi/binding.ts';
import { NativeWorld } from '../../src/ffi/sim_world.ts';
import { cardLibrary } from '../../src/harness/library.ts';
import { TapReader } from '../../src/harness/tap.ts';
import { TAP_REORDERED } from '../../src/model/model_wire.ts';
import { ModelWorld } from '../../src/model/model_world.ts';
import { plainFrame } from '../../src/validate/frames.ts';
import { type MakeWorld, Rig, SIM_DEFAULTS } from '../../src/validate/rig.ts';
import { actions, play } from './stimulus.ts';

interface TapLine {
  readonly card: number;
  readonly lenBytes: number;
  readonly flags: number;
  readonly flipBit: number;
}

const binding = await loadBinding('koffi');
const { library } = await cardLibrary();

/** What the tap says of 100 frames from each side, and what the receivers got. */
function tapOf(makeWorld: MakeWorld, sim: Partial<SimConfig>): TapLine[] {
  const log2 = 7;
  const options = { log2Tx: log2, log2Rx: log2, log2Txc: log2, log2Rxc: log2 };
  const rig = new Rig(makeWorld, { sim, options });
  const lines: TapLine[] = [];
  const reader = new TapReader(rig.world.tap);
  try {
    for (let i = 0; i < 100; i++) {
      rig.a.send(plainFrame(1, 14 + ((i * 31) % 400), i));
      rig.b.send(plainFrame(0, 14 + ((i * 17) % 300), 500 + i));
    }
    rig.settle(undefined, () =>
      reader.drain(rig.world.tapUsed, (f) => {
        const { card, lenBytes, flags, flipBit, arrivalCycle, cycle } = f;
        const delay = arrivalCycle === 0 ? 0 : arrivalCycle - cycle;
        const late = (flags & TAP_REORDERED) !== 0;
        // Frames one behind the other may wait for the line; those that are late wait longer.
        expect(delay === 0 || delay >= 50).toBe(true);
        expect(late && delay <= 50).toBe(false);
        lines.push({ card, lenBytes, flags, flipBit });
      }),
    );
    return lines.sort((x, y) => x.card - y.card);
  } finally {
    rig.close();
  }
}

/** What every register reads, before and after all its bits were written; SLVERR is null. */
function registersOf(makeWorld: MakeWorld): (number | null)[][] {
  const world = makeWorld({ ...SIM_DEFAULTS, cardCount: 1, hosts: SIM_DEFAULTS.hosts.slice(0, 1) });
  const bus = world.buses[0]!;
  const readAll = (): (number | null)[] => {
    const words: (number | null)[] = [];
    for (let at = 0; at < 0x800; at += 4) {
      try {
        words.push(bus.readReg(at));
      } catch (e) {
        if (!(e instanceof BusError)) throw e;
        words.push(null);
      }
    }
    return words;
  };
  try {
    bus.writeReg(REG_CTRL, CTRL_RESET);
    world.run(3000); // the tables are zeroed
    const before = readAll();
    before.forEach((value, i) => {
      // Not the card's reset, no ring, no software interrupt: those do something.
      const at = 4 * i;
      if (value === null || (at >= RING_TX && at < SA_TX)) return;
      bus.writeReg(at, at === REG_CTRL ? 0x7fffffff : 0xffffffff);
    });
    world.run(2000);
    return [before, readAll()];
  } finally {
    world.close();
  }
}

describe('the model is the RTL’s golden model', () => {
  test('the same registers, and the same bits in each', () => {
    const model = registersOf((config) => new ModelWorld(config));
    const rtl = registersOf((config) => new NativeWorld(binding, library, config));
    expect(rtl).toEqual(model);
    expect(model[0]!.filter((v) => v !== null).length).toBeGreaterThan(70);
  });

  test('same completions, bytes, reports, statistics and wire faults for any stimulus', () => {
    fc.assert(
      fc.property(actions, fc.integer({ min: 1, max: 1 << 30 }), (steps, seed) => {
        const model = play((config) => new ModelWorld(config), steps, seed);
        const rtl = play((config) => new NativeWorld(binding, library, config), steps, seed);
        expect(rtl).toEqual(model);
      }),
      { numRuns: 15, seed: 20261123 },
    );
  });

  test('the wire loses, flips and delays the very same frames, whatever the seed', () => {
    const faults = { lossPpm: 100_000, flipPpm: 200_000, reorderPpm: 150_000, reorderCycles: 900 };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
        const model = tapOf((c) => new ModelWorld(c), { ...faults, seed });
        const rtl = tapOf((c) => new NativeWorld(binding, library, c), { ...faults, seed });
        expect(rtl).toEqual(model);
        expect(new Set(model.map((f) => f.flags)).size).toBeGreaterThan(2);
      }),
      { numRuns: 8, seed: 20261125 },
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
