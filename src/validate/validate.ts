// SPDX-License-Identifier: BSD-2-Clause
import type { CaseResult, ValidateResults } from '../report/validate_results.ts';
import { isBad } from '../report/validate_results.ts';
import { CASES, caseById } from './registry.ts';
import { sumUp } from './results.ts';
import { blankResult } from './run_case.ts';
import { runAll } from './schedule.ts';
import { type Selection, select } from './select.ts';
import type { Settings } from './settings.ts';

export interface ValidateOptions extends Selection {
  readonly settings: Settings;
  /** Child processes at a time. */
  readonly jobs: number;
  /** Wall seconds that one case may take. */
  readonly timeoutSeconds: number;
  /** Ends after so many failures; the rest is reported as missing. */
  readonly maxFailures: number;
  readonly signal: AbortSignal;
  /** Of what takes part, for the reports. */
  readonly versions: Readonly<Record<string, string>>;
  readonly onResult?: (result: CaseResult, done: number, total: number) => void;
}

/**
 * Runs the suite. A case without a result is a failure. Throws CannotRunError when nothing can be run
 * here.
 */
export async function validate(o: ValidateOptions): Promise<ValidateResults> {
  const { settings, shard } = o;
  const instances = select(CASES, o, settings.seed);
  const begunMs = performance.now();
  const results = new Map<string, CaseResult>();
  const stop = new AbortController();
  let failures = 0;
  const take = (result: CaseResult): void => {
    if (stop.signal.aborted) return;
    results.set(result.id, result);
    o.onResult?.(result, results.size, instances.length);
    if (isBad(result.status) && ++failures >= o.maxFailures) stop.abort();
  };
  await runAll(instances, {
    settings,
    jobs: o.jobs,
    timeoutMs: 1000 * o.timeoutSeconds,
    signal: AbortSignal.any([o.signal, stop.signal]),
    onResult: take,
  });
  const reason = stop.signal.aborted ? `not run: ${failures} failed` : 'no result came';
  const all = instances.map(
    (i) => results.get(i.id) ?? { ...blankResult(caseById(i.caseId), i, settings), reason },
  );
  const about = {
    seed: settings.seed,
    versions: o.versions,
    settings: {
      nic: settings.nic,
      ffi: settings.ffi,
      shard: `${shard.i}/${shard.n}`,
      timeoutCycles: settings.timeoutCycles,
    },
    seconds: Number(((performance.now() - begunMs) / 1000).toFixed(1)),
  };
  return sumUp(about, all);
}
