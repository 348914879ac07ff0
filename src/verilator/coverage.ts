// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync, writeFileSync } from 'node:fs';
import { VerilatorError } from './error.ts';
import { findVerilatorCoverage } from './find.ts';
import { runTool } from './process.ts';

/** Points of one kind, and those of them that were passed at least once. */
export interface Covered {
  readonly points: number;
  readonly covered: number;
  /** 0..100, with two digits; 100 where there is no point. */
  readonly percent: number;
}

/** What was covered of a file, or of all of them. */
export interface Coverage {
  /** Blocks and branches of statements. */
  readonly line: Covered;
  /** Bits of signals that changed. */
  readonly toggle: Covered;
  /** `cover property` of the RTL. */
  readonly user: Covered;
}

export interface CoverageSummary extends Coverage {
  readonly files: Readonly<Record<string, Coverage>>;
}

const KINDS = { line: 'line', branch: 'line', toggle: 'toggle', user: 'user' } as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];
type Tally = Record<Kind, { points: number; covered: number }>;

const emptyTally = (): Tally => ({
  line: { points: 0, covered: 0 },
  toggle: { points: 0, covered: 0 },
  user: { points: 0, covered: 0 },
});

const percentOf = ({ points, covered }: { points: number; covered: number }): Covered => {
  // Rounded down: 100 is said of nothing less.
  const percent = points === 0 ? 100 : Math.floor((10_000 * covered) / points) / 100;
  return { points, covered, percent };
};

const coverageOf = ({ line, toggle, user }: Tally): Coverage => ({
  line: percentOf(line),
  toggle: percentOf(toggle),
  user: percentOf(user),
});

/** Before a field of a point, and between its key and its value. */
const [FIELD, VALUE] = ['\u0001', '\u0002'];

/** One counter of one instance. */
export interface CoveragePoint {
  readonly source: string;
  readonly line: number;
  readonly column: number;
  /** 'v_toggle/nic_top': kind and module. */
  readonly page: string;
  /** Signal and bit, branch, or name of a cover point. */
  readonly name: string;
  readonly count: number;
}

/** A line of Verilator's file: C '^Af^Brtl/nic_top.sv^Al^B12^Apage^Bv_toggle/nic_top' 38. Others: undefined. */
export const readPoint = (line: string): CoveragePoint | undefined => {
  const end = line.lastIndexOf("' ");
  if (!line.startsWith("C '") || end < 0) return undefined;
  const fields = new Map(
    line
      .slice(0, end)
      .split(FIELD)
      .map((field) => field.split(VALUE) as [string, string]),
  );
  const text = (key: string): string => fields.get(key) ?? '';
  return {
    source: text('f'),
    line: Number(text('l')),
    column: Number(text('n')),
    page: text('page'),
    name: text('o'),
    count: Number(line.slice(end + 2)),
  };
};

const sumUp = (text: string): CoverageSummary => {
  const all = emptyTally();
  const files = new Map<string, Tally>();
  for (const { source, page, count } of text.split('\n').flatMap((l) => readPoint(l) ?? [])) {
    const kind = page.slice('v_'.length, page.indexOf('/'));
    if (!(kind in KINDS)) continue;
    const own = files.get(source) ?? emptyTally();
    files.set(source, own);
    for (const tally of [all, own]) {
      const of = tally[KINDS[kind as keyof typeof KINDS]];
      of.points++;
      if (count > 0) of.covered++;
    }
  }
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const each = sorted.map(([file, tally]) => [file, coverageOf(tally)] as const);
  return { ...coverageOf(all), files: Object.fromEntries(each) };
};

/**
 * Adds up coverage that processes have written, as `dat` (which verilator_coverage --annotate reads)
 * and as `info` for lcov and its like.
 * @param pathOf how a source is named there
 * @throws VerilatorError
 */
export const mergeCoverage = async (
  parts: readonly string[],
  { dat, info }: { readonly dat: string; readonly info: string },
  pathOf: (source: string) => string,
): Promise<CoverageSummary> => {
  const tool = await findVerilatorCoverage();
  const run = async (args: readonly string[]): Promise<void> => {
    const { code, output } = await runTool(tool, args);
    if (code !== 0) throw new VerilatorError('verilate', `${tool} failed:\n${output.trim()}`);
  };
  await run(['--write', dat, ...parts]);
  const begin = `${FIELD}f${VALUE}`;
  const named = (line: string): string => {
    const point = readPoint(line);
    return point === undefined
      ? line
      : line.replace(`${begin}${point.source}`, () => `${begin}${pathOf(point.source)}`);
  };
  const merged = readFileSync(dat, 'utf8').split('\n').map(named).join('\n');
  writeFileSync(dat, merged);
  await run(['--write-info', info, dat]);
  return sumUp(merged);
};
