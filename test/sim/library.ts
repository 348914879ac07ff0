// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RtlOptions, verilate } from '../../src/verilator/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sim = join(root, 'sim');

interface LibraryParts {
  cppSources: string[];
  cppIncludeDirs: string[];
  cppFlags: string[];
}

/** Builds sim/ around some nic_top (cached) and returns the path of the library. */
export const buildLibrary = async (
  name: string,
  rtl: Partial<RtlOptions>,
  trace: 'fst' | false = false,
): Promise<string> => {
  const parts = JSON.parse(readFileSync(join(sim, 'library.json'), 'utf8')) as LibraryParts;
  const built = await verilate({
    top: 'nic_top',
    cwd: root,
    name,
    cppSources: parts.cppSources.map((file) => join(sim, file)),
    cppIncludeDirs: parts.cppIncludeDirs.map((folder) => join(sim, folder)),
    cppFlags: parts.cppFlags,
    trace,
    ...rtl,
  });
  return built.library;
};

/** The card that only pokes the world. */
export const probeLibrary = (trace: 'fst' | false = false): Promise<string> =>
  buildLibrary('tagwire_probe', { sources: ['test/sim/probe/nic_top.sv'] }, trace);

/** Compiles C or C++ sources against a library, warnings being errors; returns the program. */
export const buildProgram = (sources: readonly string[], library: string): string => {
  const program = join(mkdtempSync(join(tmpdir(), 'tagwire-')), 'program');
  const compiler = sources[0]!.endsWith('.c')
    ? [process.env.CC ?? 'cc', '-std=c99', '-pedantic']
    : [process.env.CXX ?? 'c++', '-std=c++17'];
  execFileSync(compiler[0]!, [
    ...compiler.slice(1),
    ...['-O2', '-Wall', '-Wextra', '-Werror', `-I${join(sim, 'include')}`],
    ...sources.map((source) => join(root, source)),
    library,
    `-Wl,-rpath,${dirname(library)}`,
    ...['-o', program],
  ]);
  return program;
};
