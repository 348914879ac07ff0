// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Planted, ROOT } from './patches.ts';
import type { Outcome } from './try_patch.ts';

const FILE = join(ROOT, 'test/planted/matrix.json');

/** One planted fault, and who noticed it. */
export interface MatrixRow {
  readonly title: string;
  readonly area: string;
  readonly groups: readonly string[];
  /** Cases that fail with it; none: it has survived. What was never run with it is not among them. */
  readonly cases: readonly string[];
  /** What the first of them said. */
  readonly because: string;
}

/** Faults × cases, as the runs so far have shown it. */
export interface Matrix {
  readonly faults: Record<string, MatrixRow>;
}

export function readMatrix(): Matrix {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Matrix) : { faults: {} };
}

/** The matrix with what one run has shown: of the cases that were not run, what is known stays. */
export function noted({ faults }: Matrix, fault: Planted, outcome: Outcome): Matrix {
  const { id, title, area, groups } = fault;
  const before = faults[id];
  const kept = (before?.cases ?? []).filter((c) => !outcome.ran.includes(c));
  const cases = [...new Set([...kept, ...outcome.failed])].sort();
  const because = outcome.because === '' && kept.length > 0 ? before!.because : outcome.because;
  const rows = { ...faults, [id]: { title, area, groups, cases, because } };
  return {
    faults: Object.fromEntries(Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Into the file. */
export function note(fault: Planted, outcome: Outcome): void {
  writeFileSync(FILE, `${JSON.stringify(noted(readMatrix(), fault, outcome), null, 2)}\n`);
}

/** Cases that no planted fault has failed, and for which nothing says why. */
export function uncovered(
  { faults }: Matrix,
  reasons: Readonly<Record<string, string>>,
  cases: readonly string[],
): string[] {
  const covered = new Set(Object.values(faults).flatMap((row) => row.cases));
  return cases.filter((id) => !covered.has(id) && !(id in reasons));
}

/** Who noticed which fault, which nobody did, and the cases for which none is planted. */
export function matrixText(
  matrix: Matrix,
  reasons: Readonly<Record<string, string>>,
  cases: readonly string[],
  all: readonly string[],
): string {
  const rows = Object.entries(matrix.faults).filter(([id]) => all.includes(id));
  const survivors = rows.filter(([, row]) => row.cases.length === 0);
  const by = new Map<string, string[]>();
  for (const [id, row] of rows) for (const c of row.cases) by.set(c, [...(by.get(c) ?? []), id]);
  const failed = cases.filter((c) => by.has(c));
  const left = uncovered(matrix, reasons, cases);
  const excused = cases.filter((c) => !by.has(c) && c in reasons);
  const share = ((100 * (rows.length - survivors.length)) / Math.max(1, rows.length)).toFixed(1);
  return [
    ...rows.map(([id, row]) =>
      row.cases.length === 0
        ? `SURVIVED ${id}: ${row.title}`
        : `caught   ${id}: ${row.title}\n         ${row.because}\n         ${row.cases.join(' ')}`,
    ),
    '',
    ...failed.map((c) => `${c}: ${by.get(c)!.join(' ')}`),
    ...excused.map((c) => `${c}: none is planted, ${reasons[c]}`),
    '',
    `${failed.length} of ${cases.length} cases fail under a planted fault; of ${excused.length} is said why not`,
    ...left.map((c) => `no planted fault has failed ${c}`),
    `${rows.length - survivors.length} of ${rows.length} planted faults are caught (${share} %)`,
    ...all.filter((id) => !(id in matrix.faults)).map((id) => `not tried yet: ${id}`),
    ...survivors.map(([id, { title }]) => `survived: ${id} (${title})`),
    '',
  ].join('\n');
}
