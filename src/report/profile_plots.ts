// SPDX-License-Identifier: BSD-2-Clause
import type { TopLevelSpec } from 'vega-lite';
import { PALETTE, toSvg } from './plot.ts';
import type { DirectionReport, ProfileReport, StrategyReport } from './profile_report.ts';

export interface Plot {
  /** Name of its file, without extension, and of its anchor. */
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly svg: string;
}

type Row = Readonly<Record<string, string | number | null>>;
type Spec = Omit<TopLevelSpec, 'data'> & { data?: never };

const WAYS = [
  ['tx', 'transmit'],
  ['rx', 'receive'],
] as const;

/** All plots of a profile; those of which it has no figures are left out. */
export async function profilePlots(report: ProfileReport): Promise<Plot[]> {
  const drawn: Plot[] = [];
  for (const { rows, spec, ...rest } of [
    stages(report),
    sizes(report),
    allocations(report),
    distribution(report),
    rtlStages(report),
  ]) {
    if (rows.length === 0) continue;
    const svg = await toSvg({ ...spec, data: { values: [...rows] } } as unknown as TopLevelSpec);
    drawn.push({ ...rest, svg });
  }
  return drawn;
}

interface Drawing {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly rows: readonly Row[];
  readonly spec: Spec | Readonly<Record<string, unknown>>;
}

const WIDTH = 560;

function names(report: ProfileReport): string[] {
  return report.strategies.map((s) => s.name);
}

/** Software ESP takes so much longer that beside it nothing else could be told apart. */
const OUT_OF_SCALE = 4;

/** The strategies that one scale can show, and a sentence about those that are left out. */
function inScale(report: ProfileReport): { shown: readonly StrategyReport[]; leftOut: string } {
  const cheapest = Math.min(...report.strategies.map((s) => s.tx.hostNs.p50));
  const fits = (s: StrategyReport): boolean => s.tx.hostNs.p50 <= OUT_OF_SCALE * cheapest;
  const others = report.strategies.filter((s) => !fits(s));
  const named = others.map((s) => `${s.name} at ${Math.round(s.tx.hostNs.p50)} ns`).join(', ');
  const leftOut = others.length === 0 ? '' : ` Left out, for the scale: ${named}.`;
  return { shown: report.strategies.filter(fits), leftOut };
}

function strategyColour(report: ProfileReport) {
  const domain = names(report);
  const scale = { domain, range: domain.map((_, i) => PALETTE[i % PALETTE.length]!) };
  return { field: 'strategy', type: 'nominal', title: 'strategy', scale };
}

function stages(report: ProfileReport): Drawing {
  const order = ['ip', 'policy', 'esp', 'tag', 'driver', 'descriptor', 'completion', 'reclaim'];
  const { shown, leftOut } = inScale(report);
  const rows = shown.flatMap((s) =>
    WAYS.flatMap(([way, text]) =>
      Object.entries(s[way].stages).map(([stage, figure]) => ({
        ...{ strategy: s.name, way: text, stage, at: order.indexOf(stage) },
        // A difference of batches may come out below zero; a bar cannot.
        ns: Math.max(0, figure.p50),
      })),
    ),
  );
  return {
    id: 'stages',
    title: 'Where the host’s time goes',
    caption:
      'Nanoseconds per packet in each stage, medians, stacked; this machine’s figures.' + leftOut,
    rows,
    spec: {
      width: WIDTH,
      height: { step: 19 },
      mark: 'bar',
      encoding: {
        row: { field: 'way', type: 'nominal', title: null, sort: ['transmit', 'receive'] },
        y: { field: 'strategy', type: 'nominal', title: null, sort: names(report) },
        x: { field: 'ns', type: 'quantitative', title: 'ns per packet', stack: 'zero' },
        color: {
          ...{ field: 'stage', type: 'nominal', title: 'stage', sort: order },
          scale: { domain: order, range: PALETTE.slice(0, order.length) },
        },
        order: { field: 'at', type: 'quantitative' },
      },
    },
  };
}

function sizes(report: ProfileReport): Drawing {
  const { shown, leftOut } = inScale(report);
  const drawn = new Set(shown.map((s) => s.name));
  const base = shown.map((s) => ({
    strategy: s.name,
    size: report.base.sizeBytes,
    of: s,
  }));
  const swept = report.workloads
    .filter((w) => w.name.startsWith('size-') && drawn.has(w.strategy))
    .map((w) => ({ strategy: w.strategy, size: w.workload.sizeBytes, of: w }));
  const rows = [...base, ...swept].flatMap(({ strategy, size, of }) =>
    WAYS.map(([way, text]) => ({
      ...{ strategy, size, way: text },
      ns: (of[way] as DirectionReport).hostNs.p50,
    })),
  );
  return {
    id: 'sizes',
    title: 'Host time against packet size',
    caption: `Nanoseconds per packet, whole host side, medians; this machine’s figures.${leftOut}`,
    rows: swept.length === 0 ? [] : rows,
    spec: {
      width: WIDTH / 2 - 20,
      height: 220,
      mark: { type: 'line', point: true },
      encoding: {
        column: { field: 'way', type: 'nominal', title: null, sort: ['transmit', 'receive'] },
        x: { field: 'size', type: 'quantitative', title: 'UDP payload, bytes' },
        y: { field: 'ns', type: 'quantitative', title: 'ns per packet' },
        color: strategyColour(report),
      },
    },
  };
}

function allocations(report: ProfileReport): Drawing {
  const counts = [
    ['allocs', 'taken'],
    ['frees', 'given back'],
    ['handoverAllocs', 'for the hand-over'],
  ] as const;
  const rows = report.strategies.flatMap((s) =>
    WAYS.flatMap(([way, text]) =>
      counts.map(([count, what]) => ({
        ...{ strategy: s.name, way: text, what },
        count: s[way][count],
      })),
    ),
  );
  return {
    id: 'allocations',
    title: 'Allocations per packet',
    caption: 'Tags, objects and table entries per packet and transform; the same on every machine.',
    rows,
    spec: {
      width: WIDTH,
      height: { step: 9 },
      mark: 'bar',
      encoding: {
        row: { field: 'way', type: 'nominal', title: null, sort: ['transmit', 'receive'] },
        y: { field: 'strategy', type: 'nominal', title: null, sort: names(report) },
        yOffset: { field: 'what', type: 'nominal', sort: counts.map(([, what]) => what) },
        x: { field: 'count', type: 'quantitative', title: 'per packet' },
        color: { field: 'what', type: 'nominal', title: null, sort: counts.map(([, w]) => w) },
      },
    },
  };
}

function distribution(report: ProfileReport): Drawing {
  const { shown, leftOut } = inScale(report);
  const rows = shown.flatMap((s) =>
    WAYS.map(([way, text]) => {
      const { p50, p90, p99 } = s[way].hostNs;
      return { strategy: s.name, way: text, p50, p90, p99 };
    }),
  );
  const y = { field: 'strategy', type: 'nominal', title: null, sort: names(report) };
  const x = (field: string) => ({
    ...{ field, type: 'quantitative', title: 'ns per packet' },
    scale: { zero: false },
  });
  const tick = (field: string, shape: string) => ({
    mark: { type: 'point', filled: true, size: 55, shape, opacity: 1 },
    encoding: { y, x: x(field), color: strategyColour(report) },
  });
  return {
    id: 'distribution',
    title: 'Latency distribution',
    caption:
      'Host time of a packet, means of whole batches over all rounds: circle p50, square p90, ' +
      'diamond p99; this machine’s figures.' +
      leftOut,
    rows,
    spec: {
      facet: { row: { field: 'way', type: 'nominal', title: null, sort: ['transmit', 'receive'] } },
      spec: {
        width: WIDTH,
        height: { step: 19 },
        layer: [
          {
            mark: { type: 'rule', strokeWidth: 2 },
            encoding: { y, x: x('p50'), x2: { field: 'p99' }, color: strategyColour(report) },
          },
          tick('p50', 'circle'),
          tick('p90', 'square'),
          tick('p99', 'diamond'),
        ],
      },
    },
  };
}

function rtlStages(report: ProfileReport): Drawing {
  const order = ['descriptor', 'fetch', 'sa', 'crypto', 'icv', 'completion'];
  const first = report.strategies.find((s) => s.cosim.some((c) => c.rtl !== null));
  const rows = (first?.cosim ?? []).flatMap(({ sizeBytes, rtl }) =>
    Object.entries(rtl?.stages ?? {}).map(([stage, { p50 }]) => ({
      ...{ size: `${sizeBytes} bytes`, stage, cycles: p50 },
    })),
  );
  const sizes = (first?.cosim ?? []).map(({ sizeBytes }) => `${sizeBytes} bytes`);
  return {
    id: 'rtl',
    title: 'Cycles in the card',
    caption:
      `Cycles that a packet spends in each stage of the sending card (${first?.name}), medians. ` +
      'Fetch, sa and crypto overlap: the card works on the head of a packet while its tail is ' +
      'fetched. The same on every machine.',
    rows,
    spec: {
      width: WIDTH,
      height: { step: 9 },
      mark: 'bar',
      encoding: {
        y: { field: 'stage', type: 'nominal', title: null, sort: order },
        yOffset: { field: 'size', type: 'nominal', sort: sizes },
        x: { field: 'cycles', type: 'quantitative', title: 'cycles' },
        color: { field: 'size', type: 'nominal', title: 'UDP payload', sort: sizes },
      },
    },
  };
}
