// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { probeLibrary } from './library.ts';
import { DECERR, PROBE, SLVERR } from './probe.ts';
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

/** Beats of 32 bytes at `offset`: word 0 is 1, word 1 rises. */
const fillBeats = (offset: number, beats: number): void => {
  for (let i = 0; i < beats; i++) {
    world.arenaView.setUint32(offset + 32 * i, 1, true);
    world.arenaView.setUint32(offset + 32 * i + 4, i + 1, true);
  }
};

const startReads = (card: number, offset: number, beats: number, bursts: number): void => {
  world.post(card, PROBE.rdAddr, offset);
  world.post(card, PROBE.rdLen, beats - 1);
  world.post(card, PROBE.rdGo, bursts);
};

const startWrite = (card: number, offset: number, word: number, strobes = 0xffffffff): void => {
  world.post(card, PROBE.wrAddr, offset);
  world.post(card, PROBE.wrData, word);
  world.post(card, PROBE.wrStrb, strobes);
  world.post(card, PROBE.wrGo, 1);
};

describe('reads', () => {
  test.each([1, 2, 40, 500])('give the first beat after %i cycles', (memLatencyCycles) => {
    open({ memLatencyCycles });
    fillBeats(0, 16);
    startReads(0, 0, 16, 1);
    world.run(600);
    expect(world.read(0, PROBE.rdLatency)).toBe(memLatencyCycles);
    expect(world.read(0, PROBE.rdBeats)).toBe(16);
    expect(world.read(0, PROBE.rdSum)).toBe(16);
  });

  test('overlap: 200 bursts in flight take one latency, and a beat every cycle', () => {
    open({ memLatencyCycles: 400 });
    fillBeats(0, 400);
    startReads(0, 0, 2, 200);
    world.run(400 + 400 + 8);
    expect(world.read(0, PROBE.rdBeats)).toBe(400);
    expect(world.read(0, PROBE.rdSum)).toBe(400);
  });

  test('keep their order within an ID, whatever the stalls', () => {
    open({ memStallPermille: 300, memLatencyCycles: 100 });
    fillBeats(0, 480);
    startReads(0, 0, 4, 120);
    world.run(3000);
    expect(world.read(0, PROBE.rdBeats)).toBe(480);
    expect(world.read(0, PROBE.rdSum)).toBe(480);
    expect(world.read(0, PROBE.rdOrder)).toBe(0);
  });
});

describe('writes', () => {
  test('change only the bytes that are strobed', () => {
    open();
    world.arena.fill(0xee, 0, 128);
    startWrite(0, 64, 0x44332211, 0xf00000f6);
    world.run(20);
    expect(world.read(0, PROBE.wrDone)).toBe(1);
    expect(world.read(0, PROBE.wrResp)).toBe(0);
    const expected = Uint8Array.from({ length: 128 }, () => 0xee);
    for (let i = 0; i < 32; i++) {
      if ((0xf00000f6 >>> i) & 1) expected[64 + i] = [0x11, 0x22, 0x33, 0x44][i & 3]!;
    }
    expect(world.arena.slice(0, 128)).toEqual(expected);
  });

  test('all arrive under stalls', () => {
    open({ memStallPermille: 600 });
    for (let i = 0; i < 50; i++) {
      startWrite(0, 32 * i, i + 1);
      world.run(60);
    }
    expect(world.read(0, PROBE.wrDone)).toBe(50);
    for (let i = 0; i < 50; i++) expect(world.arenaView.getUint32(32 * i, true)).toBe(i + 1);
  });
});

describe('the window of a host', () => {
  test('answers a read of the other host with DECERR and no data', () => {
    open();
    world.arena.fill(0xff);
    startReads(0, world.arena.length / 2, 4, 1);
    world.run(100);
    expect(world.read(0, PROBE.rdResp)).toBe(DECERR);
    expect(world.read(0, PROBE.rdBeats)).toBe(4);
    expect(world.read(0, PROBE.rdSum)).toBe(0);
  });

  test.each([
    ['below its base', 1, -32],
    ['at its end', 0, 0],
  ])('answers a write %s with DECERR and drops it', (_, card, distance) => {
    open();
    const offset = world.arena.length / 2 + distance;
    startWrite(card, offset, 0x5a5a5a5a);
    world.run(20);
    expect(world.read(card, PROBE.wrResp)).toBe(DECERR);
    expect(world.arenaView.getUint32(offset, true)).toBe(0);
  });

  test('lets the last beat inside pass, on both cards', () => {
    open();
    const half = world.arena.length / 2;
    startWrite(0, half - 32, 1);
    startWrite(1, 2 * half - 32, 2);
    world.run(20);
    expect(world.arenaView.getUint32(half - 32, true)).toBe(1);
    expect(world.arenaView.getUint32(2 * half - 32, true)).toBe(2);
  });
});

describe('faults', () => {
  test('fail the next reads and writes with SLVERR, then no more', () => {
    open();
    fillBeats(0, 8);
    expect(world.fault(0, TW.faultReadError, 1)).toBe(0);
    expect(world.fault(0, TW.faultWriteError, 1)).toBe(0);
    startReads(0, 0, 2, 3);
    startWrite(0, 4096, 7);
    world.run(200);
    expect(world.read(0, PROBE.rdResp)).toBe(SLVERR);
    expect(world.read(0, PROBE.rdSum)).toBe(4);
    expect(world.read(0, PROBE.wrResp)).toBe(SLVERR);
    expect(world.arenaView.getUint32(4096, true)).toBe(0);
    startWrite(0, 4096, 7);
    world.run(20);
    expect(world.read(0, PROBE.wrResp)).toBe(0);
    expect(world.arenaView.getUint32(4096, true)).toBe(7);
  });

  test('make memory silent, which shows as idle cycles, and let it answer later', () => {
    open();
    fillBeats(0, 16);
    world.fault(0, TW.faultMemSilent, 1);
    startReads(0, 0, 16, 1);
    world.run(5000);
    expect(world.idleCycles).toBeGreaterThan(4900);
    expect(world.read(0, PROBE.rdBeats)).toBe(0);
    world.fault(0, TW.faultMemSilent, 0);
    world.run(100);
    expect(world.idleCycles).toBeLessThan(100);
    expect(world.read(0, PROBE.rdBeats)).toBe(16);
  });
});

describe('a card that breaks the rules of the bus is stopped', () => {
  test.each([
    ['crosses a 4 KiB boundary', 4096 - 32, 2],
    ['longer than 16 beats', 0, 17],
  ])('burst %s', (text, offset, beats) => {
    open();
    startReads(0, offset, beats, 1);
    expect(world.run(100)).toBe(TW.errModel);
    expect(world.error).toMatch(/^cycle \d+, card0: m_axi AR: /);
    expect(world.error).toContain(text);
  });

  test('address changed while it waits', () => {
    open();
    world.fault(0, TW.faultMemSilent, 1);
    startWrite(0, 0, 1);
    world.run(10);
    world.post(0, PROBE.wrAddr, 64);
    expect(world.run(10)).toBe(TW.errModel);
    expect(world.error).toContain('m_axi AW: an address that waits was changed');
  });
});
