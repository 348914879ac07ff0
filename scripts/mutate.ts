// SPDX-License-Identifier: BSD-2-Clause
/**
 * Mutation of the engine's RTL: does its unit bench notice a wrong gate? Yosys puts mutants into
 * the netlist of one block, each switched on by a number, so that one build holds all mutants of
 * the block; the rest of the engine stays as it is written. A mutant is killed when an answer, or
 * the number of cycles for it, differs, or an assertion stops the model.
 *
 *     npm run mutate                   all blocks
 *     npm run mutate -- nic_ghash …    these alone
 *
 * What a block scored is kept in test/rtl/mutation.json, with the mutants that survived.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGcmLibrary, root } from '../test/rtl/gcm_engine.ts';
import { killed } from './mutate/kill.ts';
import { BLOCKS, type Block, mutants } from './mutate/netlist.ts';

const RESULT = new URL('../test/rtl/mutation.json', import.meta.url);
const SEED = 1;

interface Score {
  block: string;
  mutants: number;
  killed: number;
  /** Yosys' own words for those that no test noticed. */
  survivors: string[];
}

async function scoreOf(block: Block): Promise<Score> {
  const { netlist, names } = await mutants(block, SEED);
  const dir = mkdtempSync(join(tmpdir(), 'tagwire-mutate-'));
  writeFileSync(join(dir, `${block.name}.sv`), netlist);
  try {
    const files = readFileSync(join(root, 'rtl/nic_gcm.f'), 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('.sv'))
      .map((file) => join(root, 'rtl', file))
      .map((file) => (file.endsWith(`/${block.name}.sv`) ? join(dir, `${block.name}.sv`) : file));
    const library = await buildGcmLibrary(`mutant_${block.name}`, {
      sources: files,
      optimize: '-O1',
      flags: ['-Wno-lint', '-Wno-UNOPTFLAT', '-Wno-fatal'],
    });
    // Mutant 0 is the block as it is: what kills it is no test of mutants.
    const wrong = killed(library, 0);
    if (wrong !== undefined) throw new Error(`${block.name} without a mutant fails: ${wrong}`);
    const survivors = names.filter((_, i) => killed(library, i + 1) === undefined);
    return {
      block: block.name,
      mutants: names.length,
      killed: names.length - survivors.length,
      survivors,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const asked = process.argv.slice(2).filter((a) => !a.startsWith('-'));
const scores: Score[] = [];
console.log('| block | mutants | killed |\n|---|--:|--:|');
for (const block of BLOCKS.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  const score = await scoreOf(block);
  scores.push(score);
  console.log(`| ${score.block} | ${score.mutants} | ${score.killed} |`);
  for (const survivor of score.survivors) console.log(`  survives: ${survivor}`);
}
const sum = (of: (s: Score) => number): number => scores.reduce((n, s) => n + of(s), 0);
const share = sum((s) => s.killed) / sum((s) => s.mutants);
console.log(`${(100 * share).toFixed(1)} % killed`);
const kept = (JSON.parse(readFileSync(RESULT, 'utf8')) as Score[]).filter(
  (old) => !scores.some((s) => s.block === old.block),
);
writeFileSync(RESULT, `${JSON.stringify([...kept, ...scores], null, 2)}\n`);
process.exitCode = share >= 0.9 ? 0 : 1;
