// SPDX-License-Identifier: BSD-2-Clause
import type { Comparison, DirectionReport } from '../report/profile_report.ts';
import { ratioOf } from './figure.ts';
import { judgePaired, noiseNote } from './judge.ts';

type Measured = Readonly<Record<'tx' | 'rx', DirectionReport>> & { readonly name: string };

const METRICS = ['tagNs', 'hostNs'] as const;

/** Every strategy beside every other, round by round. */
export function compareStrategies(strategies: readonly Measured[]): Comparison[] {
  const family = Math.max(1, strategies.length - 1);
  return (['tx', 'rx'] as const).flatMap((direction) =>
    METRICS.flatMap((metric) =>
      strategies.flatMap((a) =>
        strategies
          .filter((b) => b !== a)
          .map((b) => {
            const before = a[direction][metric].rounds;
            const after = b[direction][metric].rounds;
            const judgement = judgePaired(before, after, family);
            return {
              ...{ direction, metric, a: a.name, b: b.name },
              ...ratioOf(before, after),
              verdict: judgement.verdict,
              note: noiseNote(judgement),
            };
          }),
      ),
    ),
  );
}

/** 1 + how many strategies are surely cheaper in tag work; those not told apart share a rank. */
export function rankOf(
  name: string,
  direction: 'tx' | 'rx',
  comparisons: readonly Comparison[],
): number {
  const cheaper = comparisons.filter(
    (c) =>
      c.a === name && c.direction === direction && c.metric === 'tagNs' && c.verdict === 'less',
  );
  return 1 + cheaper.length;
}
