// SPDX-License-Identifier: BSD-2-Clause
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { cardLibrary } from '../harness/library.ts';
import { isScript } from '../harness/load_script.ts';
import { assemble } from '../profile/assemble.ts';
import { checkBudget, expectKnown, type Limit, readBudget } from '../profile/budget.ts';
import { compareProfiles, parseProfile } from '../profile/compare.ts';
import { beginManifest } from '../profile/manifest.ts';
import { metricNames, ratioNames } from '../profile/metrics.ts';
import { cosimWorkload, type Plan, runRounds, type Strategy } from '../profile/rounds.ts';
import { runChild } from '../profile/run_child.ts';
import type { Job, RunSample } from '../profile/sample.ts';
import { scout } from '../profile/scout.ts';
import { STRATEGIES } from '../profile/strategy.ts';
import { loadStrategyFile } from '../profile/strategy_file.ts';
import { timeline } from '../profile/timeline.ts';
import { COSIM_SIZES, QUICK_COSIM_SIZES, QUICK_SWEEPS, SWEEPS } from '../profile/workloads.ts';
import { PROFILE_FILES, writeProfile } from '../profile/write_profile.ts';
import { findVerilator } from '../verilator/find.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { interruptible } from './interrupt.ts';
import {
  commonOptions,
  helpText,
  type OptionTable,
  outDirectory,
  parseOptions,
  UsageError,
  unknown,
  type Values,
} from './options.ts';
import { budgetTable, comparisonTable, profileTables } from './profile_table.ts';
import { loadScenario } from './scenario_file.ts';
import { buildProgress, note, printJson, progress, progressDone } from './terminal.ts';

const options = {
  quick: { type: 'flag', help: 'within a minute: fewer rounds, so only large differences show' },
  strategy: {
    type: 'list',
    value: 'NAME|FILE,...',
    help: 'only these; a .ts or .js file is your own (default all)',
  },
  budget: {
    type: 'string',
    value: 'FILE',
    help: 'YAML or JSON: strategy, metric, most it may be; ends with 1 when one is broken',
  },
  timeline: {
    type: 'string',
    value: 'FILE',
    help: 'write packets as trace events, for Perfetto and chrome://tracing',
  },
  nic: {
    type: 'choice',
    choices: ['rtl', 'model'],
    default: 'rtl',
    help: 'the card of the whole simulation',
  },
  ...commonOptions,
} as const satisfies OptionTable;

type ProfileOptions = Values<typeof options>;

/**
 * Wall time after which no more is begun, so that all ends well within 5 minutes, or one. Ten rounds
 * are taken however slow the machine; the quick ones want six, the fewest that have an interval of 95 %.
 */
const TWO = Math.min(2, availableParallelism());
const FULL = {
  ...{ rounds: 10, roundsMin: 10, roundsMs: 0, budgetMs: 240_000, sweeps: SWEEPS },
  ...{ parallel: 1, sweepParallel: TWO },
};
const QUICK = {
  ...{ rounds: 6, roundsMin: 3, roundsMs: 30_000, budgetMs: 38_000, sweeps: QUICK_SWEEPS },
  // CPU time is what is measured, so that a second process is but little in the way.
  ...{ parallel: TWO, sweepParallel: TWO },
};
/** Few strategies are quicker still: each has its share of the time, and there is a floor. */
function quickPlan(strategyCount: number) {
  return { ...QUICK, budgetMs: QUICK.budgetMs * Math.max(0.3, strategyCount / STRATEGIES.length) };
}
/** On a machine that is busy with other things, too. */
const CHILD_TIMEOUT_MS = 300_000;

async function strategies(names: readonly string[]): Promise<Strategy[]> {
  const all = STRATEGIES.map(({ name }) => ({ name, file: null }));
  if (names.length === 0) return all;
  const chosen: Strategy[] = [];
  for (const given of names) {
    const isFile = isScript(given);
    const known = all.find((s) => s.name === given);
    if (!isFile && known === undefined) {
      const choices = all.map((s) => s.name);
      throw unknown('strategy', given, [...choices, 'or a .ts or .js file']);
    }
    const strategy = known ?? { ...(await loadStrategyFile(given)), file: resolve(given) };
    if (chosen.some((s) => s.name === strategy.name)) {
      throw new UsageError(`--strategy: '${strategy.name}' is given twice`);
    }
    chosen.push({ name: strategy.name, file: strategy.file });
  }
  return chosen;
}

function budgetOf(file: string | undefined): Limit[] {
  if (file === undefined) return [];
  return readBudget(textOf(file, '--budget: '), file);
}

function textOf(file: string, who: string): string {
  if (!existsSync(file)) throw new UsageError(`${who}'${file}' does not exist`);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${who}'${file}' cannot be read (${code})`);
  }
}

/** Before minutes are spent on what it is to hold. */
function expectWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--timeline: '${file}' cannot be written (${code})`);
  }
}

async function planOf(o: ProfileOptions, scenario: string): Promise<[Plan, Limit[]]> {
  const { seed = 1, quick, nic } = o;
  if (o.timeline !== undefined && nic === 'model') {
    throw new UsageError('--timeline shows cycles of the card: it needs --nic rtl');
  }
  if (o.timeline !== undefined) expectWritable(o.timeline);
  const chosen = await strategies(o.strategy);
  const limits = budgetOf(o.budget);
  const loaded = await loadScenario(scenario);
  const base = await scout(loaded.name, loaded.scenario, seed);
  // A script sends what it sends, whatever the size that it is asked for.
  const others = quick ? QUICK_COSIM_SIZES : [base.sizeBytes, ...COSIM_SIZES];
  const sizes = loaded.path === undefined ? [...new Set(others)] : [base.sizeBytes];
  const names = chosen.map((s) => s.name);
  expectKnown(limits, names, [...metricNames(sizes), ...ratioNames(names)]);
  const plan: Plan = {
    ...{ strategies: chosen, seed, quick, nic, base },
    scenario: loaded.path ?? loaded.name,
    ...(quick ? quickPlan(chosen.length) : FULL),
    cosim: sizes.map(cosimWorkload),
  };
  return [plan, limits];
}

async function profile(argv: string[]): Promise<number> {
  const { values, positionals } = parseOptions(options, argv, { min: 0, max: 1, name: 'SCENARIO' });
  const scenario = positionals[0] ?? 'tunnel';
  // First, since other files may be to lie in it.
  const out = outDirectory(values.out, Object.values(PROFILE_FILES));
  const [plan, limits] = await planOf(values, scenario);
  const { samples, finish } = await interruptible((signal) => measure(plan, signal));
  const report = assemble(scenario, plan, samples, finish());
  const artefacts = await writeProfile(out, report, samples);
  if (values.timeline !== undefined) {
    artefacts.timeline = writeTimeline(values.timeline, samples, plan);
  }
  const budget = checkBudget(limits, report);
  if (values.json) printJson({ ...report, budget, artefacts });
  else {
    process.stdout.write(profileTables(report));
    if (budget.length > 0) process.stdout.write(budgetTable(budget));
    for (const [name, path] of Object.entries(artefacts))
      process.stdout.write(`${name}: ${path}\n`);
  }
  const broken = budget.filter((limit) => limit.broken);
  for (const { file, line, strategy, metric, value, max } of broken) {
    note(`tagwire: ${file}:${line}: ${strategy} ${metric} is ${value}, at most ${max} is allowed`);
  }
  return broken.length > 0 ? exitCode.checkFailed : exitCode.pass;
}

async function measure(plan: Plan, signal: AbortSignal) {
  const versions: Record<string, string> = {};
  if (plan.nic === 'rtl') {
    // Built beforehand, so that no process has to wait for it.
    await cardLibrary({ probe: true, signal, onProgress: buildProgress('card') });
    versions.verilator = (await findVerilator()).version;
  }
  const end = beginManifest(plan.seed, versions);
  const run = (job: Job): Promise<RunSample> => runChild(job, CHILD_TIMEOUT_MS, signal);
  try {
    const { samples, calibrationNs } = await runRounds(plan, run, roundProgress());
    return { samples, finish: () => end(calibrationNs) };
  } finally {
    progressDone();
  }
}

/** On a terminal a line that changes, on a pipe a line for each phase. */
function roundProgress(): (phase: string, job: Job) => void {
  let shown = '';
  return (phase, { strategy, workload }) => {
    if (process.stderr.isTTY === true) progress(`${phase}: ${strategy}, ${workload.name}`);
    else if (phase !== shown) note(phase);
    shown = phase;
  };
}

function writeTimeline(file: string, samples: readonly RunSample[], plan: Plan): string {
  const first = plan.strategies[0]!.name;
  const mine = samples.filter((s) => s.strategy === first);
  const cosim = mine.find((s) => s.mode === 'cosim')!;
  const stack = mine.filter((s) => s.mode === 'stack' && s.workload.name === plan.base.name);
  writeFileSync(file, JSON.stringify(timeline(cosim, stack)));
  return resolve(file);
}

function compare(argv: string[]): number {
  const { values, positionals } = parseOptions(commonOptions, argv, {
    ...{ min: 2, max: 2, name: 'A.json B.json: two profiles' },
  });
  const [a, b] = positionals.map((file) => parseProfile(textOf(file, ''), file));
  const comparison = compareProfiles(a!, b!);
  if (values.json) printJson(comparison);
  else process.stdout.write(comparisonTable(comparison));
  return exitCode.pass;
}

export const command: Command = {
  summary: 'measure what a tag costs per packet, by every way to carry it',
  help: helpText(
    'tagwire profile [SCENARIO] [options]\n       tagwire profile compare A.json B.json [--json]',
    `Measures what it costs to carry an offload request from IPsec to the driver: ${STRATEGIES.map((s) => s.name).join(', ')}, or your own.
A process for each strategy and round; SCENARIO (default tunnel) says how large the packets are and
how many SAs they use. Writes DIR/profile.json with its schema, profile.html, profile.folded for
flame graphs, the plots as SVG and all samples as CSV. compare says what changed beyond noise.`,
    options,
  ),
  async run(argv) {
    return argv[0] === 'compare' ? compare(argv.slice(1)) : profile(argv);
  },
};
