// SPDX-License-Identifier: BSD-2-Clause
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ValidateResults } from '../../src/report/validate_results.ts';
import { type Planted, ROOT } from './patches.ts';

const COPIED = ['src', 'rtl', 'sim', 'package.json', 'tsconfig.json'];

/** What `validate` said of a tree with a fault in it. */
export interface Outcome {
  /** 1: noticed; 0: not. */
  readonly exitCode: number;
  /** Cases that failed, by id; with failFast the first. */
  readonly failed: readonly string[];
  /** Cases that ran. */
  readonly ran: readonly string[];
  readonly seconds: number;
}

/** git apply; what it said when it would not. A line of context may have drifted. */
export function apply(patch: string, cwd: string, ...options: string[]): string {
  // Outside of every repository, also when the temporary folder lies in one.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: join(cwd, '..') };
  const args = ['apply', '-C1', '--whitespace=nowarn', ...options, patch];
  const { status, stderr } = spawnSync('git', args, { cwd, env, encoding: 'utf8' });
  return status === 0 ? '' : stderr.trim();
}

/** A copy of the tree with the fault in it, checked by the groups that one would expect to notice. */
export async function tryPatch(
  fault: Planted,
  groups: readonly string[],
  { failFast, jobs = 1 }: { failFast: boolean; jobs?: number },
): Promise<Outcome> {
  const dir = mkdtempSync(join(tmpdir(), `tagwire-planted-${fault.id}-`));
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(dir, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    const refused = apply(fault.file, dir);
    if (refused !== '') throw new Error(`${fault.id} does not apply: ${refused}`);
    // With a fault in it the tree need not pass the type checker: what it emits is what is run.
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    spawnSync(tsc, ['-p', 'tsconfig.json', '--declaration', 'false'], { cwd: dir });
    const begunMs = performance.now();
    const args = ['--suite', groups.join(','), '--nic', fault.nic, '-j', `${jobs}`, '--json'];
    const exitCode = await validate(dir, [...args, ...(failFast ? ['--fail-fast'] : [])]);
    const seconds = Math.round((performance.now() - begunMs) / 1000);
    return { exitCode, ...resultsIn(dir), seconds };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function validate(dir: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const main = ['dist/cli/main.js', 'validate', ...args];
    const out = ['--timeout-wall', '120', '--out', 'out'];
    const stdio = ['ignore', 'ignore', 'inherit'] as const;
    const child = spawn(process.execPath, [...main, ...out], { cwd: dir, stdio: [...stdio] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 5));
  });
}

function resultsIn(dir: string): Pick<Outcome, 'failed' | 'ran'> {
  let results: ValidateResults['results'] = [];
  try {
    const text = readFileSync(join(dir, 'out/results.json'), 'utf8');
    results = (JSON.parse(text) as ValidateResults).results;
  } catch {
    // The tree with the fault in it could not be run at all.
  }
  const has = (...states: string[]) =>
    results.filter((r) => states.includes(r.status)).map((r) => r.id);
  return {
    failed: has('failed', 'timeout', 'infrastructure'),
    ran: has('passed', 'failed', 'timeout', 'infrastructure'),
  };
}
