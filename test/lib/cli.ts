// SPDX-License-Identifier: BSD-2-Clause
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '../../src/harness/run_report.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'src/cli/main.ts');

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tagwire ARGS…` from source, as a user would, in the repository's root. */
export function tagwire(args: readonly string[], env: NodeJS.ProcessEnv = {}): CliResult {
  const r = spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...env },
    maxBuffer: 1 << 26,
    timeout: 240_000,
  });
  return { status: r.status, stdout: r.stdout, stderr: r.stderr };
}

/** The same, started and left running: for signals. */
export function startTagwire(args: readonly string[]) {
  return spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function temporaryDir(name: string): string {
  return mkdtempSync(join(tmpdir(), `tagwire-${name}-`));
}

/** `tagwire run ARGS… --json` with its output in a folder of its own; exit code 0 is demanded. */
export function runJson(...args: string[]): RunReport {
  const r = tagwire(['run', ...args, '--json', '--out', temporaryDir('run')]);
  if (r.status !== 0) throw new Error(`tagwire run ${args.join(' ')}: ${r.status}\n${r.stderr}`);
  return JSON.parse(r.stdout) as RunReport;
}
