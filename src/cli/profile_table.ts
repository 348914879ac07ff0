// SPDX-License-Identifier: BSD-2-Clause
import type { LimitResult } from '../profile/budget.ts';
import type { Change, ProfileComparison } from '../profile/compare.ts';
import type { ProfileReport } from '../report/profile_report.ts';
import {
  besideTable,
  brief,
  cosimTable,
  costTable,
  hazardTable,
  percent,
  type Table,
} from '../report/profile_tables.ts';
import { bold, dim, green, red, table, yellow } from './terminal.ts';

/** A profile as a person likes to read it. */
export function profileTables(report: ProfileReport): string {
  const first = report.strategies[0]!.name;
  const tables = [
    costTable(report, 'tx'),
    costTable(report, 'rx'),
    besideTable(report, first),
    cosimTable(report),
    hazardTable(report),
  ];
  const notes = report.method.notes.map((note) => dim(`note: ${note}`));
  return `${[...tables.filter((t) => t.rows.length > 0).map(shown), ...notes].join('\n')}\n`;
}

function shown({ title, note, head, rows }: Table): string {
  const lines = [bold(title), ...(note === '' ? [] : [dim(note)]), table([head, ...rows])];
  return `${lines.join('\n')}\n`;
}

/** What became of a budget, a line for each limit. */
export function budgetTable(results: readonly LimitResult[]): string {
  const rows = results.map((r) => [
    r.broken ? red('broken') : r.withinNoise ? yellow('noise') : green('ok'),
    `${r.file}:${r.line}`,
    `${r.strategy} ${r.metric}`,
    `${figure(r.metric, r.value)}, at most ${figure(r.metric, r.max)}`,
  ]);
  return `${table(rows)}\n`;
}

function figure(metric: string, value: number): string {
  return metric.endsWith('Share') ? percent(value) : `${brief(value)}`;
}

/** What changed between two profiles. */
export function comparisonTable(c: ProfileComparison): string {
  const lines: string[] = [];
  if (c.changed.length > 0) {
    lines.push(table([['strategy', 'metric', 'before', 'after', 'change'], ...c.changed.map(row)]));
  }
  lines.push(
    c.changed.length === 0
      ? 'no difference beyond noise'
      : `${c.changed.length} changed, ${c.same} the same`,
  );
  if (c.noisy.length > 0) lines.push(dim(`${c.noisy.length} too noisy to tell`));
  lines.push(dim(`the machine itself: ${brief(c.machine)} times as slow the second time`));
  for (const note of c.notes) lines.push(yellow(note));
  for (const key of c.onlyInA) lines.push(dim(`only in the first: ${key}`));
  for (const key of c.onlyInB) lines.push(dim(`only in the second: ${key}`));
  return `${lines.join('\n')}\n`;
}

function row({ strategy, metric, before, after, change, verdict }: Change): string[] {
  const by = change === null ? 'new' : `${change > 0 ? '+' : ''}${percent(change)}`;
  const paint = verdict === 'more' ? red : green;
  return [strategy, metric, figure(metric, before), figure(metric, after), paint(by)];
}
