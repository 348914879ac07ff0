// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { Case } from '../../src/validate/case.ts';
import { CASES } from '../../src/validate/registry.ts';
import { caseSeed } from '../../src/validate/seed.ts';
import { readShard, select, WHOLE } from '../../src/validate/select.ts';

const all = { suites: [], grep: null, reseed: 1, shard: WHOLE };

describe('the cases', () => {
  it('have ids of one form, each once, and say what they check', () => {
    const ids = CASES.map((c) => c.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const c of CASES) {
      expect(c.id).toMatch(/^[a-z]+\/[a-z0-9.-]+$/);
      expect(c.title.length).toBeGreaterThan(10);
      expect(c.checks).not.toBe('');
    }
  });
});

describe('a selection', () => {
  const run = () => {};
  const cases: Case[] = Array.from({ length: 7 }, (_, i) => ({
    ...{ id: `${i < 4 ? 'a' : 'b'}/${i}`, title: `case ${i}`, checks: 'itself' },
    ...{ isRandom: i % 2 === 1, run },
  }));

  it('by group and by name', () => {
    expect(select(cases, { ...all, suites: ['b'] }, 1).map((i) => i.id)).toEqual([
      ...['b/4', 'b/5', 'b/6'],
    ]);
    expect(select(cases, { ...all, grep: /case [15]/ }, 1).map((i) => i.id)).toEqual([
      ...['a/1', 'b/5'],
    ]);
  });

  it('--reseed repeats the random cases, each time under another seed', () => {
    const again = select(cases, { ...all, grep: /[01]$/, reseed: 3 }, 1);
    expect(again.map((i) => i.id)).toEqual(['a/0', 'a/1', 'a/1@2', 'a/1@3']);
    expect(new Set(again.map((i) => i.seed)).size).toBe(4);
  });

  it('the shards are the whole, with the same seeds', () => {
    const whole = select(cases, all, 9);
    const parts = [1, 2, 3].flatMap((i) => select(cases, { ...all, shard: { i, n: 3 } }, 9));
    expect(parts.sort((x, y) => (x.id < y.id ? -1 : 1))).toEqual(whole);
  });

  it.each(['0/3', '4/3', '1', 'a/b', '1/0'])('--shard %s is refused', (text) => {
    expect(() => readShard(text)).toThrow(RangeError);
  });
});

describe('the seed of a case', () => {
  it('follows from master seed, case, parameters and repetition, and from each of them', () => {
    const seed = caseSeed(1, 'a/b', { x: 1, y: 2 });
    expect(caseSeed(1, 'a/b', { y: 2, x: 1 })).toBe(seed);
    const others = [
      caseSeed(2, 'a/b', { x: 1, y: 2 }),
      caseSeed(1, 'a/c', { x: 1, y: 2 }),
      caseSeed(1, 'a/b', { x: 1, y: 3 }),
      caseSeed(1, 'a/b', { x: 1, y: 2 }, 1),
    ];
    expect(new Set([seed, ...others]).size).toBe(5);
  });
});
