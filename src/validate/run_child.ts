// SPDX-License-Identifier: BSD-2-Clause
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CaseResult } from '../report/validate_results.ts';
import type { Job, Said } from './message.ts';
import type { Instance } from './select.ts';

/** Nothing can be run here: something is not installed, or does not compile. */
export class CannotRunError extends Error {
  readonly exitCode = 3;
  constructor({ message, hint }: { message: string; hint: string }) {
    super(hint === '' ? message : `${message}; ${hint}`);
    this.name = 'CannotRunError';
  }
}

/** How a child ended. */
export interface ChildEnd {
  /** Has no result, and the process is gone. */
  readonly lost: Instance | null;
  readonly status: 'infrastructure' | 'timeout';
  readonly why: string;
  /** Not begun. */
  readonly left: readonly Instance[];
}

/** Compiled or, in a clone, from its source. */
const SELF_EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const CHILD = fileURLToPath(new URL(`child${SELF_EXTENSION}`, import.meta.url));
/** Asked late: a script that a CommonJS loader took has no import.meta.resolve. */
const loader = (): string[] =>
  SELF_EXTENSION === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];
/** A process that does nothing at all before its first case. */
const BEGIN_MS = 60_000;
/** For the second run of a failing case; the first of all builds a library with waveforms. */
const EXPLAIN_MS = 600_000;
const LAST_WORDS = 2000;

/**
 * Runs a job in a process of its own, and hears each result. Resolves when the process is gone;
 * rejects with CannotRunError. The signal kills it.
 */
export function runChild(
  job: Job,
  timeoutMs: number,
  onResult: (result: CaseResult) => void,
  signal: AbortSignal,
): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
    const child = fork(CHILD, { execArgv: loader(), stdio: [...stdio], env: childEnv() });
    const left = new Map(job.instances.map((instance) => [instance.id, instance]));
    let current: Instance | null = null;
    /** Its result, should it never be explained. */
    let failed: CaseResult | null = null;
    let cannot: CannotRunError | null = null;
    let stderr = '';
    const watch = new Watch(child, signal);
    watch.set(BEGIN_MS);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-LAST_WORDS);
    });
    child.on('message', (said: Said) => {
      if (said.what === 'begin') {
        current = left.get(said.id)!;
        left.delete(said.id);
        watch.set(timeoutMs);
      } else if (said.what === 'failed') {
        failed = said.result;
        current = null;
        watch.set(job.settings.nic === 'rtl' ? Math.max(timeoutMs, EXPLAIN_MS) : timeoutMs);
      } else if (said.what === 'result') {
        current = null;
        failed = null;
        watch.set(BEGIN_MS);
        onResult(said.result);
      } else if (said.what === 'cannot') cannot = new CannotRunError(said);
    });
    child.on('error', (error) => {
      watch.end();
      reject(error);
    });
    child.on('close', (code, killed) => {
      watch.end();
      if (cannot !== null) {
        reject(cannot);
        return;
      }
      const why = watch.isLate ? watch.text : howItEnded(code, killed, stderr);
      if (failed !== null) onResult({ ...failed, reason: `${failed.reason}; run again, ${why}` });
      // A process that never comes to its first case must not be started for ever.
      const isDumb = failed === null && current === null && left.size === job.instances.length;
      if (isDumb) {
        current = job.instances[0]!;
        left.delete(current.id);
      }
      const status = watch.isLate ? 'timeout' : 'infrastructure';
      resolve({ lost: current, status, why, left: [...left.values()] });
    });
    child.send(job);
  });
}

function howItEnded(code: number | null, signal: string | null, stderr: string): string {
  const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
  const lastWords = stderr.trim().split('\n').at(-1)!;
  return `its process ${how}${lastWords === '' ? '' : `: ${lastWords}`}`;
}

/** Tests set TAGSAN for all worlds; cases say themselves which are watched. */
function childEnv(): NodeJS.ProcessEnv {
  const { TAGSAN: _, ...env } = process.env;
  return env;
}

/** Kills a child that takes too long, or when all is to end. */
class Watch {
  isLate = false;
  #ms = 0;
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;
  readonly #kill: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, signal: AbortSignal) {
    this.#child = child;
    this.#signal = signal;
    this.#kill = () => child.kill('SIGKILL');
    signal.addEventListener('abort', this.#kill);
    if (signal.aborted) this.#kill();
  }

  get text(): string {
    return `took longer than ${this.#ms / 1000} s`;
  }

  set(ms: number): void {
    this.#ms = ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isLate = true;
      this.#child.kill('SIGKILL');
    }, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#kill);
  }
}
