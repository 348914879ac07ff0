// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { probeLibrary } from './library.ts';
import { PROBE } from './probe.ts';
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

describe('a run', () => {
  test('ends after its budget, which register writes do not use up', () => {
    open();
    const before = world.cycle;
    expect(world.run(123)).toBe(TW.stopBudget);
    expect(world.cycle - before).toBe(123);
    for (let i = 0; i < 1024; i++) world.post(i & 1, PROBE.rdAddr, i);
    expect(world.run(0)).toBe(TW.stopBudget);
    expect(world.shared.getUint32(12, true)).toBe(0);
    expect(world.cycle - before - 123).toBeGreaterThan(2 * 1024);
  });

  test('ends at an interrupt, and goes on when it is gone', () => {
    open();
    world.post(1, PROBE.irq, 1);
    expect(world.run(1000)).toBe(TW.stopIrq);
    expect(world.shared.getUint32(8, true)).toBe(2);
    expect(world.cycle).toBeLessThan(60);
    world.post(1, PROBE.irq, 0);
    expect(world.run(1000)).toBe(TW.stopBudget);
    expect(world.shared.getUint32(8, true)).toBe(0);
  });

  test('does not report an interrupt before the writes posted have had their effect', () => {
    open();
    world.post(0, PROBE.irq, 1);
    for (let i = 0; i < 100; i++) world.post(1, PROBE.rdAddr, i);
    world.post(0, PROBE.irq, 0);
    expect(world.run(50)).toBe(TW.stopBudget);
  });

  test('delivers writes in order, across cards too', () => {
    open();
    world.post(0, PROBE.txLen, 64);
    world.post(1, PROBE.txLen, 64);
    for (let i = 0; i < 20; i++) world.post(i & 1, PROBE.txGo, 1);
    world.run(100);
    expect(world.frames().map((frame) => frame.card)).toEqual(
      Array.from({ length: 20 }, (_, i) => i & 1),
    );
  });

  test('counts idle cycles from the last beat, on the wire too', () => {
    open({ wireLatencyCycles: 3000 });
    world.post(0, PROBE.txLen, 64);
    world.post(0, PROBE.txGo, 1);
    world.run(2000);
    expect(world.idleCycles).toBeLessThan(2);
    world.run(2000);
    expect(world.idleCycles).toBeGreaterThan(900);
    expect(world.idleCycles).toBeLessThan(1100);
  });
});

describe('one configuration and one sequence of calls', () => {
  /** Frames, reads and writes with every random thing switched on; a digest of all that shows. */
  const digestOf = (seed: number, wireLatencyCycles = 100, path = library, trace = ''): string => {
    const world = new World(path, {
      ...{ seed, wireLatencyCycles, memStallPermille: 200 },
      ...{ lossPpm: 1e5, flipPpm: 1e5, reorderPpm: 1e5, reorderCycles: 300 },
    });
    if (trace) expect(world.traceOpen(trace)).toBe(0);
    const hash = createHash('sha256');
    for (let round = 0; round < 5; round++) {
      for (const card of [0, 1]) {
        world.post(card, PROBE.txLen, 64 + 100 * round);
        world.post(card, PROBE.txGo, 20);
        world.post(card, PROBE.rdAddr, card * (world.arena.length / 2));
        world.post(card, PROBE.rdLen, 7);
        world.post(card, PROBE.rdGo, 30);
      }
      world.run(2000);
      for (const { bytes, ...rest } of world.frames()) hash.update(JSON.stringify(rest) + bytes);
      for (const register of [PROBE.rxSum, PROBE.rxFirst, PROBE.rdLatency, PROBE.rdBeats]) {
        for (const card of [0, 1]) hash.update(`${world.read(card, register)} `);
      }
      hash.update(`${world.cycle}`);
    }
    if (trace) expect(world.traceClose()).toBe(0);
    world.destroy();
    return hash.digest('hex');
  };

  test('give one run, and another seed or one cycle more another', () => {
    open();
    expect(digestOf(7)).toBe(digestOf(7));
    expect(digestOf(7)).not.toBe(digestOf(8));
    expect(digestOf(7)).not.toBe(digestOf(7, 101));
  });

  test('give the same run with a waveform written', async () => {
    open();
    const folder = mkdtempSync(join(tmpdir(), 'tagwire-'));
    const path = join(folder, 'wave.fst');
    expect(digestOf(7, 100, await probeLibrary('fst'), path)).toBe(digestOf(7));
    // FST: block type 0 is the header, and its section length is 329 (fstapi.c).
    expect([...readFileSync(path).subarray(0, 9)]).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 73]);
    rmSync(folder, { recursive: true });
  }, 300_000);

  test('cannot be traced where that fails, and go on', async () => {
    open();
    expect(world.traceOpen('/tmp/unused.fst')).toBe(TW.errUnsupported);
    expect(world.error).toContain('--trace-fst');
    const traced = new World(await probeLibrary('fst'));
    expect(traced.traceOpen('/nonexistent/wave.fst')).toBe(TW.errIo);
    expect(traced.error).toContain('/nonexistent/wave.fst');
    expect(traced.run(10)).toBe(TW.stopBudget);
    traced.destroy();
  }, 300_000);
});
