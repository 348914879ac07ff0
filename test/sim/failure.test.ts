// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { probeLibrary } from './library.ts';
import { PROBE, RESET_CYCLES } from './probe.ts';
import { type Config, TW, World } from './world.ts';

let library: string;
let world: World;
beforeAll(async () => {
  library = await probeLibrary();
});
afterEach(() => world.destroy());

const open = (options: Partial<Config> = {}): World => {
  world = new World(library, options);
  return world;
};

describe('a model that fails', () => {
  test.each([
    ['$fatal', PROBE.fatal, 'the probe was told to fail with 77'],
    ['an assertion', PROBE.assert, 'the assertion of the probe does not hold'],
    ['$finish', PROBE.finish, '$finish'],
  ])('by %s is an error with text, card and cycle', (_, register, text) => {
    open();
    expect(world.run(500)).toBe(TW.stopBudget);
    const before = world.cycle;
    world.post(1, register, 77);
    expect(world.run(500)).toBe(TW.errModel);
    expect(world.error).toContain(text);
    const [, cycle, card] = /^cycle (\d+), (card\d): /.exec(world.error)!;
    expect(card).toBe('card1');
    expect(Number(cycle)).toBe(world.cycle);
    expect(Number(cycle) - before).toBeLessThan(10);
  });

  test('names the very cycle and the place in the RTL', () => {
    open();
    world.post(0, PROBE.fatalAt, 500 - RESET_CYCLES);
    expect(world.run(1000)).toBe(TW.errModel);
    expect(world.error).toMatch(/^cycle 500, card0: .*nic_top\.sv:\d+/);
    expect(world.error).toContain('the probe fails in its cycle 492');
    // In brackets: the time that a waveform shows, two steps a cycle.
    expect(world.error).toContain('[1001]');
    expect(world.cycle).toBe(500);
  });

  test('leaves a world that only says so, and can be destroyed', () => {
    open();
    world.post(0, PROBE.fatal, 5);
    world.run(100);
    const text = world.error;
    const cycle = world.cycle;
    expect(world.run(100)).toBe(TW.errModel);
    expect(world.tryRead(0, PROBE.id)).toBe(TW.errModel);
    expect(world.error).toBe(text);
    expect(world.cycle).toBe(cycle);
  });

  test('does not touch another world in the same process', () => {
    open();
    const other = new World(library);
    world.post(0, PROBE.fatal, 5);
    expect(world.run(100)).toBe(TW.errModel);
    expect(other.run(100)).toBe(TW.stopBudget);
    expect(other.error).toBe('');
    other.destroy();
  });

  test('prints nothing, nor does a $display', () => {
    open();
    const script = `
      import { World } from ${JSON.stringify(new URL('./world.ts', import.meta.url).href)};
      const world = new World(${JSON.stringify(library)});
      world.post(0, ${PROBE.display}, 42);
      world.run(100);
      world.post(0, ${PROBE.fatal}, 42);
      process.exitCode = world.run(100) === -2 ? 0 : 1;
      world.destroy();`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([stdout, stderr, status]).toEqual(['', '', 0]);
  });
});

describe('register accesses', () => {
  test('that a silent bus swallows time out, and work again afterwards', () => {
    open({ regTimeoutCycles: 300 });
    world.fault(1, TW.faultRegSilent, 1);
    const before = world.cycle;
    expect(world.tryRead(1, PROBE.id)).toBe(TW.errTimeout);
    expect(world.error).toBe('card 1: read of register 0x0000 was not answered in time');
    expect(world.cycle - before).toBe(301);
    expect(world.read(0, PROBE.id)).toBe(0x50524f42);
    world.fault(1, TW.faultRegSilent, 0);
    expect(world.read(1, PROBE.id)).toBe(0x50524f42);
  });

  test('posted to a silent card fail once, and those of the other card arrive', () => {
    open({ regTimeoutCycles: 300 });
    world.fault(0, TW.faultRegSilent, 1);
    for (let i = 0; i < 10; i++) {
      world.post(0, PROBE.irq, 1);
      world.post(1, PROBE.irq, i & 1);
    }
    expect(world.run(1000)).toBe(TW.errTimeout);
    expect(world.error).toContain('card 0: write of register 0x0010');
    expect(world.run(1000)).toBe(TW.stopIrq);
    expect(world.shared.getUint32(8, true)).toBe(2);
  });

  test('that a card answers too late fail, and the late answer is nobody else’s', () => {
    open({ regTimeoutCycles: 100 });
    world.post(0, PROBE.mute, 250);
    world.run(10);
    expect(world.tryRead(0, PROBE.cycle)).toBe(TW.errTimeout);
    expect(world.tryRead(0, PROBE.id)).toBe(TW.errTimeout);
    expect(world.read(0, PROBE.id)).toBe(0x50524f42);
    expect(world.read(0, PROBE.irq)).toBe(0);
  });

  test('that are refused name the register, and those behind them still arrive', () => {
    open();
    expect(world.tryRead(0, PROBE.nowhere)).toBe(TW.errBus);
    expect(world.error).toBe('card 0: read of register 0x0094 was answered with SLVERR');
    world.post(0, PROBE.nowhere, 1);
    world.post(0, PROBE.irq, 1);
    expect(world.run(100)).toBe(TW.errBus);
    expect(world.error).toContain('write of register 0x0094');
    expect(world.run(100)).toBe(TW.stopIrq);
    expect(world.error).toBe('');
  });
});

describe('mistakes of the caller', () => {
  test('are refused without running', () => {
    open({ cardCount: 1 });
    const before = world.cycle;
    expect(world.tryRead(1, 0)).toBe(TW.errArg);
    world.post(1, 0, 0);
    expect(world.run(10)).toBe(TW.errArg);
    expect(world.error).toBe('there is no card 1');
    world.shared.setUint32(12, 1025, true);
    expect(world.run(10)).toBe(TW.errArg);
    world.shared.setUint32(12, 0, true);
    expect(world.fault(0, 99, 0)).toBe(TW.errArg);
    expect(world.cycle).toBe(before);
    expect(world.run(10)).toBe(TW.stopBudget);
  });

  test.each<[string, Partial<Config>, string]>([
    ['another version', { abiVersion: 1 }, 'another version of tagwire_sim.h'],
    ['no card', { cardCount: 0 }, 'card_count'],
    ['three cards', { cardCount: 3 }, 'card_count'],
    ['a tap too small for one frame', { tapBytes: 9216 }, 'tap_bytes'],
    ['reordering by nothing', { reorderPpm: 1 }, 'reorder_cycles'],
    ['no time for registers', { regTimeoutCycles: 0 }, 'reg_timeout_cycles'],
    ['memory that never answers', { memStallPermille: 1000 }, 'mem_stall_permille'],
    ['more than every frame lost', { lossPpm: 1_000_001 }, 'million'],
  ])('in the configuration are named: %s', (_, options, text) => {
    open();
    expect(() => new World(library, options)).toThrow(text);
  });
});
