// SPDX-License-Identifier: BSD-2-Clause
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Job, type RunSample, SAMPLE_SCHEMA } from './sample.ts';

/** Codes of a child that the caller's own input, or what is not installed, explains. */
const PASSED_ON = [2, 3];
/** The strategy of the caller's own does not do what it must. */
const CHECK_FAILED = 1;
const INFRASTRUCTURE = 5;
const TIMEOUT = 124;

/** A measuring process did not deliver; the message names its strategy, workload and round. */
export class ChildError extends Error {
  readonly exitCode: number;
  constructor(job: Job, why: string, exitCode: number) {
    super(
      `strategy '${job.strategyFile ?? job.strategy}', ${job.mode} ${job.workload.name}, ` +
        `round ${job.round}: ${why}`,
    );
    this.name = 'ChildError';
    this.exitCode = exitCode;
  }
}

/** Compiled or, in a clone, from its source. */
const SELF_EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const CHILD = fileURLToPath(new URL(`child${SELF_EXTENSION}`, import.meta.url));
/** Asked late: a script that a CommonJS loader took has no import.meta.resolve. */
const loader = (): string[] =>
  SELF_EXTENSION === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];

/**
 * Measures one job in a process of its own. Throws ChildError when the process fails, says nothing,
 * or takes longer than timeoutMs; AbortError when the signal ends it.
 */
export function runChild(job: Job, timeoutMs: number, signal: AbortSignal): Promise<RunSample> {
  return new Promise((resolve, reject) => {
    const args = [...loader(), '--expose-gc', CHILD, JSON.stringify(job)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
    let isLate = false;
    const patience = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', (error) => {
      clearTimeout(patience);
      reject(error);
    });
    child.on('close', (code, killed) => {
      clearTimeout(patience);
      if (isLate) {
        const seconds = Math.round(timeoutMs / 1000);
        reject(new ChildError(job, `took longer than ${seconds} s`, TIMEOUT));
      } else if (code !== 0) {
        const said = err.split('\n').filter((line) => line !== '' && !/^\s/.test(line));
        const why = said.at(-1)?.replace(/^\w*Error: /, '') ?? `ended with ${code ?? killed}`;
        const passOn = code !== null && PASSED_ON.includes(code);
        const other = job.strategyFile === null ? INFRASTRUCTURE : CHECK_FAILED;
        reject(new ChildError(job, why, passOn ? code : other));
      } else {
        const sample = parse(out);
        if (sample === undefined) {
          reject(new ChildError(job, 'printed no sample', INFRASTRUCTURE));
        } else resolve(sample);
      }
    });
  });
}

function parse(text: string): RunSample | undefined {
  try {
    const sample = JSON.parse(text) as RunSample;
    return sample.schema === SAMPLE_SCHEMA ? sample : undefined;
  } catch {
    return undefined;
  }
}
