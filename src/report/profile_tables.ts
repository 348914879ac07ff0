// SPDX-License-Identifier: BSD-2-Clause
import type { Comparison, Figure, ProfileReport, StrategyReport } from './profile_report.ts';

/** A table for people: on the terminal, in HTML, in a manual. Numbers stand to the right. */
export interface Table {
  readonly title: string;
  /** What the columns mean, where their names do not say it. */
  readonly note: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

type Way = 'tx' | 'rx';
const WAYS = [
  ['tx', 'transmit'],
  ['rx', 'receive'],
] as const;

/** Three digits are enough for people, and no measurement of nanoseconds has more. */
export function brief(x: number): number {
  return Number(Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3));
}

export function percent(x: number): string {
  return `${brief(100 * x)} %`;
}

/** `41.2 (40.1 to 42.7)`; without the bounds where the rounds were too few for any. */
export function withBounds({ p50, low95, high95 }: Figure): string {
  if (low95 === null || high95 === null) return `${brief(p50)}`;
  return `${brief(p50)} (${brief(low95)} to ${brief(high95)})`;
}

/** What a tag costs, one way: the main table. */
export function costTable(report: ProfileReport, way: Way): Table {
  return {
    title: `What a tag costs a packet, ${way === 'tx' ? 'transmit' : 'receive'}`,
    note: 'Times are medians with their 95 % interval; equal ranks could not be told apart.',
    head: [
      ...['strategy', 'allocs', 'frees', 'bytes', 'steps', 'hand-over', 'tag ns', 'of host'],
      ...['host ns', 'heap B', 'rank'],
    ],
    rows: report.strategies.map((s) => {
      const d = s[way];
      return [
        ...[s.name, d.allocs, d.frees, brief(d.bytes), brief(d.steps), d.handoverAllocs],
        ...[withBounds(d.tagNs), percent(d.tagShare.p50), withBounds(d.hostNs)],
        ...[brief(d.heapBytes), s.rank[way]],
      ];
    }),
  };
}

/** Allocations and bytes beside those of the systems that the strategies come from. */
export function originTable(report: ProfileReport): Table {
  return {
    title: 'Beside the real systems',
    note: 'Theirs were computed from the structures in their sources.',
    head: ['strategy', 'system', 'tx allocs', 'tx bytes', 'rx allocs', 'rx bytes', 'note'],
    rows: report.strategies.flatMap((s) => [
      [
        ...[s.name, ownName(s), s.tx.allocs, `${brief(s.tx.bytes)}`],
        ...[s.rx.allocs, `${brief(s.rx.bytes)}`, ownNote(s)],
      ],
      ...s.realSystems.map((r) => [
        ...['', r.system, r.txAllocs, r.txBytes, r.rxAllocs, r.rxBytes, r.note ?? ''],
      ]),
    ]),
  };
}

function ownName({ origin, file }: StrategyReport): string {
  return file ?? `here, after ${origin}`;
}

function ownNote({ tx }: StrategyReport): string {
  const parts = [
    tx.saHolds > 0 ? `${tx.saHolds} SA reference` : '',
    tx.inserts > 0 ? `${tx.inserts} insert, ${tx.deletes} delete` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

/** Each strategy beside one of them, in whole host time and in tag work. */
export function besideTable(report: ProfileReport, name: string): Table {
  const of = (strategy: string, direction: Way, metric: Comparison['metric']): string => {
    const found = report.comparisons.find(
      (c) => c.a === name && c.b === strategy && c.direction === direction && c.metric === metric,
    );
    if (found === undefined) return '';
    if (found.verdict === 'no difference') return found.note || 'no difference';
    const { ratio, low95, high95 } = found;
    const bounds =
      low95 === null || high95 === null ? '' : ` (${brief(low95)} to ${brief(high95)})`;
    return `${brief(ratio)}${bounds}`;
  };
  return {
    title: `Beside ${name}`,
    note: `Times as multiples of ${name}’s, round by round.`,
    head: ['strategy', 'tx tag', 'tx host', 'rx tag', 'rx host'],
    rows: report.strategies
      .filter((s) => s.name !== name)
      .map((s) => [
        s.name,
        ...WAYS.flatMap(([way]) => [of(s.name, way, 'tagNs'), of(s.name, way, 'hostNs')]),
      ]),
  };
}

/** Known hazards beside the cost. */
export function hazardTable(report: ProfileReport): Table {
  return {
    title: 'Where it bites',
    note: '',
    head: ['strategy', 'hazard'],
    rows: report.strategies.flatMap((s) => s.hazards.map((hazard) => [s.name, hazard])),
  };
}

/** The sweeps: one thing changed at a time. */
export function workloadTable(report: ProfileReport): Table {
  return {
    title: 'Other workloads',
    note: 'One thing changed at a time from the base workload; tag and host in ns a packet.',
    head: [
      ...['workload', 'strategy', 'rounds', 'tx allocs', 'tx tag', 'tx host'],
      ...['rx allocs', 'rx tag', 'rx host'],
    ],
    rows: report.workloads.map(({ name, strategy, tx, rx }) => [
      ...[name, strategy, tx.hostNs.rounds.length],
      ...[tx.allocs, brief(tx.tagNs.p50), brief(tx.hostNs.p50)],
      ...[rx.allocs, brief(rx.tagNs.p50), brief(rx.hostNs.p50)],
    ]),
  };
}

/** The whole simulation: cycles and beats of the card, and where wall time goes. */
export function cosimTable(report: ProfileReport): Table {
  return {
    title: 'The whole simulation',
    note: 'Cycles and DMA beats belong to the design; wall time is split in ns a packet.',
    head: [
      ...['strategy', 'bytes', 'sent', 'offloaded', 'cycles', 'read beats', 'write beats'],
      ...['rtl', 'ffi', 'stack', 'other', 'calls'],
    ],
    rows: report.strategies.flatMap((s) =>
      s.cosim.map((c) => [
        ...[s.name, c.sizeBytes, c.sent, c.offloaded, brief(c.rtl?.cyclesPerPacket ?? 0)],
        ...[brief(c.rtl?.dmaReadBeats ?? 0), brief(c.rtl?.dmaWriteBeats ?? 0)],
        ...[brief(c.splitNs.rtl), brief(c.splitNs.ffi), brief(c.splitNs.stack)],
        ...[brief(c.splitNs.other), c.ffiCalls],
      ]),
    ),
  };
}
