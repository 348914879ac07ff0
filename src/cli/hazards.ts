// SPDX-License-Identifier: BSD-2-Clause
import type { Figures } from '../harness/hazards/hazard.ts';
import {
  type HazardOptions,
  type HazardReport,
  type HazardRow,
  runHazards,
} from '../harness/hazards/run_hazards.ts';
import { exitCode } from './exit_code.ts';
import { bold, dim, green, printJson, progress, progressDone, red } from './terminal.ts';

/** `tagwire run hazards`: every known hazard with its rule and without. The exit code. */
export async function hazardsCommand(options: HazardOptions, json: boolean): Promise<number> {
  const report = await runHazards(options, (row) => progress(`hazards: ${row.id} ${row.title}`));
  progressDone();
  if (json) printJson(report);
  else process.stdout.write(hazardsText(report));
  const good = report.plaintextLeaks === 0 && report.hazards.every((row) => row.ok);
  return good ? exitCode.pass : exitCode.checkFailed;
}

function hazardsText({ hazards, plaintextLeaks, nic, seed }: HazardReport): string {
  const bad = hazards.filter((row) => !row.ok).length;
  const last = `${hazards.length} hazards, card ${nic}, seed ${seed}: ${plaintextLeaks} plaintext leaks with the rules on`;
  const verdict =
    bad === 0 && plaintextLeaks === 0 ? green('pass') : red(`FAIL: ${bad} not as predicted`);
  return `${hazards.map(rowText).join('\n')}\n${last}\n${verdict}\n`;
}

function rowText(row: HazardRow): string {
  const head = `${bold(row.id.padEnd(3))} ${row.title}`;
  if (!row.applies) return `${head}\n    ${dim(`cannot be here: ${row.reason}`)}`;
  const { expected } = row;
  const shown = [
    ...new Set([...Object.keys(expected!.withRule), ...Object.keys(expected!.withoutRule)]),
  ];
  const side = (figures: Figures | null) =>
    shown.map((name) => `${name} ${figures?.[name] ?? 0}`).join(', ');
  const mark = row.ok ? '' : red('  NOT AS PREDICTED');
  return `${head}${mark}\n    with ${row.rule}: ${side(row.withRule)}\n    without:${' '.repeat(
    Math.max(1, row.rule!.length - 1),
  )}${side(row.withoutRule)}`;
}
