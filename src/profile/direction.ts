// SPDX-License-Identifier: BSD-2-Clause
import type { DesignFigures, DirectionReport, Figure } from '../report/profile_report.ts';
import { figureOf, rounded, shareOf } from './figure.ts';
import type { Counts, RunSample, StageName } from './sample.ts';
import { median } from './stats.ts';

export const DESIGN_COUNTS = [
  'allocs',
  'frees',
  'bytes',
  'steps',
  'handoverAllocs',
  'saHolds',
  'saReleases',
  'inserts',
  'deletes',
] as const satisfies readonly (keyof Counts & keyof DesignFigures)[];

const DIGITS = 4;

/** One way of one strategy under one workload: its rounds summed up. */
export function directionReport(
  rounds: readonly RunSample[],
  direction: 'tx' | 'rx',
): DirectionReport {
  const countOf = (name: keyof Counts): number =>
    median(rounds.map((sample) => sample.counts[direction][name]));
  const stageOf = (name: StageName): Figure =>
    figureOf(rounds.map((sample) => sample.stagesNs[direction][name] ?? []));
  const tagNs = stageOf('tag');
  const hostNs = stageOf('host');
  const design = Object.fromEntries(
    DESIGN_COUNTS.map((name) => [name, Number(countOf(name).toFixed(DIGITS))]),
  ) as unknown as DesignFigures;
  const stages = Object.keys(rounds[0]!.stagesNs[direction]) as StageName[];
  return {
    ...design,
    tagNs,
    hostNs,
    tagShare: shareOf(tagNs, hostNs),
    heapBytes: rounded(countOf('heapBytes')),
    gcNs: rounded(1e6 * countOf('gcMs')),
    stages: Object.fromEntries(
      stages.filter((name) => name !== 'host').map((name) => [name, stageOf(name)]),
    ),
  };
}
