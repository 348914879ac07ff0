// SPDX-License-Identifier: BSD-2-Clause
import { spawn } from 'node:child_process';

export interface Finished {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  /** Standard output and standard error, interleaved. */
  output: string;
}

/** Runs a tool to its end. Rejects only when it cannot be started or the signal aborts it. */
export const runTool = (
  command: string,
  args: readonly string[],
  options: { cwd?: string; signal?: AbortSignal | undefined } = {},
): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      signal: options.signal,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: Buffer.concat(chunks).toString('utf8') }));
  });
