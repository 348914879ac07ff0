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

/** The real card. */
export const nicLibrary = (): Promise<string> =>
  buildLibrary('tagwire_nic', {
    rootedFileLists: ['rtl/nic.f'],
    vlt: ['rtl/lint/waivers.vlt'],
    includeDirs: ['rtl'],
  });

/** Compiles a C or C++ program against a library and returns the path of the program. */
export const buildProgram = (source: string, library: string): string => {
  const program = join(mkdtempSync(join(tmpdir(), 'tagwire-')), 'program');
  const cxx = source.endsWith('.c')
    ? [process.env.CC ?? 'cc', '-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic']
    : [process.env.CXX ?? 'c++', '-std=c++17', '-Wall', '-Wextra', '-Werror'];
  const path = ['-Wl,-rpath', dirname(library)].join(',');
  execFileSync(cxx[0]!, [
    ...cxx.slice(1),
    '-O2',
    `-I${join(sim, 'include')}`,
    join(root, source),
    library,
    path,
    '-o',
    program,
  ]);
  return program;
};
