// SPDX-License-Identifier: BSD-2-Clause
import { isAbsolute, relative, resolve } from 'node:path';

/** What Verilator reads. Relative paths are taken from `cwd`. */
export interface RtlOptions {
  /** Name of the top module. */
  top: string;
  /** Default: the current directory. */
  cwd?: string;
  /** File lists whose paths are relative to `cwd` (`-f`). */
  fileLists?: readonly string[];
  /** File lists whose paths are relative to the list's own folder (`-F`). */
  rootedFileLists?: readonly string[];
  sources?: readonly string[];
  includeDirs?: readonly string[];
  /** Verilog macros; the empty string defines one without a value. */
  defines?: Readonly<Record<string, string | number>>;
  /** Verilator configuration files: waivers, public signals. */
  vlt?: readonly string[];
  /** Parameters of the top module (-G), as Verilog writes them. */
  parameters?: Readonly<Record<string, string | number>>;
  /** Further Verilator flags. They come last, so they win. */
  flags?: readonly string[];
}

/** Where a build is: `done` of `total` steps of the phase (total 0 when unknown). */
export interface Progress {
  phase: 'wait' | 'verilate' | 'compile' | 'link' | 'ready';
  done: number;
  total: number;
  /** A few words for a person. */
  text: string;
  elapsedSeconds: number;
}

export interface VerilateOptions extends RtlOptions {
  /** C++ compiled along; it includes the model as VM_PREFIX_INCLUDE, and its symbols are exported. */
  cppSources?: readonly string[];
  cppIncludeDirs?: readonly string[];
  cppFlags?: readonly string[];
  /** Flags and libraries at the end of the link. */
  linkFlags?: readonly string[];
  /** Compiles tracing in; it costs nothing until a trace is opened. */
  trace?: 'fst' | false;
  coverage?: boolean;
  /** Optimisation of the generated code. Default '-O2'. */
  optimize?: string;
  /** Class name of the model. Default V<top>. */
  prefix?: string;
  /** Name of the library: lib<name>.so. Default: top. */
  name?: string;
  /** Default: $TAGWIRE_CACHE, $XDG_CACHE_HOME/tagwire or ~/.cache/tagwire. */
  cacheDir?: string;
  /** Compilers at a time. Default: the number of cores. */
  jobs?: number;
  /** Builds even when the cache has it. */
  force?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

export const cwdOf = (options: RtlOptions): string => resolve(options.cwd ?? '.');

/** The path as seen from cwd, so that messages and cache keys do not depend on where a tree lies. */
export const fromCwd = (cwd: string, path: string): string => {
  const near = relative(cwd, resolve(cwd, path));
  return near.startsWith('..') || isAbsolute(near) ? resolve(cwd, path) : near || '.';
};

/** Verilator's arguments that describe the design, without those that say what to make of it. */
export const designArgs = (options: RtlOptions): string[] => {
  const cwd = cwdOf(options);
  const path = (name: string): string => fromCwd(cwd, name);
  return [
    '--top-module',
    options.top,
    ...(options.includeDirs ?? []).map((dir) => `-I${path(dir)}`),
    ...Object.entries(options.defines ?? {}).map(([name, value]) =>
      value === '' ? `-D${name}` : `-D${name}=${value}`,
    ),
    ...Object.entries(options.parameters ?? {}).map(([name, value]) => `-G${name}=${value}`),
    ...(options.vlt ?? []).map(path),
    ...(options.fileLists ?? []).flatMap((list) => ['-f', path(list)]),
    ...(options.rootedFileLists ?? []).flatMap((list) => ['-F', path(list)]),
    ...(options.sources ?? []).map(path),
    ...(options.flags ?? []),
  ];
};
