// SPDX-License-Identifier: BSD-2-Clause
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaseResult, CaseStatus, ValidateResults } from '../../src/report/validate_results.ts';
import { type Planted, ROOT } from './patches.ts';

const COPIED = ['src', 'rtl', 'sim', 'package.json', 'tsconfig.json'];

/** What `validate` said of a tree with a fault in it. */
export interface Outcome {
  readonly exitCode: number;
  /** Cases that failed, by id; with failFast the first. These have noticed it. */
  readonly failed: readonly string[];
  /** Cases that took too long, or whose process was lost: that may be the machine's doing. */
  readonly lost: readonly string[];
  /** Cases that ran to an end. */
  readonly ran: readonly string[];
  /** The first that failed, and what it said. */
  readonly because: string;
  readonly seconds: number;
}

/** What is to run. */
export interface Trial {
  readonly groups: readonly string[];
  /** Of them those alone; none: all. */
  readonly cases?: readonly string[];
  readonly failFast: boolean;
}

/** git apply; what it said when it would not. A line of context may have drifted. */
export function apply(patch: string, cwd: string, ...options: string[]): string {
  // Outside of every repository, also when the temporary folder lies in one.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: join(cwd, '..') };
  const args = ['apply', '-C1', '--whitespace=nowarn', ...options, patch];
  const { status, stderr } = spawnSync('git', args, { cwd, env, encoding: 'utf8' });
  return status === 0 ? '' : stderr.trim();
}

/** A copy of the tree with the fault in it, compiled; gone when `use` is done. Throws when it does not apply. */
export async function withPatch<T>(fault: Planted, use: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), `tagwire-planted-${fault.id}-`));
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(dir, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    const refused = apply(fault.file, dir);
    if (refused !== '') throw new Error(`${fault.id} does not apply: ${refused}`);
    // With a fault in it the tree need not pass the type checker: what it emits is what is run.
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    spawnSync(tsc, ['-p', 'tsconfig.json', '--declaration', 'false'], { cwd: dir });
    return await use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** `tagwire ARGS…` of such a copy: its exit code. */
export function tagwireIn(
  dir: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', 'ignore', 'inherit'] as const;
    const child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
      ...{ cwd: dir, stdio: [...stdio], env: { ...process.env, ...env } },
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 5));
  });
}

/** The groups that one would expect to notice the fault, in a copy of the tree that has it. */
export function tryPatch(fault: Planted, trial: Trial): Promise<Outcome> {
  const { groups, cases = [], failFast } = trial;
  const ids = cases.map((id) => id.replaceAll('.', '\\.')).join('|');
  return withPatch(fault, async (dir) => {
    const begunMs = performance.now();
    const exitCode = await tagwireIn(dir, [
      ...['validate', '--suite', groups.join(','), '--nic', fault.nic, '--no-explain', '--json'],
      ...['--timeout-wall', '600', '--out', 'out'],
      ...(cases.length === 0 ? [] : ['--grep', `^(${ids})$`]),
      ...(failFast ? ['--fail-fast'] : []),
    ]);
    const seconds = Math.round((performance.now() - begunMs) / 1000);
    return { exitCode, ...outcomeOf(resultsIn(dir)), seconds };
  });
}

/** None: the tree with the fault in it could not be run at all. */
function resultsIn(dir: string): ValidateResults['results'] {
  try {
    const text = readFileSync(join(dir, 'out/results.json'), 'utf8');
    return (JSON.parse(text) as ValidateResults).results;
  } catch {
    return [];
  }
}

/** Who noticed, and who came to no end. */
export function outcomeOf(
  results: readonly Pick<CaseResult, 'id' | 'status' | 'reason'>[],
): Omit<Outcome, 'exitCode' | 'seconds'> {
  const has = (...states: CaseStatus[]) =>
    results.filter((r) => states.includes(r.status)).map((r) => r.id);
  const first = results.find((r) => r.status === 'failed');
  return {
    failed: has('failed'),
    lost: has('timeout', 'infrastructure'),
    ran: has('passed', 'failed'),
    because: first === undefined ? '' : `${first.id}: ${first.reason}`,
  };
}
