// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { COVERAGE_VARIABLE } from '../harness/library.ts';
import { type CoverageSummary, mergeCoverage } from '../verilator/coverage.ts';

/** What a run with coverage writes into its folder: for lcov, and for verilator_coverage --annotate. */
export const COVERAGE_FILES = { coverage: 'coverage.info', coverageData: 'coverage.dat' } as const;

/** RTL of ours as seen from the package, RTL from elsewhere as from here. */
function sourcePath(path: string): string {
  if (!isAbsolute(path)) return path;
  const near = relative(process.cwd(), path);
  return near.startsWith('..') || isAbsolute(near) ? path : near;
}

/** Coverage of all RTL that this process and its children simulate, from now until end(). */
export class CoverageRun {
  readonly #out: string;
  readonly #parts: string;

  constructor(out: string) {
    this.#out = out;
    this.#parts = join(out, 'coverage');
    rmSync(this.#parts, { recursive: true, force: true });
    for (const file of Object.values(COVERAGE_FILES)) rmSync(join(out, file), { force: true });
    mkdirSync(this.#parts);
    process.env[COVERAGE_VARIABLE] = this.#parts;
  }

  /** Adds up what the processes have left; null: no RTL was simulated. Throws VerilatorError. */
  async end(): Promise<CoverageSummary | null> {
    delete process.env[COVERAGE_VARIABLE];
    try {
      // What a process was killed over is half a file, under another name.
      const parts = readdirSync(this.#parts).filter((name) => name.endsWith('.dat'));
      if (parts.length === 0) return null;
      const { coverage, coverageData } = COVERAGE_FILES;
      const files = { info: join(this.#out, coverage), dat: join(this.#out, coverageData) };
      const paths = parts.map((name) => join(this.#parts, name));
      return await mergeCoverage(paths, files, sourcePath);
    } finally {
      rmSync(this.#parts, { recursive: true, force: true });
    }
  }

  /** The files that end() has written, by what they are. */
  get artefacts(): Record<string, string> {
    const paths = Object.entries(COVERAGE_FILES).map(([what, file]) => [
      what,
      join(this.#out, file),
    ]);
    return Object.fromEntries(paths.filter(([, path]) => existsSync(path!)));
  }
}
