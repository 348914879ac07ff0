// SPDX-License-Identifier: BSD-2-Clause
import { Rng } from '../kern/rng.ts';
import { BASE_WORKLOAD, type Job, type RunSample, type Workload } from './sample.ts';
import { cpuNs } from './timer.ts';

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
  /** What the simulation does: a built-in name or the full path of a script. */
  readonly scenario: string;
  /** Rounds of the base workload, all strategies in each; fewer when roundsMs are over, but not too few. */
  readonly rounds: number;
  readonly roundsMin: number;
  readonly roundsMs: number;
  readonly base: Workload;
  readonly sweeps: readonly Workload[];
  readonly cosim: readonly Workload[];
  /** Wall time after which no further process of the sweeps starts. */
  readonly budgetMs: number;
  /** Processes at a time: 1, where nothing else is to be in the way; and in the sweeps. */
  readonly parallel: number;
  readonly sweepParallel: number;
}

export interface Measured {
  readonly samples: readonly RunSample[];
  /** CPU nanoseconds of the same arithmetic, before each round. */
  readonly calibrationNs: readonly number[];
}

type Measure = (job: Job) => Promise<RunSample>;

/**
 * Starts the processes, as a rule one after the other, each for one strategy, workload and round.
 * Strategies take turns in an order that the seed shuffles anew each time, so that what the machine
 * does meanwhile falls on all alike. First the rounds of the base workload, then the simulation, then
 * the sweeps, workload by workload, for as long as there is time. Throws what `measure` throws.
 */
export async function runRounds(
  plan: Plan,
  measure: Measure,
  onProgress: (phase: string, job: Job) => void = () => {},
): Promise<Measured> {
  const startMs = performance.now();
  const rng = new Rng(plan.seed);
  const samples: RunSample[] = [];
  const calibrationNs: number[] = [];
  const run = async (
    phase: string,
    list: Job[],
    workers: number,
    endMs = Infinity,
  ): Promise<void> => {
    const worker = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const job = list.shift();
        if (job === undefined) return;
        onProgress(phase, job);
        try {
          samples.push(await measure(job));
        } catch (error) {
          // Nobody begins another one then.
          list.length = 0;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: workers }, worker));
  };
  const round = (mode: Job['mode'], what: readonly Workload[], n: number, phase: string) => {
    calibrationNs.push(calibrate());
    return run(phase, shuffled(jobs(plan, mode, what, n), rng), plan.parallel);
  };

  for (let n = 0; n < plan.rounds; n++) {
    if (n >= plan.roundsMin && performance.now() >= startMs + plan.roundsMs) break;
    await round('stack', [plan.base], n, `round ${n + 1} of ${plan.rounds}`);
  }
  if (plan.cosim.length > 0) await round('cosim', plan.cosim, 0, 'the whole simulation');
  for (let n = 0; n < SWEEP_ROUNDS; n++) {
    // They are there for shapes: half the batches will do, and company.
    const brief = { ...plan, quick: true };
    const list = plan.sweeps.flatMap((w) => shuffled(jobs(brief, 'stack', [w], n), rng));
    const endMs = startMs + plan.budgetMs;
    await run(`other workloads, round ${n + 1}`, list, plan.sweepParallel, endMs);
  }
  return { samples, calibrationNs };
}

/** More would show no more: the sweeps are there for shapes, the base workload for verdicts. */
const SWEEP_ROUNDS = 3;

function jobs(
  { strategies, seed, quick, nic, scenario }: Plan,
  mode: Job['mode'],
  workloads: readonly Workload[],
  round: number,
): Job[] {
  return strategies.flatMap(({ name, file }) =>
    workloads.map((workload) => ({
      ...{ strategy: name, strategyFile: file, mode, workload },
      ...{ scenario, round, seed, quick, nic },
    })),
  );
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

/** CPU time of a step of fixed arithmetic, nanoseconds: the pace of the machine itself. */
function calibrate(): number {
  const since = cpuNs();
  let x = 1;
  for (let i = 0; i < CALIBRATION_STEPS; i++) x = (Math.imul(x, 0x41c64e6d) + 12345) | 0;
  const ns = cpuNs() - since;
  // `x` is looked at, so that the loop is not thought useless.
  return x === 0 ? 0 : ns / CALIBRATION_STEPS;
}

/** The workload of packets of `sizeBytes`, in the simulation. */
export function cosimWorkload(sizeBytes: number): Workload {
  return { ...BASE_WORKLOAD, name: `cosim-${sizeBytes}`, sizeBytes };
}
