// SPDX-License-Identifier: BSD-2-Clause
import type { Config } from '../../test/sim/world.ts';
import { Bench } from './bench.ts';
import { farAddresses, manyBytes, randomSas } from './corners.ts';
import {
  interrupts,
  keyChanges,
  memoryErrors,
  refusedWrite,
  registers,
  resets,
  rings,
  wrap,
} from './faults.ts';
import { anyNumbers, untouched } from './numbers.ts';
import { chains, packetOffload } from './offload.ts';
import { sums } from './sums.ts';
import { espFrames, overflow, plainFrames, refusals } from './traffic.ts';

interface Stimulus {
  name: string;
  run: (b: Bench) => void;
  options?: Partial<Config>;
  log2?: number;
}

const STALLS = { memStallPermille: 400, memLatencyCycles: 120, seed: 3 };

/** The quick ones, and those that most mutants die of, first. */
export const STIMULI: readonly Stimulus[] = [
  { name: 'ESP frames', run: (b) => espFrames(b, 1, 64, 100) },
  { name: 'refusals', run: refusals },
  { name: 'registers', run: registers },
  { name: 'a refused write', run: refusedWrite },
  { name: 'packet offload', run: packetOffload },
  { name: 'rings', run: rings, log2: 4 },
  { name: 'key changes', run: keyChanges },
  { name: 'chains', run: (b) => chains(b, 1) },
  { name: 'sums', run: (b) => sums(b, 1, 120) },
  { name: 'untouched rows', run: untouched },
  { name: 'any numbers', run: (b) => anyNumbers(b, 1) },
  { name: 'memory errors', run: memoryErrors, log2: 4 },
  { name: 'resets', run: resets, log2: 4 },
  { name: 'interrupts', run: interrupts },
  { name: 'plain frames', run: plainFrames },
  { name: 'overflow', run: overflow },
  { name: 'packet offload, memory that stalls', run: packetOffload, options: STALLS },
  { name: 'chains, memory that stalls', run: (b) => chains(b, 2), options: STALLS },
  {
    name: 'ESP frames, memory that stalls',
    run: (b) => espFrames(b, 2, 128, 2000),
    options: STALLS,
  },
  { name: 'sums, memory that stalls', run: (b) => sums(b, 2, 2000), options: STALLS },
  { name: 'any other numbers', run: (b) => anyNumbers(b, 2) },
  { name: 'many sums', run: (b) => sums(b, 3, 400, 40) },
  { name: 'other chains', run: (b) => chains(b, 3) },
  { name: 'many ESP frames', run: (b) => espFrames(b, 3, 320, 2200) },
  { name: 'random SAs', run: randomSas },
  { name: 'far addresses', run: farAddresses, log2: 4 },
  { name: 'many bytes', run: manyBytes },
  { name: 'indices that wrap', run: wrap, options: { memLatencyCycles: 5 }, log2: 12 },
];

/** What the card does under a stimulus; an error ends it like any other thing that it does. */
export function digestOf(library: string, { run, options, log2 }: Stimulus): string {
  let bench: Bench | undefined;
  try {
    bench = new Bench(library, options, log2);
    run(bench);
    return bench.digest();
  } catch (e) {
    return `${(e as Error).message}`;
  } finally {
    bench?.world.destroy();
  }
}
