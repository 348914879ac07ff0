// SPDX-License-Identifier: BSD-2-Clause
/**
 * Mutation of the card's RTL: is a wrong gate noticed? Yosys makes a netlist of the whole card, one
 * lane and one queue, and puts mutants into each of its modules, each switched on by a number, so that
 * one build holds them all. The stimuli of scripts/mutate note what the card shows: frames, memory,
 * completions, registers, the interrupt line, all with their cycles. A mutant is killed when any of it
 * differs, when the card hangs or when a checker at its ports stops it. The assertions in the modules
 * are not in the netlist, so they kill nothing here. Without a mutant the netlist must do what the
 * RTL does, to the cycle.
 *
 *     npm run mutate                   all modules
 *     npm run mutate -- nic_ghash …    these alone
 *
 * What a module scored is kept in test/rtl/mutation.json, with the mutants that survived, and why, which is
 * written by hand: an empty one is still open. A whole run takes a quarter of an hour.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cardLibrary } from '../src/harness/library.ts';
import { BLOCKS } from './mutate/blocks.ts';
import { mutantLibrary } from './mutate/netlist.ts';
import { STIMULI } from './mutate/stimuli.ts';
import { Trial } from './mutate/trial.ts';

const RESULT = new URL('../test/rtl/mutation.json', import.meta.url);
/** The netlist, to look a survivor up in. */
const NETLIST = fileURLToPath(new URL('../out/mutate', import.meta.url));
const SEED = 1;

interface Survivor {
  /** Yosys' own words. */
  mutant: string;
  /** Why no test can notice it, or none has to. */
  why: string;
}

interface Score {
  block: string;
  mutants: number;
  killed: number;
  survivors: Survivor[];
}

/** What every stimulus gives when nothing is wrong, of the netlist and of the RTL. */
async function digestsWithout(trial: Trial): Promise<string[]> {
  const { digests } = await trial.ask({ mutant: 0 });
  const rtl = new Trial((await cardLibrary()).library);
  const expected = (await rtl.ask({ mutant: 0 })).digests;
  rtl.close();
  STIMULI.forEach(({ name }, i) => {
    if (digests[i] !== expected[i])
      throw new Error(`${name}: the netlist: ${digests[i]}, the RTL: ${expected[i]}`);
  });
  return digests;
}

/** A mutant without the numbers that Yosys counts its cells by: they change with every other module. */
const nameOf = (mutant: string): string => mutant.replace(/\$\d+/g, '');

const readScores = (): Score[] => JSON.parse(readFileSync(RESULT, 'utf8')) as Score[];

const asked = process.argv.slice(2).filter((a) => !a.startsWith('-'));
// All mutants, whichever are asked for: the library of the last time serves again.
const { library, mutants } = await mutantLibrary(BLOCKS, SEED, NETLIST);
const trial = new Trial(library);
const expected = await digestsWithout(trial);

console.log('| module | mutants | killed |\n|---|--:|--:|');
const scores: Score[] = [];
for (const block of BLOCKS.keys()) {
  if (asked.length > 0 && !asked.includes(block)) continue;
  const all = mutants.filter((m) => m.block === block);
  const before = readScores();
  const known = before.flatMap((s) => s.survivors);
  const survivors: Survivor[] = [];
  for (const { number, text } of all) {
    const { killedBy } = await trial.ask({ mutant: number, expected });
    if (killedBy !== undefined) continue;
    const why = known.find(({ mutant }) => nameOf(mutant) === nameOf(text))?.why ?? '';
    survivors.push({ mutant: text, why });
    console.log(`  survives: ${text}`);
  }
  const killed = all.length - survivors.length;
  const score = { block, mutants: all.length, killed, survivors };
  scores.push(score);
  console.log(`| ${block} | ${all.length} | ${killed} |`);
  const kept = [...before.filter((s) => s.block !== block), score];
  const order = [...BLOCKS.keys()];
  kept.sort((a, b) => order.indexOf(a.block) - order.indexOf(b.block));
  writeFileSync(RESULT, `${JSON.stringify(kept, null, 2)}\n`);
}
trial.close();
const sum = (of: (s: Score) => number): number => scores.reduce((n, s) => n + of(s), 0);
const share = sum((s) => s.killed) / sum((s) => s.mutants);
console.log(`${sum((s) => s.killed)} of ${sum((s) => s.mutants)}, ${(100 * share).toFixed(1)} %`);
process.exitCode = share >= 0.9 ? 0 : 1;
