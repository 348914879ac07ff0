// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest';
import { Rng } from '../../../src/kern/rng.ts';

// Output of the authors' xoshiro128starstar.c (prng.di.unimi.it) from the state 1, 2, 3, 4; the same
// numbers stand in the tests of the Rust crate rand_xoshiro.
test('xoshiro128** from a known state gives the published numbers', () => {
  const rng = Rng.fromState([1, 2, 3, 4]);
  expect(Array.from({ length: 10 }, () => rng.u32())).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
    4258142804,
  ]);
});

test('one seed gives one sequence; neighbouring seeds give unlike ones', () => {
  const draw = (seed: number): number[] => {
    const rng = new Rng(seed);
    return Array.from({ length: 8 }, () => rng.u32());
  };
  expect(draw(1)).toEqual(draw(1));
  const seen = new Set([0, 1, 2, 3, 0xffffffff].flatMap(draw));
  expect(seen.size).toBe(40);
});

test('below(n) stays below n and reaches every value; chance keeps its probability', () => {
  const rng = new Rng(7);
  const hits = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) hits[rng.below(10)]!++;
  expect(Math.min(...hits)).toBeGreaterThan(800);
  let yes = 0;
  for (let i = 0; i < 10_000; i++) if (rng.chance(0.05)) yes++;
  expect(yes).toBeGreaterThan(400);
  expect(yes).toBeLessThan(600);
  expect(Array.from({ length: 100 }, () => rng.chance(0)).includes(true)).toBe(false);
  expect(Array.from({ length: 100 }, () => rng.chance(1)).includes(false)).toBe(false);
});
