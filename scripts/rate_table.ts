// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import type { LineRateRow } from './bench/line_rate.ts';

const FILE = new URL('../test/data/line_rate.json', import.meta.url);

/** The throughput table of the README, from what `npm run bench:rtl -- --json` measured. */
export function rateTable(): string {
  const rows = JSON.parse(readFileSync(FILE, 'utf8')) as LineRateRow[];
  const columns = [...new Set(rows.map(column))];
  const sizes = [...new Set(rows.map((r) => r.payloadBytes))];
  const lines = columns.map((name) => {
    const own = rows.filter((r) => column(r) === name);
    return [name, ...sizes.map((size) => cell(own.filter((r) => r.payloadBytes === size)))];
  });
  const head = ['', ...sizes.map((size) => `${size} B`)];
  const rule = ['---', ...sizes.map(() => '--:')];
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The engine encrypts and decrypts at one pace, as the test of the kept rows says. */
const column = (r: LineRateRow): string =>
  r.level === 'card' ? `card, ${lanesOf(r)}, ${r.direction}` : `engine alone, ${lanesOf(r)}`;

const lanesOf = (r: LineRateRow): string => `${r.lanes} ${r.lanes === 1 ? 'lane' : 'lanes'}`;

function cell(rows: readonly LineRateRow[]): string {
  const slowest = rows.reduce((a, b) => (a.cyclesPerPacket > b.cyclesPerPacket ? a : b));
  return `${slowest.cyclesPerPacket} / ${slowest.boundCycles}, ${slowest.plaintextBitsPerCycle}`;
}
