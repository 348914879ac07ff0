// SPDX-License-Identifier: BSD-2-Clause
// Refreshes the parts of README.md that come from elsewhere: npx tsx scripts/readme.ts
//   <!-- file: PATH -->       the file itself
//   <!-- output: COMMAND -->  what `npx tagwire …` prints
//   <!-- turns -->            the table of src/kern/turn_rules.ts
//   <!-- rate -->             the table of test/data/line_rate.json
//   <!-- bench -->            a table from the JSON of `npm run bench -- --json`: readme.ts FILE
//   <!-- profile -->          tables and a plot from profile.json: readme.ts out/profile.json
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { profilePlots } from '../src/report/profile_plots.ts';
import type { ProfileReport } from '../src/report/profile_report.ts';
import { besideTable, costTable, type Table } from '../src/report/profile_tables.ts';
import { rateTable } from './rate_table.ts';
import { turnTable } from './turn_table.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BLOCK = /<!-- (file|output): (.+?) -->\n```(\w*)\n[\s\S]*?```/g;
const TURNS = /<!-- turns -->\n[\s\S]*?<!-- \/turns -->/;
const RATE = /<!-- rate -->\n[\s\S]*?<!-- \/rate -->/;
const BENCH = /<!-- bench -->\n[\s\S]*?<!-- \/bench -->/;
const PROFILE = /<!-- profile -->\n[\s\S]*?<!-- \/profile -->/;
const PLOT = 'test/data/profile/stages.svg';

interface BenchRow {
  readonly payloadBytes: number;
  readonly ffi: string;
  readonly nativePacketsPerSecond: number;
  readonly harnessPacketsPerSecond: number;
  readonly ratio: number;
  readonly stackRatio: number;
  readonly callsPerPacket: number;
  readonly hostNsPerPacket: number;
  readonly oracleNsPerPacket: number;
  readonly cyclesPerPacket: number;
  readonly plaintextBitsPerCycle: number;
}

function outputOf(command: string): string {
  const args = command.replace(/^npx tagwire /, '').split(' ');
  const text = execFileSync(process.execPath, ['dist/cli/main.js', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return text.replaceAll(ROOT, '').trimEnd();
}

interface Bench {
  readonly rows: readonly BenchRow[];
  readonly engineCyclesPerSecond: number;
  readonly worldShareOfEngine: number;
}

function markdown({ title, note, head, rows }: Table): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (typeof rows[0]?.[i] === 'number' ? '--:' : '---'));
  return [`**${title}.** ${note}`, '', ...[head, rule, ...rows].map(line)].join('\n');
}

/** The README's part on what a tag costs; draws its plot beside the tests' data. */
async function profileBlock(report: ProfileReport): Promise<string> {
  const plot = (await profilePlots(report)).find(({ id }) => id === 'stages')!;
  mkdirSync(dirname(ROOT + PLOT), { recursive: true });
  writeFileSync(ROOT + PLOT, plot.svg);
  const { manifest, method } = report;
  const tables = [
    costTable(report, 'tx'),
    costTable(report, 'rx'),
    besideTable(report, report.strategies[0]!.name),
  ];
  return [
    '<!-- profile -->',
    ...tables.flatMap((table) => [markdown(table), '']),
    `![${plot.title}](${PLOT})`,
    '',
    `${manifest.machine.cpu}, ${manifest.machine.cores} cores, Node.js ${manifest.versions.node}; ` +
      `${method.rounds} rounds, seed ${manifest.seed}, commit ${manifest.commit}.`,
    '<!-- /profile -->',
  ].join('\n');
}

function benchTable({ rows, ...rest }: Bench): string {
  const lines = rows.map(
    (r) =>
      `| ${r.payloadBytes} | ${r.ffi} | ${r.nativePacketsPerSecond} | ${r.harnessPacketsPerSecond} | ` +
      `${r.ratio} | ${r.stackRatio} | ${r.callsPerPacket} | ${r.hostNsPerPacket} | ` +
      `${r.oracleNsPerPacket} | ${r.cyclesPerPacket} | ${r.plaintextBitsPerCycle} |`,
  );
  return [
    '<!-- bench -->',
    '| payload B | FFI | C++ packets/s | driver packets/s | ratio | stack ratio | calls/packet | host ns/packet | oracles ns/packet | cycles/packet | plaintext bits/cycle |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...lines,
    '',
    `The engine \`nic_gcm\` alone runs at ${rest.engineCyclesPerSecond} cycles/s; the world of two ` +
      `cards, traffic one way, at ${rest.worldShareOfEngine} of that.`,
    '<!-- /bench -->',
  ].join('\n');
}

const file = `${ROOT}README.md`;
let readme = readFileSync(file, 'utf8');
readme = readme.replace(BLOCK, (_all, kind: string, what: string, language: string) => {
  const body = kind === 'file' ? readFileSync(ROOT + what, 'utf8').trimEnd() : outputOf(what);
  return `<!-- ${kind}: ${what} -->\n\`\`\`${language}\n${body}\n\`\`\``;
});
readme = readme.replace(TURNS, () => `<!-- turns -->\n${turnTable()}\n<!-- /turns -->`);
readme = readme.replace(RATE, () => `<!-- rate -->\n${rateTable()}\n<!-- /rate -->`);
for (const path of process.argv.slice(2)) {
  const figures = JSON.parse(readFileSync(path, 'utf8')) as Bench | ProfileReport;
  if ('schema' in figures) {
    const block = await profileBlock(figures);
    readme = readme.replace(PROFILE, () => block);
  } else readme = readme.replace(BENCH, () => benchTable(figures));
}
writeFileSync(file, readme);
