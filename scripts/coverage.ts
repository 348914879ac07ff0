// SPDX-License-Identifier: BSD-2-Clause
/**
 * How much of rtl/ the tests reach: Verilator's line and toggle coverage and its named cover points, of
 * the tests of the card, of the engine and of modules alone.
 *
 *     npm run coverage               runs them, sums up, and writes test/rtl/coverage.json
 *     npm run coverage -- --again    sums up what the last run has left in out/coverage
 *     npm run coverage -- --holes    and names each point that nothing reached
 *
 * A point counts once a source, whatever instances and widths there are of it. What cannot be reached is
 * listed in test/rtl/coverage_exclusions.json with the reason. Ends with 1 below 98 % of lines, 90 % of
 * toggles or all cover points, or when an exclusion has nothing to exclude. Half of the time of a first
 * run goes into building the cards.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { COVERAGE_VARIABLE, cardLibrary, engineLibrary, LANES } from '../src/harness/library.ts';
import { mergeCoverage } from '../src/verilator/coverage.ts';
import { type ExclusionClass, exclude, exclusionsOf } from './coverage/exclusions.ts';
import { BARS, figures, KINDS, pointsOf, tally } from './coverage/points.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'out/coverage');
const PARTS = join(OUT, 'parts');
const FIGURES = join(ROOT, 'test/rtl/coverage.json');
const BENCHES = ['check', 'irq', 'ports', 'sa_table'].map((name) => `test/rtl/${name}.test.ts`);
/** The same traffic again and again: without them the run takes half the time. */
const LEFT_OUT = ['lanes', 'scatter_gather', 'sweep'].flatMap((name) => [
  '--exclude',
  `test/rtl/card/${name}.test.ts`,
]);
const TESTS = ['test/rtl/card/', 'test/rtl/gcm', ...BENCHES, ...LEFT_OUT];

const { values } = parseArgs({
  options: {
    again: { type: 'boolean', default: false },
    holes: { type: 'boolean', default: false },
  },
});

/** Before the tests, whose hooks have no patience for the builds of a card: minutes each. */
async function build(): Promise<void> {
  const coverage = true;
  const say = (what: string): void => console.error(`coverage: builds ${what}`);
  for (const lanes of LANES) {
    say(`engine and card of ${lanes} lanes`);
    await engineLibrary({ coverage }, lanes);
    await cardLibrary({ coverage }, lanes);
  }
  say('the card of four queues');
  await cardLibrary({ coverage, queues: 4 });
}

/** Runs the tests, which must end well: half a run has half the coverage. */
function runTests(): void {
  const env = { ...process.env, [COVERAGE_VARIABLE]: PARTS };
  const args = ['scripts/bootstrap.mjs', 'test', ...TESTS];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
  if (status === 0) return;
  console.error(`coverage: the tests ended with ${status}`);
  process.exit(1);
}

if (!values.again) {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(PARTS, { recursive: true });
  await build();
  runTests();
}
const parts = readdirSync(PARTS).filter((name) => name.endsWith('.dat'));
const files = { dat: join(OUT, 'coverage.dat'), info: join(OUT, 'coverage.info') };
await mergeCoverage(
  parts.map((name) => join(PARTS, name)),
  files,
  (source) => source,
);

const points = pointsOf(readFileSync(files.dat, 'utf8'), ROOT);
const classes = JSON.parse(
  readFileSync(new URL('../test/rtl/coverage_exclusions.json', import.meta.url), 'utf8'),
) as ExclusionClass[];
const list = exclusionsOf(classes);
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
console.log(`${points.length - left.length} points are excluded for ${classes.length} reasons`);
for (const entry of wrong)
  console.error(`coverage: excludes nothing, or what was reached: ${JSON.stringify(entry)}`);
const total = rows.at(-1)!;
const low = KINDS.filter((kind) => total[kind].covered * 100 < BARS[kind] * total[kind].points);
for (const kind of low) console.error(`coverage: ${kind} is below ${BARS[kind]} %`);
writeFileSync(FIGURES, figures(rows));
process.exitCode = low.length + wrong.length > 0 ? 1 : 0;
