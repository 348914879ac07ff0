// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../src/dev/nic/nic_regs.ts';
import { CTRL } from '../../test/rtl/card/card_host.ts';
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
import { packetsIn, packetsOut } from './offload_random.ts';
import { sums } from './sums.ts';
import { espFrames, overflow, plainFrames, refusals } from './traffic.ts';
import { farMemory, heads, lostBuffers, nearMatches, restarts, windows } from './walks.ts';

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
  { name: 'memory errors', run: (b) => memoryErrors(b), log2: 4 },
  {
    name: 'memory errors, frames of several buffers',
    run: (b) => memoryErrors(b, CTRL.all | R.CTRL_RX_SCATTER, 96),
    log2: 4,
  },
  { name: 'resets', run: resets, log2: 4 },
  { name: 'interrupts', run: interrupts },
  { name: 'plain frames', run: plainFrames },
  { name: 'overflow', run: (b) => overflow(b, 80, 1000) },
  { name: 'overflow of short frames', run: (b) => overflow(b, 200, 64) },
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
  { name: 'heads', run: (b) => heads(b, 1) },
  { name: 'restarts', run: (b) => restarts(b, 1), options: { ...STALLS, memStallPermille: 850 } },
  { name: 'lost buffers', run: lostBuffers },
  { name: 'far memory', run: (b) => farMemory(b, 1), options: { arenaBytes: 1 << 28 } },
  { name: 'long sums', run: (b) => sums(b, 4, 9000, 12, 8800) },
  {
    name: 'long frames, memory that nearly stands',
    run: (b) => espFrames(b, 4, 64, 2200),
    options: { memStallPermille: 850, memLatencyCycles: 60, seed: 5 },
  },
  { name: 'packets out', run: (b) => packetsOut(b, 1) },
  { name: 'packets in', run: (b) => packetsIn(b, 1) },
  { name: 'windows', run: (b) => windows(b, 1) },
  { name: 'near matches', run: nearMatches },
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
