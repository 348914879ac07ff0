// SPDX-License-Identifier: BSD-2-Clause
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

const open = (options: Partial<Config>): World => {
  world = new World(library, options);
  return world;
};

const send = (card: number, frames: number, lenBytes: number): void => {
  world.post(card, PROBE.txLen, lenBytes);
  world.post(card, PROBE.txGo, frames);
};

// The twin: written from the end of tagwire_sim.h, not from wire_fate.hh.
const mix = (word: number): number => {
  let x = word >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
};
const fateOf = (config: Partial<Config>, card: number, frame: number, lenBytes: number) => {
  const { seed = 1, lossPpm = 0, flipPpm = 0, reorderPpm = 0, reorderCycles = 0 } = config;
  const base = mix(mix(seed ^ Math.imul(0x9e3779b9, card + 1)) + frame);
  const draw = (k: number): number => mix(base + k);
  if (draw(0) % 1e6 < lossPpm) return { flags: TW.tapLost, flipBit: 0, delay: 0 };
  const flipped = draw(1) % 1e6 < flipPpm;
  const reordered = draw(3) % 1e6 < reorderPpm;
  return {
    flags: (flipped ? TW.tapFlipped : 0) | (reordered ? TW.tapReordered : 0),
    flipBit: flipped ? draw(2) % (8 * lenBytes) : 0,
    delay: reordered ? 1 + (draw(4) % reorderCycles) : 0,
  };
};

describe('what the wire does to a frame', () => {
  test.each([1, 0xdeadbeef])('is the hash of seed, sender and number (seed %i)', (seed) => {
    const config = { seed, lossPpm: 2e5, flipPpm: 3e5, reorderPpm: 25e4, reorderCycles: 900 };
    open(config);
    for (const card of [0, 1]) send(card, 300, 100);
    expect(world.run(5000)).toBe(TW.stopBudget);
    const frames = world.frames();
    expect(frames.length).toBe(600);
    const counts = [0, 0, 0, 0];
    for (const card of [0, 1]) {
      frames
        .filter((frame) => frame.card === card)
        .forEach((frame, number) => {
          const { flags, flipBit } = fateOf(config, card, number, 100);
          expect([frame.flags, frame.flipBit]).toEqual([flags, flipBit]);
          [true, flags & 1, flags & 2, flags & 4].forEach((on, i) => {
            counts[i]! += on ? 1 : 0;
          });
        });
    }
    expect(world.wireCounts).toEqual(counts);
    for (const count of counts) expect(count).toBeGreaterThan(50);
  });

  test('touches neither frames without faults nor their bytes', () => {
    open({});
    send(0, 20, 77);
    world.run(1000);
    const frames = world.frames();
    expect(frames.length).toBe(20);
    for (const { flags, bytes } of frames) {
      expect(flags).toBe(0);
      expect(bytes).toEqual(Uint8Array.from({ length: 77 }, (_, i) => i));
    }
    expect(world.read(1, PROBE.rxFrames)).toBe(20);
    expect(world.read(1, PROBE.rxLen)).toBe(77);
    expect(world.read(1, PROBE.rxSum)).toBe(20 * ((76 * 77) / 2));
    expect(world.read(0, PROBE.rxFrames)).toBe(0);
  });

  test('loses frames that then do not arrive', () => {
    open({ lossPpm: 5e5 });
    send(0, 200, 64);
    world.run(2000);
    const lost = world.wireCounts[1]!;
    expect(lost).toBeGreaterThan(50);
    expect(world.read(1, PROBE.rxFrames)).toBe(200 - lost);
    for (const frame of world.frames()) {
      expect(frame.arrivalCycle === 0).toBe((frame.flags & TW.tapLost) !== 0);
    }
  });

  test('flips the one bit that the tap names, after the tap', () => {
    open({ flipPpm: 1e6 });
    send(0, 1, 64);
    world.run(1000);
    const [frame] = world.frames();
    expect(frame!.bytes).toEqual(Uint8Array.from({ length: 64 }, (_, i) => i));
    const byte = frame!.flipBit >> 3;
    const change = (byte ^ (1 << (frame!.flipBit & 7))) - byte;
    expect(world.read(1, PROBE.rxSum)).toBe((63 * 64) / 2 + change);
  });
});

describe('the time on the wire', () => {
  test.each([0, 1, 200, 5000])('is %i cycles from the last beat to the first', (latency) => {
    open({ wireLatencyCycles: latency });
    send(0, 1, 1400);
    world.run(6000);
    const [frame] = world.frames();
    expect(frame!.arrivalCycle).toBe(frame!.cycle + latency);
    expect(world.read(1, PROBE.rxFirst) + RESET_CYCLES).toBe(frame!.arrivalCycle);
  });

  test('of a short frame behind a long one includes the long one', () => {
    open({ wireLatencyCycles: 100 });
    send(0, 1, 1600);
    world.run(110);
    send(0, 1, 16);
    world.run(1000);
    const [long, short] = world.frames();
    expect(short!.arrivalCycle).toBe(long!.arrivalCycle + 100);
    expect(world.read(1, PROBE.rxFirst) + RESET_CYCLES).toBe(short!.arrivalCycle);
  });

  test('of a delayed frame is longer, so that later ones overtake', () => {
    const config = { reorderPpm: 3e5, reorderCycles: 400, seed: 5 };
    open(config);
    send(0, 50, 64);
    world.run(2000);
    const frames = world.frames();
    const order = frames.map((frame) => frame.arrivalCycle);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    frames.forEach((frame, number) => {
      const { delay } = fateOf(config, 0, number, 64);
      if (delay > 0) expect(frame.arrivalCycle).toBeGreaterThanOrEqual(frame.cycle + 200 + delay);
    });
    expect(world.read(1, PROBE.rxFrames)).toBe(50);
    expect(world.read(1, PROBE.rxSum)).toBe(50 * ((63 * 64) / 2));
  });
});

describe('injected frames', () => {
  test('arrive in order, after their delay, unchanged and marked', () => {
    open({ lossPpm: 1e6, flipPpm: 1e6 });
    for (let i = 0; i < 3; i++) world.arena.fill(i + 1, 4096 * i, 4096 * i + 33);
    const now = world.cycle;
    expect(world.inject(1, 0, 33, 50)).toBe(0);
    expect(world.inject(1, 4096, 33, 0)).toBe(0);
    expect(world.inject(1, 8192, 33, 100)).toBe(0);
    world.arena.fill(0); // copied: the arena may change at once
    world.run(500);
    const frames = world.frames();
    expect(frames.map((frame) => frame.arrivalCycle - now)).toEqual([50, 53, 100]);
    expect(frames.map((frame) => [frame.card, frame.flags])).toEqual(
      Array(3).fill([1, TW.tapInjected]),
    );
    expect(frames.map((frame) => frame.bytes[32])).toEqual([1, 2, 3]);
    expect(world.read(1, PROBE.rxFrames)).toBe(3);
    expect(world.read(1, PROBE.rxSum)).toBe(33 * 6);
    expect(world.wireCounts[0]).toBe(0);
  });

  test('are refused when empty, too long, outside the arena, or for no card', () => {
    open({ cardCount: 1 });
    expect(world.inject(0, 0, 0)).toBe(TW.errArg);
    expect(world.inject(0, 0, TW.frameMax + 1)).toBe(TW.errArg);
    expect(world.inject(0, world.arena.length - 10, 11)).toBe(TW.errArg);
    expect(world.error).toContain('outside the arena');
    expect(world.inject(1, 0, 64)).toBe(TW.errArg);
    expect(world.error).toContain('no card 1');
    expect(world.inject(0, 0, TW.frameMax)).toBe(0);
    world.run(1000);
    expect(world.read(0, PROBE.rxLen)).toBe(TW.frameMax);
  });
});

describe('the tap', () => {
  test('stops the run before a frame would not fit, and none is lost', () => {
    open({ tapBytes: 32 + TW.frameMax });
    send(0, 300, 1000);
    send(1, 300, 1000);
    const seen = [0, 0];
    let stops = 0;
    while (world.run(40_000) === TW.stopTap) {
      for (const frame of world.frames()) seen[frame.card]!++;
      stops++;
    }
    expect(seen).toEqual([300, 300]);
    expect(stops).toBeGreaterThan(100);
  });

  test('keeps frames for later when a register read meets it full', () => {
    open({ tapBytes: 32 + TW.frameMax, cardCount: 1 });
    for (let i = 0; i < 100; i++) world.arena[i] = i;
    for (let i = 0; i < 200; i++) expect(world.inject(0, i % 50, 50)).toBe(0);
    expect(world.read(0, PROBE.id)).toBe(0x50524f42);
    const firsts: number[] = [];
    do {
      for (const frame of world.frames()) firsts.push(frame.bytes[0]!);
    } while (world.run(1) === TW.stopTap);
    for (const frame of world.frames()) firsts.push(frame.bytes[0]!);
    expect(firsts).toEqual(Array.from({ length: 200 }, (_, i) => i % 50));
  });

  test('gets the frames of a single card, which go nowhere', () => {
    open({ cardCount: 1 });
    send(0, 3, 60);
    world.run(500);
    const frames = world.frames();
    expect(frames.map((frame) => [frame.card, frame.arrivalCycle])).toEqual(Array(3).fill([0, 0]));
    expect(world.read(0, PROBE.rxFrames)).toBe(0);
  });

  test('may be left out', () => {
    open({ tapBytes: 0 });
    send(0, 100, 1500);
    expect(world.run(12_000)).toBe(TW.stopBudget);
    expect(world.wireCounts[0]).toBe(100);
  });
});
