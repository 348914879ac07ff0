// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COVERAGE_VARIABLE } from '../../src/harness/library.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WARNINGS = ['-Wno-fatal', '-Wno-lint', '-Wno-style'];

/** A program of test/rtl/TOP.sv round modules of rtl/, in a folder of its own. */
export interface Bench {
  readonly program: string;
  remove(): void;
}

/**
 * Verilates it. With coverage on, each run of it writes what it has covered, as the libraries do.
 * @param sources under rtl/
 */
export function buildBench(top: string, sources: readonly string[]): Bench {
  const dir = mkdtempSync(join(tmpdir(), `tagwire-${top}-`));
  const covered = process.env[COVERAGE_VARIABLE]
    ? ['--coverage', '-CFLAGS', '-O0', `-DBENCH=${top}`, 'test/rtl/bench_coverage.sv']
    : [];
  const flags = ['--binary', '-sv', '--assert', '-O0', ...WARNINGS];
  const make = ['--Mdir', dir, '--top-module', top, '-o', top];
  const files = [...sources.map((path) => `rtl/${path}`), `test/rtl/${top}.sv`, ...covered];
  const verilator = process.env.VERILATOR ?? 'verilator';
  execFileSync(verilator, [...flags, ...make, ...files], { cwd: ROOT, stdio: 'pipe' });
  return {
    program: join(dir, top),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
