// SPDX-License-Identifier: BSD-2-Clause
// Refreshes the parts of README.md that come from elsewhere: npx tsx scripts/readme.ts
//   <!-- file: PATH -->       the file itself
//   <!-- output: COMMAND -->  what `npx tagwire …` prints
//   <!-- turns -->            the table of src/kern/turn_rules.ts
//   <!-- bench -->            a table from the JSON of `npm run bench -- --json`: readme.ts FILE
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { turnTable } from './turn_table.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BLOCK = /<!-- (file|output): (.+?) -->\n```(\w*)\n[\s\S]*?```/g;
const TURNS = /<!-- turns -->\n[\s\S]*?<!-- \/turns -->/;
const BENCH = /<!-- bench -->\n[\s\S]*?<!-- \/bench -->/;

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

function benchTable(path: string): string {
  const { rows, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as {
    rows: BenchRow[];
    engineCyclesPerSecond: number;
    worldShareOfEngine: number;
  };
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
const bench = process.argv[2];
if (bench !== undefined) readme = readme.replace(BENCH, () => benchTable(bench));
writeFileSync(file, readme);
