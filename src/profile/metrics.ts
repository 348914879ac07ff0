// SPDX-License-Identifier: BSD-2-Clause
import type {
  DirectionReport,
  Figure,
  ProfileReport,
  StrategyReport,
} from '../report/profile_report.ts';
import { DESIGN_COUNTS } from './direction.ts';
import { RTL_STAGES, STAGES } from './sample.ts';

/** A figure as gates and comparisons see it: one value, and bounds where it was timed. */
export interface MetricValue {
  readonly value: number;
  /** Rounds and bounds of what was timed; undefined for what was counted. */
  readonly figure: Figure | undefined;
  /** Differences that say nothing: 0 for counts, which are exact. */
  readonly tolerance: number;
}

const DIRECTIONS = ['tx', 'rx'] as const;
const TIMED = ['tagNs', 'hostNs', 'tagShare'] as const;
/** What is left to the collector is no exact count, and has no rounds either. */
const HEAP_TOLERANCE_BYTES = 0.5;
const HEAP_TOLERANCE = 0.02;
/** When it collects is chance. Its time is in that of the host, which has rounds to judge by. */
const GC_TOLERANCE_NS = Infinity;

/** All names that metricsOf() may give, where the simulation runs with these payload sizes. */
export function metricNames(cosimSizes: readonly number[]): string[] {
  const ways = DIRECTIONS.flatMap((direction) =>
    [
      ...[...DESIGN_COUNTS, 'heapBytes', 'gcNs', ...TIMED],
      ...STAGES.filter((stage) => stage !== 'host').map((stage) => `stages.${stage}`),
    ].map((name) => `${direction}.${name}`),
  );
  const card = ['cyclesPerPacket', 'dmaReadBeats', 'dmaWriteBeats', 'ffiCalls'];
  const stages = RTL_STAGES.map((stage) => `rtl.${stage}`);
  const simulated = cosimSizes.flatMap((size) =>
    [...card, ...stages].map((name) => `${name}.${size}`),
  );
  return [...ways, ...simulated];
}

const RATIOS = { tagNs: 'tagRatio', hostNs: 'hostRatio' } as const;

/** Names of ratiosOf(), where these strategies are measured. */
export function ratioNames(strategies: readonly string[]): string[] {
  return DIRECTIONS.flatMap((direction) =>
    Object.values(RATIOS).flatMap((ratio) =>
      strategies.map((other) => `${direction}.${ratio}.${other}`),
    ),
  );
}

/** What a strategy costs beside each other one of the run: `tx.hostRatio.mbuf-field`, `rx.tagRatio…`. */
export function ratiosOf(report: ProfileReport, strategy: string): Map<string, MetricValue> {
  const beside = report.comparisons.filter((c) => c.b === strategy);
  return new Map(
    beside.map(({ direction, metric, a, ratio, low95, high95 }) => {
      const figure: Figure = { p50: ratio, p90: ratio, p99: ratio, low95, high95, rounds: [] };
      return [`${direction}.${RATIOS[metric]}.${a}`, { value: ratio, figure, tolerance: 0 }];
    }),
  );
}

/**
 * All metrics of a strategy by name: `tx.tagNs`, `rx.allocs`, `tx.stages.esp`, and of the simulation,
 * by payload size, `cyclesPerPacket.64`, `ffiCalls.64`, `dmaReadBeats.64`, `rtl.crypto.64`.
 */
export function metricsOf(strategy: StrategyReport): Map<string, MetricValue> {
  const metrics = new Map<string, MetricValue>();
  const put = (name: string, value: number, figure?: Figure, tolerance = 0): void => {
    metrics.set(name, { value, figure, tolerance });
  };
  for (const direction of DIRECTIONS) {
    const report: DirectionReport = strategy[direction];
    for (const name of DESIGN_COUNTS) put(`${direction}.${name}`, report[name]);
    const { heapBytes } = report;
    const tolerance = HEAP_TOLERANCE_BYTES + HEAP_TOLERANCE * heapBytes;
    put(`${direction}.heapBytes`, heapBytes, undefined, tolerance);
    put(`${direction}.gcNs`, report.gcNs, undefined, GC_TOLERANCE_NS);
    for (const name of TIMED) put(`${direction}.${name}`, report[name].p50, report[name]);
    for (const [name, figure] of Object.entries(report.stages)) {
      put(`${direction}.stages.${name}`, figure.p50, figure);
    }
  }
  for (const { sizeBytes, ffiCalls, rtl } of strategy.cosim) {
    put(`ffiCalls.${sizeBytes}`, ffiCalls);
    if (rtl === null) continue;
    put(`cyclesPerPacket.${sizeBytes}`, rtl.cyclesPerPacket);
    put(`dmaReadBeats.${sizeBytes}`, rtl.dmaReadBeats);
    put(`dmaWriteBeats.${sizeBytes}`, rtl.dmaWriteBeats);
    for (const [stage, { p50 }] of Object.entries(rtl.stages)) {
      put(`rtl.${stage}.${sizeBytes}`, p50);
    }
  }
  return metrics;
}
