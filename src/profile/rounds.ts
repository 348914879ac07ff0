// SPDX-License-Identifier: BSD-2-Clause
import { Rng } from '../kern/rng.ts';
import { BASE_WORKLOAD, type Job, type RunSample, type Workload } from './sample.ts';

export interface Strategy {
  readonly name: string;
  /** The user's own: full path of the file that it comes from. */
  readonly file: string | null;
}

/** What is to be measured, and how long it may take. */
export interface Plan {
  readonly strategies: readonly Strategy[];
  readonly seed: number;
  readonly quick: boolean;
  readonly nic: Job['nic'];
  /** Rounds of the base workload, all strategies in each. */
  readonly rounds: number;
  readonly base: Workload;
  readonly sweeps: readonly Workload[];
  readonly cosim: readonly Workload[];
  /** Wall time after which no further round of the sweeps begins. */
  readonly budgetMs: number;
}

export interface Measured {
  readonly samples: readonly RunSample[];
  /** Nanoseconds of the same arithmetic, before each round. */
  readonly calibrationNs: readonly number[];
}

type Measure = (job: Job) => Promise<RunSample>;

/**
 * Starts one process after the other, each for one strategy, workload and round. A round takes all
 * its jobs in an order that the seed shuffles anew, so that what the machine does meanwhile falls on
 * all alike. First the rounds of the base workload, then the simulation, then rounds of the sweeps
 * for as long as there is time, but one in any case. Throws what `measure` throws.
 */
export async function runRounds(
  plan: Plan,
  measure: Measure,
  onProgress: (text: string) => void = () => {},
): Promise<Measured> {
  const { seed, quick, nic, strategies } = plan;
  const startMs = performance.now();
  const rng = new Rng(seed);
  const samples: RunSample[] = [];
  const calibrationNs: number[] = [];

  const round = async (
    mode: Job['mode'],
    workloads: readonly Workload[],
    number: number,
  ): Promise<void> => {
    const jobs = strategies.flatMap(({ name, file }) =>
      workloads.map((workload) => ({
        ...{ strategy: name, strategyFile: file, mode, workload },
        ...{ round: number, seed, quick, nic },
      })),
    );
    calibrationNs.push(calibrate());
    for (const [i, job] of shuffled(jobs, rng).entries()) {
      const what = `${mode} round ${number + 1}, ${i + 1} of ${jobs.length}`;
      onProgress(`${what}: ${job.strategy} ${job.workload.name}`);
      samples.push(await measure(job));
    }
  };

  for (let i = 0; i < plan.rounds; i++) await round('stack', [plan.base], i);
  if (plan.cosim.length > 0) await round('cosim', plan.cosim, 0);
  let lastMs = 0;
  for (let i = 0; plan.sweeps.length > 0 && i < plan.rounds; i++) {
    const nowMs = performance.now();
    if (i > 0 && nowMs + lastMs - startMs > plan.budgetMs) break;
    await round('stack', plan.sweeps, i);
    lastMs = performance.now() - nowMs;
  }
  return { samples, calibrationNs };
}

/** Fisher and Yates. */
function shuffled<T>(values: readonly T[], rng: Rng): T[] {
  const out = [...values];
  for (let i = out.length - 1; i > 0; i--) {
    const j = rng.u32() % (i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

const CALIBRATION_STEPS = 2_000_000;

/** How long the machine takes for a fixed piece of arithmetic, in nanoseconds a step. */
function calibrate(): number {
  const since = process.hrtime.bigint();
  let x = 1;
  for (let i = 0; i < CALIBRATION_STEPS; i++) x = (Math.imul(x, 0x41c64e6d) + 12345) | 0;
  const ns = Number(process.hrtime.bigint() - since);
  // `x` is looked at, so that the loop is not thought useless.
  return x === 0 ? 0 : ns / CALIBRATION_STEPS;
}

/** The workload of packets of `sizeBytes`, in the simulation. */
export function cosimWorkload(sizeBytes: number): Workload {
  return { ...BASE_WORKLOAD, name: `cosim-${sizeBytes}`, sizeBytes };
}
