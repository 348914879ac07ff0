// SPDX-License-Identifier: BSD-2-Clause
import type { CaseResult } from '../report/validate_results.ts';
import { caseById } from './registry.ts';
import { blankResult } from './run_case.ts';
import { runChild } from './run_child.ts';
import type { Instance } from './select.ts';
import type { Settings } from './settings.ts';

export interface Schedule {
  readonly settings: Settings;
  /** Child processes at a time. */
  readonly jobs: number;
  readonly timeoutMs: number;
  /** Ends the run. */
  readonly signal: AbortSignal;
  readonly onResult: (result: CaseResult) => void;
}

/** Cases of one child process: few enough that the processes end at about the same time. */
const BATCH = 8;

/**
 * Runs all instances, some at a time in child processes. A case whose process is lost is reported,
 * and the ones behind it go to another process. Each instance is reported at most once; once the
 * signal has come, the rest not at all.
 */
export async function runAll(instances: readonly Instance[], s: Schedule): Promise<void> {
  const queue: Instance[][] = [];
  const size = Math.max(1, Math.min(BATCH, Math.ceil(instances.length / s.jobs)));
  for (let at = 0; at < instances.length; at += size) queue.push(instances.slice(at, at + size));
  const worker = async (): Promise<void> => {
    for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
      if (s.signal.aborted) return;
      const job = { settings: s.settings, instances: batch };
      const { lost, status, why, left } = await runChild(job, s.timeoutMs, s.onResult, s.signal);
      if (s.signal.aborted) return;
      if (lost !== null) {
        const blank = blankResult(caseById(lost.caseId), lost, s.settings);
        s.onResult({ ...blank, status, reason: why });
      }
      if (left.length > 0) queue.unshift([...left]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(s.jobs, queue.length) }, worker));
}
