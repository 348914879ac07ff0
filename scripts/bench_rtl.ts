// SPDX-License-Identifier: BSD-2-Clause
import { parseArgs } from 'node:util';
import { cardLibrary, LANES } from '../src/harness/library.ts';
import type { Progress } from '../src/verilator/index.ts';
import {
  engineLineRate,
  LINE_RATE_CASES,
  LineRateBench,
  type LineRateRow,
} from './bench/line_rate.ts';

/**
 * Cycles from packet to packet, measured against what the wire allows. `--json` prints the rows that
 * test/data/line_rate.json keeps.
 */
const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (options.help) {
  process.stdout.write(
    'usage: npm run bench:rtl -- [--json]\n\n' +
      'How many cycles apart packets are that follow each other as fast as the card lets them.\n' +
      '--json  print the rows as JSON\n',
  );
  process.exit(0);
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const rows: LineRateRow[] = [];
for (const lanes of LANES) {
  const onProgress = (p: Progress): void => say(`card, lanes ${lanes}: ${p.phase} ${p.text}`);
  const { library } = await cardLibrary({ onProgress }, lanes);
  const bench = new LineRateBench(library, lanes);
  rows.push(...LINE_RATE_CASES.flatMap(([payload, packets]) => bench.run(payload, packets)));
}
for (const lanes of LANES) {
  say(`engine, lanes: ${lanes}`);
  rows.push(...(await engineLineRate(lanes)));
}
process.stdout.write(options.json ? jsonOf(rows) : rows.map(lineOf).join(''));

function jsonOf(all: readonly LineRateRow[]): string {
  return `[\n${all.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
}

function lineOf(r: LineRateRow): string {
  return (
    `${r.level} ${r.lanes} lane${r.lanes > 1 ? 's' : ' '}  ${r.direction.padEnd(6)}  ` +
    `${String(r.payloadBytes).padStart(4)} B  ${r.cyclesPerPacket.toFixed(2).padStart(7)} cycles, ` +
    `bound ${String(r.boundCycles).padStart(3)}  ${r.plaintextBitsPerCycle} bits/cycle\n`
  );
}
