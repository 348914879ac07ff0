// SPDX-License-Identifier: BSD-2-Clause

import { loadDriver } from '../harness/driver_file.ts';
import { ownRtlArgs } from '../harness/own_rtl.ts';
import type { CaseResult, CaseStatus } from '../report/validate_results.ts';
import { type Case, groupOf } from './case.ts';
import { CaseRun, type Evidence } from './case_run.ts';
import { CaseFailure, CaseSkipped, type FailureDetails } from './failure.ts';
import type { Instance } from './select.ts';
import { cannotRun, type Settings } from './settings.ts';

/** What a case is, before anything is known of how it went. */
export function blankResult(c: Case, { id, seed }: Instance, settings: Settings): CaseResult {
  return {
    id,
    group: groupOf(id),
    title: c.title,
    checks: c.checks,
    parameters: c.parameters ?? {},
    seed,
    status: 'missing',
    digest: '',
    seconds: 0,
    cycles: 0,
    reason: 'no result came',
    artefacts: {},
    repeat: repeatCommand(c, id, settings),
  };
}

/**
 * Runs one case. Whatever it throws is its failure, but for what is not the fault of card, driver or
 * stack: that is an infrastructure error, and what is not installed is thrown on.
 */
export async function runCase(
  c: Case,
  instance: Instance,
  settings: Settings,
  evidence: Evidence | null = null,
): Promise<CaseResult> {
  const blank = blankResult(c, instance, settings);
  const driver =
    settings.driver === undefined ? null : await loadDriver(settings.driver, settings.ffi);
  const reason = cannotRun(c, settings, driver);
  if (reason !== '') return { ...blank, status: 'skipped', reason };
  const begunMs = performance.now();
  const run = new CaseRun(settings, instance.seed, evidence, driver);
  let outcome: Partial<CaseResult>;
  try {
    await c.run(run);
    outcome = { status: 'passed', reason: '', digest: run.end() };
  } catch (error) {
    const { cycle } = run;
    run.close();
    outcome = { ...(cycle === undefined ? {} : { cycle }), ...failure(error) };
  }
  const seconds = Number(((performance.now() - begunMs) / 1000).toFixed(3));
  return { ...blank, ...outcome, seconds, cycles: run.cycles, artefacts: run.artefacts };
}

type Thrown = Error & { kind?: string; code?: string; cycle?: number };

/** Kinds of BusError that say nothing about the card. */
const NOT_THE_CARD: readonly (string | undefined)[] = ['io', 'argument', 'unsupported'];
const NOT_INSTALLED = ['VerilatorError', 'ContractError', 'BindingError'];
const NO_ROOM: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'ENOMEM', 'EMFILE'];

function failure(error: unknown): Partial<CaseResult> {
  const e = error as Thrown;
  if (error instanceof CaseSkipped) return { status: 'skipped', reason: e.message };
  if (NOT_INSTALLED.includes(e.name)) throw error;
  const isLost =
    (e.name === 'BusError' && NOT_THE_CARD.includes(e.kind)) || NO_ROOM.includes(e.code);
  const status: CaseStatus = isLost ? 'infrastructure' : 'failed';
  const details: FailureDetails = error instanceof CaseFailure ? error.details : {};
  const cycle = details.cycle ?? e.cycle;
  const where = error instanceof CaseFailure || e.cycle !== undefined ? '' : placeOf(e);
  return {
    status,
    reason: `${e.message ?? String(error)}${where}`,
    ...('expected' in details ? { expected: details.expected } : {}),
    ...('actual' in details ? { actual: details.actual } : {}),
    ...(cycle === undefined ? {} : { cycle }),
    ...(details.frame === undefined ? {} : { frame: details.frame }),
  };
}

/** Of an error that nobody foresaw: where it came from. */
function placeOf({ stack, name }: Thrown): string {
  const line = stack?.split('\n').find((l) => /^\s+at /.test(l));
  const place = line === undefined ? null : /([\w.]+:\d+):\d+\)?$/.exec(line);
  return place === null ? ` (${name})` : ` (${name} at ${place[1]})`;
}

/** The command that runs this case alone, under the same seed. */
function repeatCommand(c: Case, id: string, s: Settings): string {
  const nth = /@(\d+)$/.exec(id)?.[1];
  return [
    `npx tagwire validate --grep '^${c.id}$' --seed ${s.seed}`,
    ...(nth === undefined ? [] : [`--reseed ${nth}`]),
    ...(s.rtl === undefined ? [] : ownRtlArgs(s.rtl).map(quoted)),
    ...(s.driver === undefined ? [] : ['--driver', quoted(s.driver)]),
    ...(s.nic === 'rtl' ? [] : [`--nic ${s.nic}`]),
    ...(s.ffi === 'koffi' ? [] : [`--ffi ${s.ffi}`]),
  ].join(' ');
}

/** As a shell reads it. */
function quoted(text: string): string {
  return /^[\w./=,:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
