// SPDX-License-Identifier: BSD-2-Clause
import { beforeAll, describe, expect, test } from 'vitest';
import { cardLibrary } from '../../../src/harness/library.ts';
import { randomFrames } from './random_frames.ts';

/** Twenty worlds of 5,120 frames at one lane, each with other keys and another pace of memory. */
const WORLDS = Array.from({ length: 20 }, (_, i) => ({
  seed: 1000 + i,
  memStallPermille: [0, 50, 300, 700][i % 4]!,
}));

describe.each([
  [1, WORLDS],
  [2, WORLDS.slice(0, 4)],
  [4, WORLDS.slice(0, 4)],
] as const)('random frames against software ESP, %i lanes', (lanes, worlds) => {
  let library: string;
  beforeAll(async () => {
    library = (await cardLibrary({}, lanes)).library;
  }, 600_000);

  test.each(worlds)('keys of seed $seed, memory pauses $memStallPermille permille', (world) => {
    expect(randomFrames(library, { ...world, frames: 5120 })).toBe(5120);
  });
});
