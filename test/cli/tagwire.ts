// SPDX-License-Identifier: BSD-2-Clause
// Runs the command line as a user does, from the sources.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** By full URL, since tests may run it anywhere. */
const tsx = import.meta.resolve('tsx');

/** Node's arguments that run the command line. */
export const mainArgs = (...argv: string[]): string[] => ['--import', tsx, main, ...argv];

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** A build with coverage takes two minutes alone, and a busy machine three times as long. */
const PATIENCE_MS = 560_000;

const run = (args: string[], options: { env?: NodeJS.ProcessEnv; cwd?: string }): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { ...process.env, ...options.env };
    execFile(
      process.execPath,
      args,
      { env, cwd: options.cwd, timeout: PATIENCE_MS, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
  });

export const tagwireWith = (
  options: { env?: NodeJS.ProcessEnv; cwd?: string },
  ...argv: string[]
): Promise<Ended> => run(mainArgs(...argv), options);

/** The command line of another clone, in it. */
export const tagwireIn = (clone: string, ...argv: string[]): Promise<Ended> =>
  run(['--import', tsx, join(clone, 'src/cli/main.ts'), ...argv], { cwd: clone });

export const tagwire = (...argv: string[]): Promise<Ended> => tagwireWith({}, ...argv);
