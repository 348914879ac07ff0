// SPDX-License-Identifier: BSD-2-Clause
/**
 * How much of rtl/ the tests reach: Verilator's line and toggle coverage and its named cover points,
 * of the whole of `validate` and the tests of the card together.
 *
 *     npm run coverage               runs them (an hour or more: each case is a process), then sums up
 *     npm run coverage -- --again    sums up what the last run has left in out/coverage
 *     npm run coverage -- --holes    and names each point that nothing reached
 *
 * A point counts once a source, whatever instances and widths there are of it. What cannot be reached is
 * listed in test/rtl/coverage_exclusions.json with the reason. Ends with 1 below 98 % of lines, 90 % of
 * toggles or all cover points, or when an exclusion has nothing to exclude.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { COVERAGE_VARIABLE } from '../src/harness/library.ts';
import { mergeCoverage } from '../src/verilator/coverage.ts';
import { type Exclusion, exclude } from './coverage/exclusions.ts';
import { type Kind, pointsOf, tally } from './coverage/points.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'out/coverage');
const PARTS = join(OUT, 'parts');
const BARS: Readonly<Record<Kind, number>> = { line: 98, toggle: 90, user: 100 };
const TESTS = ['test/rtl/card/'];

const { values } = parseArgs({
  options: {
    again: { type: 'boolean', default: false },
    holes: { type: 'boolean', default: false },
  },
});

/** A program with coverage on, which must end well: half a run has half the coverage. */
function covered(args: readonly string[]): void {
  const env = { ...process.env, [COVERAGE_VARIABLE]: PARTS };
  const r = spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
  if (r.status === 0) return;
  console.error(`coverage: ${args.join(' ')} ended with ${r.status}`);
  process.exit(1);
}

if (!values.again) {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(PARTS, { recursive: true });
  covered(['dist/cli/main.js', 'validate', '-j', '2', '--out', join(OUT, 'validate')]);
  covered(['scripts/bootstrap.mjs', 'test', ...TESTS]);
}
const parts = readdirSync(PARTS).filter((name) => name.endsWith('.dat'));
const files = { dat: join(OUT, 'coverage.dat'), info: join(OUT, 'coverage.info') };
await mergeCoverage(
  parts.map((name) => join(PARTS, name)),
  files,
  (source) => source,
);

const points = pointsOf(readFileSync(files.dat, 'utf8'), ROOT);
const list = JSON.parse(
  readFileSync(new URL('../test/rtl/coverage_exclusions.json', import.meta.url), 'utf8'),
) as Exclusion[];
const { left, wrong } = exclude(points, list);

const rows = tally(left);
console.log('| file | line | toggle | cover points |\n|---|--:|--:|--:|');
for (const { file, line, toggle, user } of rows) {
  const cell = ({ covered: c, points: n }: { covered: number; points: number }): string =>
    n === 0 ? '' : `${c} / ${n}, ${(Math.floor((1000 * c) / n) / 10).toFixed(1)} %`;
  console.log(`| ${file} | ${cell(line)} | ${cell(toggle)} | ${cell(user)} |`);
}
if (values.holes) {
  for (const p of left.filter(({ count }) => count === 0))
    console.log(`${p.file}:${p.line} ${p.kind} ${p.name}`);
}
console.log(`${points.length - left.length} points are excluded by ${list.length} entries`);
for (const entry of wrong)
  console.error(`coverage: excludes nothing, or what was reached: ${JSON.stringify(entry)}`);
const total = rows.at(-1)!;
const low = (Object.keys(BARS) as Kind[]).filter(
  (kind) => total[kind].covered * 100 < BARS[kind] * total[kind].points,
);
for (const kind of low) console.error(`coverage: ${kind} is below ${BARS[kind]} %`);
process.exitCode = low.length + wrong.length > 0 ? 1 : 0;
