// SPDX-License-Identifier: BSD-2-Clause
import { type Case, groupOf } from './case.ts';
import { caseSeed } from './seed.ts';

/** What to run of all cases. */
export interface Selection {
  /** Groups; none: all. */
  readonly suites: readonly string[];
  /** Ids and titles that match; null: all. */
  readonly grep: RegExp | null;
  /** Under so many seeds, the random ones. */
  readonly reseed: number;
  readonly shard: Shard;
}

/** Part i of n, from 1. */
export interface Shard {
  readonly i: number;
  readonly n: number;
}

export const WHOLE: Shard = { i: 1, n: 1 };

/** One case under one seed. */
export interface Instance {
  /** Of the case; its second repetition has '@2' behind it. */
  readonly id: string;
  readonly caseId: string;
  readonly seed: number;
}

/** What a selection leaves of the cases, in their order. */
export function select(cases: readonly Case[], selection: Selection, seed: number): Instance[] {
  const { suites, grep, reseed, shard } = selection;
  return cases
    .filter((c) => suites.length === 0 || suites.includes(groupOf(c.id)))
    .filter((c) => grep === null || grep.test(c.id) || grep.test(c.title))
    .flatMap((c) =>
      Array.from({ length: c.isRandom === true ? reseed : 1 }, (_, nth) => ({
        id: nth === 0 ? c.id : `${c.id}@${nth + 1}`,
        caseId: c.id,
        seed: caseSeed(seed, c.id, c.parameters ?? {}, nth),
      })),
    )
    .filter((_, at) => at % shard.n === shard.i - 1);
}

/** '2/3'. Throws RangeError. */
export function readShard(text: string): Shard {
  const [, i, n] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (i === undefined || n === undefined || i < 1 || i > n) {
    throw new RangeError(`expected I/N with I from 1 to N, got '${text}'`);
  }
  return { i, n };
}
