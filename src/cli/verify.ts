// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Divergence, firstDivergence } from '../harness/transactions.ts';
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
import { loadScenario } from './scenario_file.ts';
import { dim, green, printJson, progress, progressDone, red, table } from './terminal.ts';
import { runVariant, type Variant, type VerifyRun } from './verify_run.ts';

const options = {
  runs: { type: 'integer', value: 'N', min: 2, max: 100, default: 3, help: 'runs one by one' },
  jobs: {
    type: 'integer',
    value: 'N',
    short: 'j',
    min: 1,
    max: 64,
    default: 2,
    help: 'runs side by side, each a process of its own',
  },
  packets: {
    type: 'integer',
    value: 'N',
    min: 1,
    max: 1e9,
    default: 300,
    help: 'packets of each run',
  },
  nic: { type: 'choice', choices: ['rtl', 'model'], help: 'the card (default: the scenario says)' },
  ...commonOptions,
} as const satisfies OptionTable;

/** What `tagwire verify --json` prints. */
export interface VerifyReport {
  readonly scenario: string;
  readonly seed: number;
  /** Of the first run. */
  readonly digest: string;
  readonly deterministic: boolean;
  readonly runs: readonly VerifyRun[];
  /** The first run that differs from the first of all, and where. */
  readonly divergence: (Divergence & { readonly runs: readonly [string, string] }) | null;
}

function variants(
  runs: number,
  jobs: number,
  isRtl: boolean,
): { alone: Variant[]; together: Variant[] } {
  const alone: Variant[] = [];
  for (let n = 1; n <= runs; n++) alone.push({ name: `run ${n}`, args: [] });
  if (isRtl) {
    alone.push({ name: 'waves on', args: ['--waves', 'fst'] });
    alone.push({ name: 'other binding', args: ['--ffi', 'ffi-napi'] });
  }
  const together: Variant[] = [];
  for (let n = 1; n <= jobs && jobs > 1; n++) {
    together.push({ name: `side by side ${n}`, args: [] });
  }
  return { alone, together };
}

async function run(argv: string[]): Promise<number> {
  const at = argv.indexOf('--');
  const own = at < 0 ? argv : argv.slice(0, at);
  const passedOn = at < 0 ? [] : argv.slice(at + 1);
  const { values, positionals } = parseOptions(options, own, { min: 0, max: 1, name: 'SCENARIO' });
  const { json, nic } = values;
  const { name, scenario, path } = await loadScenario(positionals[0] ?? 'tunnel');
  const out = join(outDirectory(values.out), 'verify');
  const seed = values.seed ?? scenario.world?.seed ?? 1;
  const runArgs = [path ?? name, '--packets', `${values.packets}`, '--seed', `${seed}`];
  runArgs.push(...(nic === undefined ? [] : ['--nic', nic]), ...passedOn);
  const isRtl = (nic ?? scenario.world?.nic ?? 'rtl') === 'rtl';
  const { alone, together } = variants(values.runs, values.jobs, isRtl);
  const all = [...alone, ...together];
  let done = 0;
  const runs = await interruptible(async (signal) => {
    const one = async (variant: Variant): Promise<VerifyRun> => {
      progress(`verify ${name}: ${variant.name}, ${done} of ${all.length} runs done`);
      const result = await runVariant(variant, runArgs, out, signal);
      done++;
      return result;
    };
    const results: VerifyRun[] = [];
    for (const variant of alone) results.push(await one(variant));
    return [...results, ...(await Promise.all(together.map(one)))];
  });
  progressDone();
  const report = verifyReport(name, seed, runs);
  if (json) printJson(report);
  else process.stdout.write(verifyText(report));
  return report.deterministic ? exitCode.pass : exitCode.checkFailed;
}

function verifyReport(scenario: string, seed: number, runs: readonly VerifyRun[]): VerifyReport {
  const [first] = runs as [VerifyRun];
  const other = runs.find((r) => r.skipped === undefined && r.digest !== first.digest);
  const divergence =
    other === undefined
      ? null
      : firstDivergence(readFileSync(first.stream), readFileSync(other.stream));
  return {
    scenario,
    seed,
    digest: first.digest,
    deterministic: other === undefined,
    runs,
    divergence: divergence && { runs: [first.name, other!.name], ...divergence },
  };
}

function verifyText({ scenario, seed, digest, runs, divergence }: VerifyReport): string {
  const rows = runs.map((r) =>
    r.skipped === undefined
      ? [r.name, r.transactions, r.digest.slice(0, 16), r.digest === digest ? '' : red('differs')]
      : [r.name, '', dim(`skipped: ${r.skipped}`), ''],
  );
  const head = `${scenario}, seed ${seed}\n${table([['', 'transactions', 'digest', ''], ...rows])}\n`;
  if (divergence === null) return `${head}${green('the same every time')}\n`;
  const [one, two] = divergence.runs;
  const [a, b] = divergence.values.map((value) => value ?? 'the stream has ended');
  return (
    `${head}${red('FAIL')}: the first difference is transaction ${divergence.index}, ` +
    `cycle ${divergence.cycle}, ${divergence.channel}\n  ${one}: ${a}\n  ${two}: ${b}\n`
  );
}

export const command: Command = {
  summary: 'run a scenario again and again, each time differently: it must come out the same',
  help: helpText(
    'tagwire verify [SCENARIO] [options] [-- OPTIONS OF RUN]',
    'Runs a scenario (tunnel by default; a built-in name or a script) several times with one seed:\n' +
      'one by one, with a waveform, with the other FFI binding, and side by side. All that happens\n' +
      'in the simulation must be the same in the same cycle. When it is not, exit code 1, and the\n' +
      'first transaction that differs: its cycle, its channel, and both values.\n' +
      'What each run wrote is left in DIR/verify.',
    options,
  ),
  run,
};
