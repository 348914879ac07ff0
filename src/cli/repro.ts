// SPDX-License-Identifier: BSD-2-Clause
import { cardLibrary } from '../harness/library.ts';
import type { CaseResult } from '../report/validate_results.ts';
import { explain } from '../validate/explain.ts';
import { caseById } from '../validate/registry.ts';
import { readRepro } from '../validate/repro.ts';
import { runCase } from '../validate/run_case.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { interruptible } from './interrupt.ts';
import {
  commonOptions,
  helpText,
  type OptionTable,
  outDirectory,
  parseOptions,
} from './options.ts';
import { buildProgress, green, printJson, red } from './terminal.ts';

const { json, out } = commonOptions;
const options = { json, out } as const satisfies OptionTable;

/** What `tagwire repro --json` prints. */
export interface ReproReport {
  readonly case: string;
  readonly seed: number;
  readonly status: CaseResult['status'];
  /** Did it fail just as it did then? */
  readonly same: boolean;
  readonly expected: string;
  readonly reason: string;
  readonly artefacts: Readonly<Record<string, string>>;
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseOptions(options, argv, { min: 1, max: 1, name: 'FILE' });
  const repro = readRepro(positionals[0]!);
  const { instance } = repro;
  const settings = { ...repro.settings, out: outDirectory(values.out) };
  const onProgress = buildProgress('card');
  if (settings.nic === 'rtl') {
    const own = settings.rtl === undefined ? {} : { rtl: settings.rtl };
    await interruptible((signal) => cardLibrary({ ...own, signal, onProgress }));
  }
  const c = caseById(instance.caseId);
  const first = await runCase(c, instance, settings);
  const result = await explain(c, instance, settings, first);
  const report: ReproReport = {
    case: instance.id,
    seed: instance.seed,
    status: result.status,
    same: first.status === 'failed' && first.reason === repro.reason,
    expected: repro.reason,
    reason: result.reason,
    artefacts: result.artefacts,
  };
  if (values.json) printJson(report);
  else process.stdout.write(reproText(report, result.packet ?? []));
  return result.status === 'passed' ? exitCode.pass : exitCode.checkFailed;
}

function reproText(r: ReproReport, packet: readonly string[]): string {
  const head = `${r.case}, seed ${r.seed}\n`;
  if (r.status === 'passed') return `${head}${green('passes here')}; then: ${r.expected}\n`;
  const verdict = r.same
    ? red('fails in the same way')
    : `${red('fails')}, but then: ${r.expected}`;
  const files = Object.entries(r.artefacts).map(([what, path]) => `${what}: ${path}\n`);
  return `${head}${verdict}: ${r.reason}\n${packet.map((line) => `  ${line}\n`).join('')}${files.join('')}`;
}

export const command: Command = {
  summary: 'repeat a failure of validate from its repro.json',
  help: helpText(
    'tagwire repro FILE [options]',
    'Runs the case of a repro.json again, on any machine: same stimulus, same settings. Exit code 1\n' +
      'when it fails again; what explains it is left in DIR/failures. 0 when it passes here.',
    options,
  ),
  run,
};
