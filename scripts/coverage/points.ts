// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { readPoint } from '../../src/verilator/coverage.ts';

export const KINDS = ['line', 'toggle', 'user'] as const;
export type Kind = (typeof KINDS)[number];

/** Percent that must be covered. */
export const BARS: Readonly<Record<Kind, number>> = { line: 98, toggle: 90, user: 100 };

/** One thing of the source that is covered or not, in all its instances and widths. */
export interface Point {
  /** From the package: 'rtl/nic_top.sv'. */
  readonly file: string;
  readonly line: number;
  readonly kind: Kind;
  /** 'tail_q[3]'; of a line its branch and text, 'else: if (push) begin'; name of a cover point. */
  readonly name: string;
  count: number;
}

const PAGES: Readonly<Record<string, Kind>> = {
  v_line: 'line',
  v_branch: 'line',
  v_toggle: 'toggle',
  v_user: 'user',
};

/** What Verilator wrote about files under rtl/ of root. */
export function pointsOf(dat: string, root: string): Point[] {
  const found = new Map<string, Point>();
  const sources = new Map<string, string[]>();
  const textOf = (file: string, line: number): string => {
    const lines = sources.get(file) ?? readFileSync(join(root, file), 'utf8').split('\n');
    sources.set(file, lines);
    return lines[line - 1]?.trim() ?? '';
  };
  for (const text of dat.split('\n')) {
    const read = readPoint(text);
    if (read === undefined) continue;
    const { source, line, column, page, count } = read;
    const file = isAbsolute(source) ? relative(root, source) : source;
    const kind = PAGES[page.slice(0, page.indexOf('/'))];
    if (kind === undefined || !file.startsWith('rtl/')) continue;
    const name = kind === 'line' ? `${read.name}: ${textOf(file, line)}` : read.name;
    const key = [file, line, column, kind, name].join(' ');
    const point = found.get(key);
    if (point === undefined) found.set(key, { file, line, kind, name, count });
    else point.count += count;
  }
  return [...found.values()];
}

interface Share {
  points: number;
  covered: number;
}
export type Row = { readonly file: string } & Record<Kind, Share>;

/** By file, in order, and all of them in the last row. */
export function tally(points: readonly Point[]): Row[] {
  const none = (): Share => ({ points: 0, covered: 0 });
  const row = (file: string): Row => ({ file, line: none(), toggle: none(), user: none() });
  const files = new Map<string, Row>();
  const all = row('all');
  for (const { file, kind, count } of points) {
    const own = files.get(file) ?? row(file);
    files.set(file, own);
    for (const share of [own[kind], all[kind]]) {
      share.points++;
      if (count > 0) share.covered++;
    }
  }
  return [...[...files.values()].sort((a, b) => (a.file < b.file ? -1 : 1)), all];
}

/** As test/rtl/coverage.json keeps it: a line for a file, [covered, points] of each kind. */
export function figures(rows: readonly Row[]): string {
  const lines = rows.map(({ file, ...shares }) => {
    const of = KINDS.map((kind) => `"${kind}": [${shares[kind].covered}, ${shares[kind].points}]`);
    return `  ${JSON.stringify(file)}: { ${of.join(', ')} }`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}
