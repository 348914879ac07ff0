// SPDX-License-Identifier: BSD-2-Clause
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cardLibrary, engineLibrary } from '../harness/library.ts';
import type { OwnRtl } from '../harness/own_rtl.ts';
import { checkContract } from '../harness/rtl_contract.ts';
import { annotations, stepSummary } from '../report/github.ts';
import type { CaseResult, CaseStatus, ValidateResults } from '../report/validate_results.ts';
import { isBad } from '../report/validate_results.ts';
import { groupOf } from '../validate/case.ts';
import { CoverageRun } from '../validate/coverage.ts';
import { FAILURES } from '../validate/explain.ts';
import { readFuzzFile } from '../validate/fuzz/fuzz_case.ts';
import { CASES, caseById, GROUPS } from '../validate/registry.ts';
import { type Instance, readShard, type Selection, select } from '../validate/select.ts';
import type { Settings } from '../validate/settings.ts';
import { validate } from '../validate/validate.ts';
import { REPORT_FILES, writeReports } from '../validate/write_reports.ts';
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
import { driverOption, ownDriver, ownRtl, rtlOptions } from './rtl_options.ts';
import { buildProgress, note, printJson, progress, progressDone } from './terminal.ts';
import { caseLine, listText, validateTable } from './validate_table.ts';

const options = {
  list: { type: 'flag', help: 'print the cases that would be run, and run none' },
  suite: { type: 'list', value: 'GROUP', help: `groups to run: ${GROUPS.join(', ')}` },
  grep: { type: 'string', value: 'REGEX', help: 'run the cases whose id or title matches' },
  jobs: {
    type: 'integer',
    short: 'j',
    value: 'N',
    min: 0,
    max: 1024,
    default: 1,
    help: 'child processes at a time; 0: one for each core',
  },
  reseed: {
    type: 'integer',
    value: 'N',
    min: 1,
    max: 1e6,
    default: 1,
    help: 'run each random case under N seeds',
  },
  shard: { type: 'string', value: 'I/N', default: '1/1', help: 'run part I of N of the cases' },
  'fail-fast': { type: 'flag', help: 'end with the first failure' },
  'max-failures': {
    type: 'integer',
    value: 'N',
    min: 1,
    env: 'MAX_FAILURES',
    help: 'end with the Nth failure',
  },
  'no-explain': {
    type: 'flag',
    help: 'do not run a failing case again for its capture and waveform',
  },
  'timeout-wall': {
    type: 'number',
    value: 'SECONDS',
    min: 0.1,
    max: 86400,
    default: 120,
    help: 'what one case may take; more is a timeout',
  },
  'timeout-cycles': {
    type: 'integer',
    value: 'N',
    min: 1000,
    default: 20_000_000,
    help: 'cycles that one simulation may take; more is a failure',
  },
  nic: {
    type: 'choice',
    choices: ['rtl', 'model'],
    default: 'rtl',
    help: 'the card: Verilated RTL, or the functional model',
  },
  ffi: {
    type: 'choice',
    choices: ['koffi', 'ffi-napi'],
    default: 'koffi',
    help: 'how native code is called',
  },
  ...rtlOptions,
  ...driverOption,
  cov: {
    type: 'flag',
    env: 'COVERAGE',
    help: 'coverage of the RTL over all processes: coverage.info (lcov) and coverage.dat in DIR',
  },
  ...commonOptions,
  seed: {
    type: 'string',
    value: 'N|repeat',
    env: 'SEED',
    default: '1',
    help: 'master seed of all cases; repeat: that of the last run in DIR',
  },
  out: {
    type: 'string',
    value: 'DIR',
    default: 'out/validate',
    help: 'directory for reports and what failures leave',
  },
} as const satisfies OptionTable;

type Options = Values<typeof options>;

const SEED_MAX = 2 ** 32 - 1;

function readSeed(text: string, out: string): number {
  if (text === 'repeat') return lastSeed(join(out, REPORT_FILES.results));
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seed >= 0 && seed <= SEED_MAX) return seed;
  throw new UsageError(`--seed: expected 0..${SEED_MAX} or repeat, got '${text}'`);
}

function lastSeed(file: string): number {
  if (!existsSync(file)) throw new UsageError(`--seed repeat: there is no ${file} of a run before`);
  try {
    const { seed } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ValidateResults>;
    if (Number.isInteger(seed)) return seed!;
  } catch {
    // Said below.
  }
  throw new UsageError(`--seed repeat: ${file} is not the results of a run`);
}

function readGrep(text: string | undefined): RegExp | null {
  if (text === undefined) return null;
  try {
    return new RegExp(text);
  } catch (error) {
    throw new UsageError(`--grep: ${(error as Error).message}`);
  }
}

function readSelection(o: Options): Selection {
  for (const suite of o.suite) if (!GROUPS.includes(suite)) throw unknown('suite', suite, GROUPS);
  const { suite: suites, reseed } = o;
  try {
    return { suites, grep: readGrep(o.grep), reseed, shard: readShard(o.shard) };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`--shard: ${error.message}`);
    throw error;
  }
}

function selected(o: Options, selection: Selection, seed: number): Instance[] {
  const instances = select(CASES, selection, seed);
  if (instances.length > 0) return instances;
  const whole = select(CASES, { ...selection, shard: { i: 1, n: 1 } }, seed).length;
  throw new UsageError(
    whole === 0
      ? `--grep: no case matches '${o.grep}'`
      : `--shard: there are ${whole} cases, and none is in part ${o.shard}`,
  );
}

async function run(argv: string[]): Promise<number> {
  const { values: o } = parseOptions(options, argv);
  const selection = readSelection(o);
  const seed = readSeed(o.seed, o.out);
  const instances = selected(o, selection, seed);
  if (o.list) {
    const listed = new Set(instances.map((i) => i.caseId));
    const cases = CASES.filter((c) => listed.has(c.id));
    if (o.json) printJson({ seed, cases: cases.map(({ run: _, ...about }) => about) });
    else process.stdout.write(listText(cases));
    return exitCode.pass;
  }
  const rtl = ownRtl(o);
  if (rtl !== undefined && o.nic === 'model')
    throw new UsageError('--nic: expected rtl with --rtl');
  if (o.cov && o.nic === 'model')
    throw new UsageError('--cov: expected --nic rtl with it: coverage is of RTL');
  if (instances.some(({ caseId }) => groupOf(caseId) === 'fuzz')) checkCorpus();
  await ownDriver(o);
  const level = rtl === undefined ? undefined : await checkContract(rtl);
  const out = outDirectory(o.out, Object.values(REPORT_FILES));
  rmSync(join(out, FAILURES), { recursive: true, force: true });
  const settings: Settings = {
    ...{ seed, nic: o.nic, ffi: o.ffi, timeoutCycles: o['timeout-cycles'], out },
    ...(rtl === undefined ? {} : { rtl }),
    ...(level === undefined ? {} : { level }),
    ...(o.driver === undefined ? {} : { driver: o.driver }),
    ...(o['no-explain'] ? { explains: false } : {}),
  };
  const coverage = o.cov ? new CoverageRun(out) : null;
  const needsEngine =
    level !== 'card' && instances.some(({ caseId }) => groupOf(caseId) === 'vectors');
  const needsQueues =
    level !== 'card' && instances.some(({ caseId }) => caseById(caseId).needsQueues === true);
  const jobs = o.jobs === 0 ? availableParallelism() : o.jobs;
  note(`validate: ${instances.length} cases, card ${o.nic}, seed ${seed}, ${jobs} at a time`);
  const ran = await interruptible(async (signal) =>
    validate({
      ...selection,
      settings,
      jobs,
      timeoutSeconds: o['timeout-wall'],
      maxFailures: o['fail-fast'] ? 1 : (o['max-failures'] ?? Number.POSITIVE_INFINITY),
      signal,
      versions: await prepare(o, rtl, needsEngine, needsQueues, signal),
      onResult: showResult,
    }),
  );
  progressDone();
  const covered = await coverage?.end();
  if (covered === null) note('validate: no coverage, because no RTL was simulated');
  const results = covered ? { ...ran, coverage: covered } : ran;
  const artefacts = { ...writeReports(out, results), ...coverage?.artefacts };
  tellGithub(results);
  const code = exitCodeOf(results.results);
  if (o.json) printJson(summary(results, code, artefacts));
  else process.stdout.write(validateTable(results, artefacts));
  return code;
}

/** A corpus that is not there, or has a file of another version, is no corpus that passes. */
function checkCorpus(): void {
  const folder = process.env.TAGWIRE_CORPUS;
  if (!folder) return;
  if (!existsSync(folder))
    throw new UsageError(`$TAGWIRE_CORPUS ${folder}: expected a folder, found none`);
  for (const name of readdirSync(folder))
    if (name.endsWith('.json')) readFuzzFile(join(folder, name));
}

/** Builds card and engine beforehand, so that no child has to; versions of what takes part. */
async function prepare(
  o: Options,
  rtl: OwnRtl | undefined,
  needsEngine: boolean,
  needsQueues: boolean,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const versions: Record<string, string> = {
    tagwire: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
      .version,
    node: process.versions.node,
  };
  if (o.nic === 'model') return versions;
  const own = rtl === undefined ? {} : { rtl };
  await cardLibrary({ ...own, signal, onProgress: buildProgress('card') });
  if (needsQueues)
    await cardLibrary({ ...own, queues: 4, signal, onProgress: buildProgress('card') });
  if (needsEngine) await engineLibrary({ ...own, signal, onProgress: buildProgress('engine') });
  return { ...versions, verilator: (await findVerilator()).version };
}

/** In a workflow of GitHub Actions: annotations, which its runner reads from stderr too, and a summary. */
function tellGithub(results: ValidateResults): void {
  if (process.env.GITHUB_ACTIONS !== 'true') return;
  for (const line of annotations(results)) note(line);
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (summary) appendFileSync(summary, stepSummary(results));
}

function showResult(result: CaseResult, done: number, total: number): void {
  if (isBad(result.status)) note(caseLine(result));
  progress(`validate: ${done} of ${total}, ${result.id}`);
}

/** The object of --json: all but the cases that are well. */
function summary(r: ValidateResults, code: number, artefacts: Record<string, string>) {
  const { results, schema: _, ...totals } = r;
  const failures = results.filter(({ status }) => isBad(status));
  return { ...totals, failures, exitCode: code, artefacts };
}

/** A failed check outranks what was lost, and that what was late. */
function exitCodeOf(results: readonly CaseResult[]): number {
  const has = (status: CaseStatus): boolean => results.some((r) => r.status === status);
  if (has('failed')) return exitCode.checkFailed;
  if (has('infrastructure')) return exitCode.infrastructure;
  if (has('timeout')) return exitCode.timeout;
  if (has('missing')) return exitCode.checkFailed;
  return results.every((r) => r.status === 'skipped') ? exitCode.skipped : exitCode.pass;
}

export const command: Command = {
  summary: 'run the offload conformance suite',
  help: helpText(
    'tagwire validate [options]',
    `Runs the cases of the suite against card, driver and stack, some at a time in child processes.
Each has a seed that follows from the master seed and the case alone: order, sharding and what else
runs change nothing. Writes DIR/results.json, results.xml (JUnit) and report.html; a case that fails
runs again with its capture, under DIR/failures. Exit code 1: a case failed; 5: a process was lost.`,
    options,
  ),
  run,
};
