// SPDX-License-Identifier: BSD-2-Clause
/** Tries mutants in a process of its own, which they may end: child.ts LIBRARY, asked by trial.ts. */
import { MUTANT_VARIABLE } from './netlist.ts';
import { digestOf, STIMULI } from './stimuli.ts';
import type { Answer, Question } from './trial.ts';

const library = process.argv[2]!;

process.on('message', ({ mutant, expected }: Question) => {
  process.env[MUTANT_VARIABLE] = String(mutant);
  const digests: string[] = [];
  let killedBy: string | undefined;
  for (const [i, stimulus] of STIMULI.entries()) {
    const digest = digestOf(library, stimulus);
    digests.push(digest);
    if (expected === undefined || digest === expected[i]) continue;
    killedBy = stimulus.name;
    break;
  }
  process.send!({ digests, killedBy } satisfies Answer);
});
