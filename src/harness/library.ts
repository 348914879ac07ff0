// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Verilated, type VerilateOptions, verilate } from '../verilator/index.ts';

/** Folder of the package: rtl/ and sim/ lie in it. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How the project's libraries may be built differently. */
export type LibraryOptions = Pick<
  VerilateOptions,
  | 'trace'
  | 'coverage'
  | 'force'
  | 'flags'
  | 'defines'
  | 'cacheDir'
  | 'jobs'
  | 'signal'
  | 'onProgress'
>;

interface Parts {
  readonly cppSources: readonly string[];
  readonly cppIncludeDirs: readonly string[];
  readonly cppFlags: readonly string[];
}

function parts(): Parts {
  return JSON.parse(readFileSync(`${ROOT}sim/library.json`, 'utf8')) as Parts;
}

const inSim = (path: string): string => `sim/${path}`;

/** The world with its cards: sim/include/tagwire_sim.h on rtl/nic_top.sv. Cached. */
export function cardLibrary(options: LibraryOptions = {}): Promise<Verilated> {
  const { cppSources, cppIncludeDirs, cppFlags } = parts();
  return verilate({
    ...options,
    top: 'nic_top',
    name: 'tagwire_nic',
    cwd: ROOT,
    rootedFileLists: ['rtl/nic.f'],
    includeDirs: ['rtl'],
    vlt: ['rtl/lint/waivers.vlt', 'sim/probe.vlt'],
    cppSources: cppSources.map(inSim),
    cppIncludeDirs: cppIncludeDirs.map(inSim),
    cppFlags: [...cppFlags, '-DTW_PROBE'],
  });
}

/** The crypto engine alone: sim/include/tagwire_gcm.h on rtl/crypto/nic_gcm.sv. Cached. */
export function engineLibrary(options: LibraryOptions = {}): Promise<Verilated> {
  const { cppIncludeDirs, cppFlags } = parts();
  const sources = ['gcm/gcm_model.cc', 'gcm/gcm_stream.cc', 'gcm/tagwire_gcm.cc', 'fatal.cc'];
  return verilate({
    ...options,
    top: 'nic_gcm',
    name: 'tagwire_gcm',
    cwd: ROOT,
    rootedFileLists: ['rtl/nic_gcm.f'],
    includeDirs: ['rtl'],
    vlt: ['rtl/lint/waivers.vlt'],
    cppSources: sources.map(inSim),
    cppIncludeDirs: [...cppIncludeDirs, 'gcm'].map(inSim),
    cppFlags,
  });
}
