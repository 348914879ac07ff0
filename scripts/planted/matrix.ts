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
  readonly caught: boolean;
  /** Were all cases of the groups run, or did the first failure end it? */
  readonly whole: boolean;
  readonly cases: readonly string[];
}

/** Faults × cases, as the runs so far have shown it. */
export interface Matrix {
  readonly faults: Record<string, MatrixRow>;
}

export function readMatrix(): Matrix {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Matrix) : { faults: {} };
}

/** Adds what one run has shown, in the order of ids; a run of all cases says more than one that ended early. */
export function note(fault: Planted, outcome: Outcome, whole: boolean): void {
  const { faults } = readMatrix();
  const before = faults[fault.id];
  const { id, title, area, groups } = fault;
  const caught = outcome.exitCode === 1;
  const keep = before?.whole === true && !whole && before.caught === caught;
  const cases = keep ? before.cases : [...outcome.failed].sort();
  faults[id] = { title, area, groups, caught, whole: whole || keep, cases };
  const sorted = Object.fromEntries(Object.entries(faults).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(FILE, `${JSON.stringify({ faults: sorted }, null, 2)}\n`);
}

/** Who noticed which fault, which nobody did, and the cases for which none is planted. */
export function matrixText(
  { faults }: Matrix,
  cases: readonly string[],
  all: readonly string[],
): string {
  const rows = Object.entries(faults);
  const survivors = rows.filter(([, row]) => !row.caught);
  const by = new Map<string, string[]>();
  for (const [id, row] of rows) for (const c of row.cases) by.set(c, [...(by.get(c) ?? []), id]);
  const none = cases.filter((c) => !by.has(c));
  const share = ((100 * (rows.length - survivors.length)) / Math.max(1, rows.length)).toFixed(1);
  return [
    ...rows.map(
      ([id, r]) =>
        `${r.caught ? 'caught  ' : 'SURVIVED'} ${id}: ${r.title}\n           ${r.cases.join(' ')}`,
    ),
    '',
    ...cases.filter((c) => by.has(c)).map((c) => `${c}: ${by.get(c)!.join(' ')}`),
    '',
    `${none.length} cases that no planted fault has failed: ${none.join(' ')}`,
    `${rows.length - survivors.length} of ${rows.length} planted faults are caught (${share} %)`,
    ...all.filter((id) => !(id in faults)).map((id) => `not tried yet: ${id}`),
    ...survivors.map(([id, { title }]) => `survived: ${id} (${title})`),
    '',
  ].join('\n');
}
