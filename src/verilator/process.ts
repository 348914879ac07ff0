// SPDX-License-Identifier: BSD-2-Clause
import { type ChildProcess, spawn } from 'node:child_process';

export interface Finished {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  /** Standard output and standard error, interleaved. */
  output: string;
}

// Compilers and Verilator are wrappers round the real program: each runs as a group of its own, so
// that stopping one stops all of it.
const running = new Set<ChildProcess>();

const stop = (child: ChildProcess): void => {
  try {
    process.kill(-child.pid!, 'SIGTERM');
  } catch {
    // it ended by itself
  }
};

let watching = false;
const stopAllOnExit = (): void => {
  if (watching) return;
  watching = true;
  process.on('exit', () => running.forEach(stop));
};

/**
 * Runs a tool to its end. Rejects when it cannot be started; when the signal aborts, after the tool
 * has ended, so that nobody writes to its files any more.
 */
export const runTool = (
  command: string,
  args: readonly string[],
  options: { cwd?: string; signal?: AbortSignal | undefined } = {},
): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const { cwd, signal } = options;
    signal?.throwIfAborted();
    const child = spawn(command, args, {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    stopAllOnExit();
    running.add(child);
    const onAbort = (): void => stop(child);
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (): void => {
      running.delete(child);
      signal?.removeEventListener('abort', onAbort);
    };
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', (code) => {
      settle();
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
