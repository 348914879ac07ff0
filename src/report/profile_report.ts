// SPDX-License-Identifier: BSD-2-Clause
/**
 * What `tagwire profile` found out: profile.json. profile_schema.ts says the same to machines.
 * All figures are per packet and transform unless they say otherwise.
 */

/** Raised whenever a field changes its name or meaning: files of another version are refused. */
export const PROFILE_VERSION = 2;

/** Nanoseconds, or a share. */
export interface Figure {
  /** Over the whole batches of all rounds: each is the mean of its packets. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Interval of the median, from the medians of the rounds; null when they are too few for one. */
  readonly low95: number | null;
  readonly high95: number | null;
  /** The quickest batch of each round, in the order of the rounds: what comparisons are made of. */
  readonly rounds: readonly number[];
}

/** Counted, not timed: these belong to the design and are the same on every machine. */
export interface DesignFigures {
  readonly allocs: number;
  readonly frees: number;
  readonly bytes: number;
  readonly steps: number;
  /** Allocations between ipsec's request and the driver's descriptor. */
  readonly handoverAllocs: number;
  readonly saHolds: number;
  readonly saReleases: number;
  readonly inserts: number;
  readonly deletes: number;
}

export interface DirectionReport extends DesignFigures {
  readonly tagNs: Figure;
  readonly hostNs: Figure;
  /** tagNs as a part of hostNs. */
  readonly tagShare: Figure;
  /** Bytes on the garbage-collected heap, and time in collecting it, in steady state. */
  readonly heapBytes: number;
  readonly gcNs: number;
  /** All stages but `host`, by name. */
  readonly stages: Readonly<Record<string, Figure>>;
}

/** The strategy's original: what a packet costs there, as read from its source. */
export interface RealSystem {
  readonly system: string;
  readonly txAllocs: number;
  readonly txBytes: string;
  readonly rxAllocs: number;
  readonly rxBytes: string;
  /** Why the figures here are others. */
  readonly note?: string;
}

export interface CosimReport {
  readonly sizeBytes: number;
  readonly sent: number;
  readonly offloaded: number;
  /** Wall nanoseconds. */
  readonly splitNs: Readonly<Record<'rtl' | 'ffi' | 'stack' | 'other', number>>;
  readonly ffiCalls: number;
  readonly ffiNs: number;
  /** Of the design: cycles and beats are the same on every machine. Null with the model. */
  readonly rtl: {
    /** From one frame on the sending card's wire to the next. */
    readonly cyclesPerPacket: number;
    readonly dmaReadBeats: number;
    readonly dmaWriteBeats: number;
    /** Cycles that a packet spent in each stage of the sending card. */
    readonly stages: Readonly<Record<string, { p50: number; p90: number; p99: number }>>;
  } | null;
}

export interface StrategyReport {
  readonly name: string;
  /** Who does it so; the user's own file says nothing of that. */
  readonly origin: string;
  /** Measured from the user's own file. */
  readonly file: string | null;
  /** Where the strategy is known to bite. */
  readonly hazards: readonly string[];
  readonly realSystems: readonly RealSystem[];
  /** Among the strategies of this run, by tagNs: 1 + how many are surely cheaper. */
  readonly rank: { readonly tx: number; readonly rx: number };
  readonly tx: DirectionReport;
  readonly rx: DirectionReport;
  readonly cosim: readonly CosimReport[];
}

/** Two strategies, round by round. */
export interface Comparison {
  readonly direction: 'tx' | 'rx';
  readonly metric: 'tagNs' | 'hostNs';
  readonly a: string;
  readonly b: string;
  /** b beside a: 1.03 is 3 % more. */
  readonly ratio: number;
  readonly low95: number | null;
  readonly high95: number | null;
  /** What b costs; 'no difference' is no winner. */
  readonly verdict: 'less' | 'more' | 'no difference';
  readonly note: string;
}

/** Payload in bytes, packets between doorbells, SAs and so on; src/profile/sample.ts has them all. */
export type Workload = Readonly<Record<string, string | number | boolean>> & {
  readonly sizeBytes: number;
};

/** One row of the sweeps: other sizes, batches, numbers of SAs, misses, clones, loopback, rekeys. */
export interface WorkloadReport {
  readonly name: string;
  readonly workload: Workload;
  readonly strategy: string;
  readonly tx: DirectionReport;
  readonly rx: DirectionReport;
}

export interface Manifest {
  readonly tagwire: string;
  /** Commit of the package's sources, where there is a repository; `+` = with changes. */
  readonly commit: string | null;
  readonly seed: number;
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly platform: string;
    /** Load average of the last minute, before and after. */
    readonly loadBefore: number;
    readonly loadAfter: number;
  };
  readonly versions: Readonly<Record<string, string>>;
  /** A fixed piece of arithmetic, timed before each round: how steady the machine itself was. */
  readonly calibrationNs: readonly number[];
}

export interface Method {
  readonly rounds: number;
  readonly packetsPerBatch: number;
  readonly batchesPerRound: number;
  /** Whole batches at the start of each process that do not count. */
  readonly warmUpBatches: number;
  /** What reading the timer once costs; subtracted. */
  readonly timerNs: number;
  readonly notes: readonly string[];
}

export interface ProfileReport {
  readonly schema: 'tagwire-profile';
  readonly version: typeof PROFILE_VERSION;
  readonly scenario: string;
  readonly quick: boolean;
  readonly manifest: Manifest;
  readonly method: Method;
  /** Names of the figures that every machine must find the same, and of those that are this one's. */
  readonly figures: {
    readonly design: readonly string[];
    readonly implementation: readonly string[];
  };
  /** The workload of `strategies`; each of `workloads` changes one thing of it. */
  readonly base: Workload;
  readonly strategies: readonly StrategyReport[];
  readonly comparisons: readonly Comparison[];
  readonly workloads: readonly WorkloadReport[];
}
