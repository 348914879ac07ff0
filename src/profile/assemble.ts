// SPDX-License-Identifier: BSD-2-Clause
import {
  type CosimReport,
  type Manifest,
  PROFILE_VERSION,
  type ProfileReport,
  type StrategyReport,
  type WorkloadReport,
} from '../report/profile_report.ts';
import { compareStrategies, rankOf } from './compare_strategies.ts';
import { DESIGN_COUNTS, directionReport } from './direction.ts';
import { rounded } from './figure.ts';
import { NOISY_RESOLUTION } from './judge.ts';
import { REAL_SYSTEMS } from './real_systems.ts';
import type { Plan } from './rounds.ts';
import { RTL_STAGES, type RunSample } from './sample.ts';
import { median, quantile } from './stats.ts';
import { strategyByName } from './strategy.ts';

const DESIGN_FIGURES = [
  ...DESIGN_COUNTS,
  'cosim.rtl.cyclesPerPacket',
  'cosim.rtl.dmaReadBeats',
  'cosim.rtl.dmaWriteBeats',
  'cosim.rtl.stages',
];
const IMPLEMENTATION_FIGURES = [
  'tagNs',
  'hostNs',
  'tagShare',
  'stages',
  'heapBytes',
  'gcNs',
  'cosim.splitNs',
  'cosim.ffiCalls',
  'cosim.ffiNs',
];

/** Makes profile.json of what the processes measured. */
export function assemble(
  scenario: string,
  plan: Plan,
  samples: readonly RunSample[],
  manifest: Manifest,
): ProfileReport {
  const stack = samples.filter((s) => s.mode === 'stack');
  const base = stack.filter((s) => s.workload.name === plan.base.name);
  const measured = plan.strategies.map(({ name, file }) => {
    const rounds = base.filter((s) => s.strategy === name);
    const tx = directionReport(rounds, 'tx');
    const origin = strategyByName(name)?.origin ?? '';
    return {
      name,
      origin,
      file,
      hazards: rounds[0]!.hazards,
      tx,
      rx: directionReport(rounds, 'rx'),
    };
  });
  const comparisons = compareStrategies(measured);
  const strategies = measured.map(
    ({ tx, rx, ...rest }): StrategyReport => ({
      ...rest,
      realSystems: REAL_SYSTEMS[rest.name] ?? [],
      rank: { tx: rankOf(rest.name, 'tx', comparisons), rx: rankOf(rest.name, 'rx', comparisons) },
      tx,
      rx,
      cosim: samples
        .filter((s) => s.mode === 'cosim' && s.strategy === rest.name)
        .map(cosimReport)
        .sort((a, b) => a.sizeBytes - b.sizeBytes),
    }),
  );
  const workloads = sweepReports(plan, stack);
  return {
    schema: 'tagwire-profile',
    version: PROFILE_VERSION,
    scenario,
    quick: plan.quick,
    manifest,
    method: method(plan, base, workloads, manifest),
    figures: { design: DESIGN_FIGURES, implementation: IMPLEMENTATION_FIGURES },
    base: { ...plan.base },
    strategies,
    comparisons,
    workloads,
  };
}

function method(
  plan: Plan,
  base: readonly RunSample[],
  sweeps: readonly WorkloadReport[],
  manifest: Manifest,
): ProfileReport['method'] {
  const first = base[0]!;
  const notes = [
    `a process for each strategy and round; ${first.warmUpBatches} whole batches at the start of ` +
      'each, while the compiler works, do not count',
    'low95 and high95 bound the median, from one number a round; p50, p90 and p99 are of whole batches',
    'ratios, ranks, shares and comparisons take the quickest batch of each round, since whatever else ' +
      'the machine does can only add to it',
  ];
  if (plan.quick) {
    notes.push(
      `quick: fewer rounds and batches, ${plan.parallel} processes at a time: only large ` +
        'differences show',
    );
  } else if (plan.sweeps.length > 0) {
    notes.push(
      `the other workloads: half the batches, ${plan.sweepParallel} processes at a time, ` +
        'for as long as there is time',
    );
  }
  const rounds = base.length / plan.strategies.length;
  if (rounds < plan.rounds) notes.push(`${rounds} rounds instead of ${plan.rounds}: time was over`);
  const missing = plan.sweeps.length * plan.strategies.length - sweeps.length;
  if (missing > 0) notes.push(`${missing} of the other workloads had no time`);
  const [low, high] = [0, 1].map((q) =>
    quantile(Float64Array.from(manifest.calibrationNs).sort(), q),
  );
  if (high! > low! * (1 + NOISY_RESOLUTION)) {
    const percent = Math.round(100 * (high! / low! - 1));
    notes.push(
      `a noisy machine: the same arithmetic took up to ${percent} % longer in some rounds`,
    );
  }
  return {
    rounds,
    packetsPerBatch: first.packetsPerBatch,
    batchesPerRound: first.stagesNs.tx.host?.length ?? 0,
    warmUpBatches: first.warmUpBatches,
    timerNs: rounded(median(base.map((s) => s.timerNs))),
    notes,
  };
}

function cosimReport(s: RunSample): CosimReport {
  const { rtl, ffi, stack, other } = s.split;
  return {
    sizeBytes: s.workload.sizeBytes,
    sent: s.sent,
    offloaded: s.offloaded,
    splitNs: {
      ...{ rtl: rounded(rtl), ffi: rounded(ffi) },
      ...{ stack: rounded(stack), other: rounded(other) },
    },
    ffiCalls: rounded(s.ffi.calls),
    ffiNs: rounded(s.ffi.ns),
    rtl: rtlReport(s),
  };
}

function rtlReport({ rtl }: RunSample): CosimReport['rtl'] {
  if (rtl === null) return null;
  return {
    cyclesPerPacket: rounded(rtl.cyclesPerPacket),
    dmaReadBeats: rounded(rtl.dmaReadBeats),
    dmaWriteBeats: rounded(rtl.dmaWriteBeats),
    stages: Object.fromEntries(
      RTL_STAGES.filter((stage) => rtl.cyclesPerStage[stage].length > 0).map((stage) => {
        const sorted = Float64Array.from(rtl.cyclesPerStage[stage]).sort();
        const [p50, p90, p99] = [0.5, 0.9, 0.99].map((q) => rounded(quantile(sorted, q)));
        return [stage, { p50: p50!, p90: p90!, p99: p99! }];
      }),
    ),
  };
}

/** Those that there was time for. */
function sweepReports(plan: Plan, stack: readonly RunSample[]): WorkloadReport[] {
  return plan.sweeps.flatMap((workload) =>
    plan.strategies.flatMap(({ name: strategy }) => {
      const rounds = stack.filter(
        (s) => s.workload.name === workload.name && s.strategy === strategy,
      );
      if (rounds.length === 0) return [];
      const [tx, rx] = [directionReport(rounds, 'tx'), directionReport(rounds, 'rx')];
      return [{ name: workload.name, workload: { ...workload }, strategy, tx, rx }];
    }),
  );
}
