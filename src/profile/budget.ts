// SPDX-License-Identifier: BSD-2-Clause
import { isMap, isScalar, LineCounter, type Pair, parseDocument } from 'yaml';
import type { Figure, ProfileReport } from '../report/profile_report.ts';
import { metricsOf, ratiosOf } from './metrics.ts';

/** A budget that cannot be read: file, line, and what was expected there. */
export class BudgetError extends Error {
  readonly exitCode = 2;
  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}: ${message}`);
    this.name = 'BudgetError';
  }
}

/** One line of a budget: at most so much of a metric. */
export interface Limit {
  readonly file: string;
  readonly line: number;
  readonly strategy: string;
  readonly metric: string;
  readonly max: number;
}

export interface LimitResult extends Limit {
  readonly value: number;
  readonly broken: boolean;
  /** The value is above the limit, but by less than can be told on this machine. */
  readonly withinNoise: boolean;
}

/**
 * Reads a budget, YAML or JSON: a map of strategies, each a map of metrics and what they may be at
 * most, a number or a percentage.
 *
 *     in-place:
 *       tx.handoverAllocs: 0
 *       tx.tagShare: 3 %
 *       tx.hostRatio.mbuf-field: 1.03
 *       cyclesPerPacket.64: 12
 *
 * Throws BudgetError. What the metrics are is not looked at: checkBudget does that.
 */
export function readBudget(text: string, file: string): Limit[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (node: unknown): number => {
    const range = (node as { range?: readonly [number, number, number] | null } | null)?.range;
    return lines.linePos(range?.[0] ?? 0).line;
  };
  const fail = (node: unknown, message: string): never => {
    throw new BudgetError(file, lineOf(node), message);
  };
  const error = document.errors[0];
  if (error !== undefined) {
    throw new BudgetError(file, lines.linePos(error.pos[0]).line, reasonOf(error));
  }
  const entries = (node: unknown, expected: string, at: unknown): Pair[] =>
    isMap(node) ? (node.items as Pair[]) : fail(at, `expected ${expected}`);
  const nameOf = ({ key }: Pair): string =>
    isScalar(key) ? String(key.value) : fail(key, 'expected a name');
  return entries(document.contents, 'a map of strategies', document.contents).flatMap((strategy) =>
    entries(strategy.value, `metrics of '${nameOf(strategy)}' and their limits`, strategy.key).map(
      (pair) => {
        const given = isScalar(pair.value) ? pair.value.value : undefined;
        const max = limitOf(given);
        if (max === undefined) {
          const got = isScalar(pair.value) ? `'${given}'` : 'a list or a map';
          fail(pair.key, `${nameOf(pair)}: expected a number or a percentage, got ${got}`);
        }
        const line = lineOf(pair.key);
        return { file, line, strategy: nameOf(strategy), metric: nameOf(pair), max: max! };
      },
    ),
  );
}

/** Without the line, which stands before it, and the excerpt below it. */
function reasonOf({ message }: Error): string {
  return message.split('\n')[0]!.replace(/ at line \d+, (column \d+):?$/, ' ($1)');
}

function limitOf(given: unknown): number | undefined {
  if (typeof given === 'number') return Number.isFinite(given) ? given : undefined;
  const percent = typeof given === 'string' ? /^(\d+\.?\d*) *%$/.exec(given)?.[1] : undefined;
  return percent === undefined ? undefined : Number(percent) / 100;
}

/** Before anything is measured: throws BudgetError for a limit on what will not be. */
export function expectKnown(
  limits: readonly Limit[],
  strategies: readonly string[],
  metrics: readonly string[],
): void {
  for (const { file, line, strategy, metric } of limits) {
    if (!strategies.includes(strategy)) {
      const what = `strategy '${strategy}' is not measured; those that are: ${strategies.join(', ')}`;
      throw new BudgetError(file, line, what);
    }
    if (!metrics.includes(metric)) {
      const what = `unknown metric '${metric}'; known: ${metrics.join(', ')}`;
      throw new BudgetError(file, line, what);
    }
  }
}

/** What became of each limit. Throws BudgetError for what the report does not have. */
export function checkBudget(limits: readonly Limit[], report: ProfileReport): LimitResult[] {
  const strategies = new Map(
    report.strategies.map((s) => [s.name, new Map([...metricsOf(s), ...ratiosOf(report, s.name)])]),
  );
  return limits.map((limit) => {
    const metrics = strategies.get(limit.strategy) ?? new Map();
    expectKnown([limit], [...strategies.keys()], [...metrics.keys()]);
    const { value, figure } = metrics.get(limit.metric)!;
    const isAbove = value > limit.max;
    // A median that is above by chance breaks nothing: the whole of its interval must be.
    const isSure = figure === undefined || surelyAtLeast(figure) > limit.max;
    return { ...limit, value, broken: isAbove && isSure, withinNoise: isAbove && !isSure };
  });
}

/** The bound of the interval; of rounds too few for one, what each of them exceeds or equals. */
function surelyAtLeast({ low95, rounds }: Figure): number {
  return low95 ?? (rounds.length > 0 ? Math.min(...rounds) : -Infinity);
}
