// SPDX-License-Identifier: BSD-2-Clause
// Samples as a measuring process delivers them, drawn instead of measured: what they hide is known.
import { Rng } from '../../src/kern/rng.ts';
import { assemble } from '../../src/profile/assemble.ts';
import { cosimWorkload, type Plan, runRounds } from '../../src/profile/rounds.ts';
import {
  BASE_WORKLOAD,
  type Counts,
  type Job,
  type RtlStage,
  type RunSample,
  SAMPLE_SCHEMA,
  type StageName,
} from '../../src/profile/sample.ts';
import type { Manifest, ProfileReport } from '../../src/report/profile_report.ts';

/** True nanoseconds of each stage; `ip` and `host` follow. */
const STAGE_NS: Partial<Record<StageName, number>> = {
  ...{ policy: 60, esp: 180, driver: 45, descriptor: 30, completion: 35, reclaim: 25 },
};
const IP_NS = 300;

const TAG_NS: Readonly<Record<string, number>> = {
  ...{ 'in-place': 40, 'strip-add': 85, 'accel-tag': 70, 'sec-path': 62, 'mbuf-field': 28 },
  ...{ 'side-table': 110, none: 20 },
};
const ALLOCS: Readonly<Record<string, number>> = {
  ...{ 'in-place': 1, 'strip-add': 2, 'accel-tag': 2, 'sec-path': 1, 'mbuf-field': 0 },
  ...{ 'side-table': 0, none: 1 },
};
export const STRATEGIES = Object.keys(TAG_NS);

export interface Truth {
  /** Differs from run to run, as the machine does. */
  readonly seed: number;
  /** Spread of processes, and of batches, as a part of the whole. */
  readonly noise: number;
  /** Times a stage takes longer than it should: what is planted. */
  readonly slower?: Partial<Record<StageName, number>>;
}

const BATCHES = 12;

/** Measures a job by drawing its result. */
export function drawn({ seed, noise, slower = {} }: Truth): (job: Job) => Promise<RunSample> {
  const rng = new Rng(seed);
  const uniform = () => rng.u32() / 2 ** 32;
  // Skewed, as times are: mostly near the truth, now and then far above it.
  const disturbed = (ns: number) => ns * (1 + noise * -Math.log(1 - uniform()) * 0.5);
  return async (job) => {
    const pace = disturbed(1);
    const batches = (stage: StageName, ns: number) =>
      Array.from({ length: BATCHES }, () => disturbed(ns * pace * (slower[stage] ?? 1)));
    const size = job.workload.sizeBytes / BASE_WORKLOAD.sizeBytes;
    const stagesOf = (way: number): RunSample['stagesNs']['tx'] => {
      const truth = { ...STAGE_NS, tag: TAG_NS[job.strategy] ?? 50, ip: IP_NS + size };
      const host = Object.values(truth).reduce((sum, ns) => sum + ns, 0);
      const entries = Object.entries({ ...truth, host }) as [StageName, number][];
      return Object.fromEntries(entries.map(([s, ns]) => [s, batches(s, ns * way)]));
    };
    const allocs = ALLOCS[job.strategy] ?? 1;
    const counts: Counts = {
      ...{ allocs, frees: allocs, bytes: 48 * allocs, steps: 1, handoverAllocs: 0 },
      ...{ saHolds: job.strategy === 'sec-path' ? 1 : 0, saReleases: 0, heapBytes: 0.1 },
      ...{ inserts: 0, deletes: 0, gcMs: 0 },
    };
    const cosim = job.mode === 'cosim';
    return {
      schema: SAMPLE_SCHEMA,
      ...{ strategy: job.strategy, mode: job.mode, round: job.round, workload: job.workload },
      counts: { tx: counts, rx: counts },
      stagesNs: { tx: stagesOf(1), rx: stagesOf(1.2) },
      ...{ packetsPerBatch: 10_000, timerNs: 25, warmUpBatches: 3 },
      ffi: { calls: 0.0625, ns: 12 },
      rtl: cosim ? rtl(job.workload.sizeBytes) : null,
      tracks: cosim ? tracks(job.workload.sizeBytes) : [],
      split: { rtl: 9000, ffi: 20, stack: 900, other: 50 },
      ...{ offloaded: 1000, sent: 1000, hazards: [`of ${job.strategy}: <known> & "named"`] },
    };
  };
}

const RTL: Readonly<Record<RtlStage, number>> = {
  ...{ descriptor: 210, fetch: 220, sa: 3, crypto: 40, icv: 12, completion: 30 },
};

function rtl(sizeBytes: number): RunSample['rtl'] {
  const beats = sizeBytes / 16;
  return {
    cyclesPerStage: Object.fromEntries(
      Object.entries(RTL).map(([stage, n]) => [stage, [n, n + 1, n + beats]]),
    ) as Record<RtlStage, number[]>,
    ...{ cycles: 10_000, cyclesPerPacket: 5 + beats, dmaReadBeats: 8, dmaWriteBeats: 9 },
  };
}

function tracks(sizeBytes: number): RunSample['tracks'] {
  const wire = Math.ceil(sizeBytes / 16) + 6;
  return Array.from({ length: 5 }, (_, packet) => {
    const descriptor = 1000 + packet * wire;
    return {
      ...{ packet, asked: descriptor - 200, descriptor },
      ...{ fetchBegin: descriptor + 1, fetchEnd: descriptor + 410, sa: descriptor + 400 },
      ...{ cryptoBegin: descriptor + 404, cryptoEnd: descriptor + 430, icv: descriptor + 435 },
      ...{ wireBegin: descriptor + 450, wireEnd: descriptor + 450 + wire },
      completion: descriptor + 480 + wire,
    };
  });
}

export function planOf(change: Partial<Plan> = {}): Plan {
  const rounds = change.rounds ?? 10;
  return {
    strategies: STRATEGIES.map((name) => ({ name, file: null })),
    ...{
      seed: 1,
      quick: false,
      nic: 'rtl',
      scenario: 'tunnel',
      rounds,
      roundsMin: rounds,
      roundsMs: 0,
    },
    ...{ base: BASE_WORKLOAD, budgetMs: 60_000, parallel: 1, sweepParallel: 1 },
    sweeps: [
      { ...BASE_WORKLOAD, name: 'size-1420', sizeBytes: 1420 },
      { ...BASE_WORKLOAD, name: 'clones-4', clones: 4 },
    ],
    cosim: [64, 1420].map(cosimWorkload),
    ...change,
  };
}

export const MANIFEST: Manifest = {
  ...{ tagwire: '0.0.0', commit: null, seed: 1, startedAt: '2026-01-01T00:00:00.000Z', seconds: 1 },
  machine: {
    ...{ cpu: 'drawn', cores: 2, memoryBytes: 1, platform: 'none', loadBefore: 0, loadAfter: 0 },
  },
  versions: { node: '20' },
  calibrationNs: [1, 1.01, 1.02],
};

export async function drawnProfile(
  truth: Truth,
  change: Partial<Plan> = {},
): Promise<ProfileReport> {
  const plan = planOf(change);
  const { samples } = await runRounds(plan, drawn(truth));
  return assemble('drawn', plan, samples, MANIFEST);
}
