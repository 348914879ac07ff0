// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Case } from '../case.ts';
import type { CaseRun } from '../case_run.ts';
import { caseSeed } from '../seed.ts';
import { judge } from './fuzz.ts';
import { type FuzzCase, readFuzzFile } from './fuzz_case.ts';
import { generate } from './generate.ts';
import { type Card, play } from './play.ts';

const WORLDS = 12;

/** On the card under test and the others; the card's own digest is the case's. */
async function compare(c: CaseRun, one: FuzzCase): Promise<void> {
  const { nic, ffi, timeoutCycles } = c.settings;
  const cards: Card[] = nic === 'rtl' ? ['rtl', 'model', 'software'] : ['model', 'software'];
  const reason = await judge(one, cards);
  if (reason !== '') c.fail(reason);
  c.record('fuzz', (await play(one, nic, { ffi, maxCycles: timeoutCycles })).digest);
}

const random: readonly Case[] = Array.from({ length: WORLDS }, (_, n) => ({
  id: `fuzz/world-${n + 1}`,
  title: `random policies, SAs, traffic and faults, world ${n + 1}: card, model and software agree`,
  checks: 'all oracles; RFC 4301 §5, RFC 4303 §3',
  parameters: { n },
  isRandom: true,
  run: (c) => compare(c, generate(caseSeed(c.seed, 'fuzz', {}))),
}));

/** What `tagwire fuzz` has found before: the folder that TAGWIRE_CORPUS names. */
function corpus(folder: string | undefined): Case[] {
  if (folder === undefined || folder === '' || !existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return files.sort().map((name) => ({
    id: `fuzz/corpus-${basename(name, '.json')
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]/g, '-')}`,
    title: `${name} of the corpus does not fail any more`,
    checks: 'found by tagwire fuzz',
    run: (c) => compare(c, readFuzzFile(join(folder, name))),
  }));
}

export const FUZZ_CASES: readonly Case[] = [...random, ...corpus(process.env.TAGWIRE_CORPUS)];
