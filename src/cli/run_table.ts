// SPDX-License-Identifier: BSD-2-Clause
import { violationText } from '../harness/oracle/violation.ts';
import type { WireFigures } from '../harness/oracle/wire_figures.ts';
import type { RunReport } from '../harness/run_report.ts';
import { bold, dim, green, red, table } from './terminal.ts';

const n = (x: number): string => x.toLocaleString('en-US');

/** The result of a run as a person likes to read it; `wire` is null when nobody watched. */
export function runTable(r: RunReport, wire: WireFigures | null): string {
  const { packets: p, tags, rtl, time, ffi } = r;
  const esp = p.offloadedTx + p.offloadedRx + p.software;
  const rows: [string, string, string][] = [
    ['packets', `${n(p.sent)} sent, ${n(p.delivered)} delivered`, lostText(r)],
    ['compared', `${n(r.compared)} byte for byte`, verdict(r.mismatches, 'differ')],
    wire === null
      ? ['wire', 'not watched', '']
      : [
          'wire',
          `${n(wire.frames)} frames, ${n(wire.decrypted)} ESP packets decrypted apart`,
          verdict(r.plaintextLeaks, 'leaked'),
        ],
    [
      'ESP',
      `${n(p.offloadedTx)} encrypted, ${n(p.offloadedRx)} decrypted by the cards`,
      esp === 0 ? 'none seen' : `${n(p.software)} in software`,
    ],
    [
      'tags',
      `${tags.txAllocsPerPacket} a packet out, ${tags.rxAllocsPerPacket} in`,
      `${tags.handoverAllocs} for the hand-over, ${tags.leaked} left`,
    ],
    [
      'card',
      `${n(rtl.cycles)} cycles, ${rtl.cyclesPerPacket} a packet`,
      `${rtl.bitsPerCycle} payload bits a cycle`,
    ],
    [
      'time',
      `${time.wallSeconds.toFixed(2)} s, ${n(time.packetsPerSecond)} packets/s`,
      `${n(time.cyclesPerSecond)} cycles/s; ${shares(r)}`,
    ],
    ['calls', `${ffi.callsPerPacket} a packet by ${ffi.binding}`, ''],
  ];
  const lines = [table(rows.map(([name, left, right]) => [bold(name), left, dim(right)]))];
  for (const { reason, count, texts } of r.notOffloaded) {
    lines.push(`not offloaded: ${n(count)} ${reason}`);
    for (const text of texts) lines.push(dim(`  ${text}`));
  }
  for (const note of r.notes) lines.push(`note: ${note}`);
  for (const [name, count] of Object.entries(r.drops)) lines.push(`counted: ${n(count)} ${name}`);
  if (r.violations.length > 0) lines.push(...(r.schedule ?? []));
  for (const v of r.violations) lines.push(red(violationText(v)));
  lines.push(`digest ${r.digest}`);
  for (const [name, path] of Object.entries(r.artefacts)) lines.push(`${name}: ${path}`);
  const good = r.violations.length === 0 && r.mismatches === 0 && r.plaintextLeaks === 0;
  lines.push(good ? green('pass') : red('FAIL'));
  return `${lines.join('\n')}\n`;
}

function lostText(r: RunReport): string {
  const { lost, dropped } = r.packets;
  return `${n(lost)} lost on the wire, ${n(dropped)} dropped`;
}

function verdict(count: number, what: string): string {
  return count === 0 ? `none ${what}` : `${n(count)} ${what}`;
}

function shares(r: RunReport): string {
  const { split, wallSeconds } = r.time;
  return Object.entries(split)
    .map(([name, s]) => `${name} ${Math.round((100 * s) / wallSeconds)} %`)
    .join(', ');
}
