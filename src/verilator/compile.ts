// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { firstErrors, VerilatorError } from './error.ts';
import { type CompilerInfo, installCommand, type VerilatorInfo } from './find.ts';
import { cwdOf, type VerilateOptions } from './options.ts';
import { runTool } from './process.ts';

export interface Build {
  options: VerilateOptions;
  verilator: VerilatorInfo;
  compiler: CompilerInfo;
  prefix: string;
  /** Private directory: generated code in model/, objects in obj/. */
  dir: string;
  /** Takes what a tool printed. */
  log(text: string): void;
  step(phase: 'compile' | 'link', done: number, total: number, text: string): void;
}

interface Unit {
  source: string;
  object: string;
  flags: string[];
}

/** Names listed under one variable of the generated <prefix>_classes.mk. */
const listed = (makefile: string, variable: string): string[] => {
  const block =
    new RegExp(`^${variable} \\+= \\\\\\n((?:\\t.*\\n)*)`, 'm').exec(makefile)?.[1] ?? '';
  return block.split('\n').flatMap((line) => /^\t(\S+)/.exec(line)?.[1] ?? []);
};

const isOne = (makefile: string, variable: string): number =>
  new RegExp(`^${variable} = 1$`, 'm').test(makefile) ? 1 : 0;

/** Flags for everything: those of Verilator's own verilated.mk, plus what a shared library needs. */
export const commonFlags = (compiler: CompilerInfo): string[] => [
  '-fPIC',
  '-pthread',
  // Two Verilated libraries may live in one process: neither may use the other's symbols.
  '-fvisibility-inlines-hidden',
  ...(compiler.gnu ? ['-fno-gnu-unique', '-fno-semantic-interposition'] : []),
  ...(process.arch === 'x64' && process.platform === 'linux' ? ['-fcf-protection=none'] : []),
  '-faligned-new',
  '-w',
];

const planUnits = (build: Build): Unit[] => {
  const { options, prefix, dir } = build;
  const cwd = cwdOf(options);
  const makefile = readFileSync(join(dir, 'model', `${prefix}_classes.mk`), 'utf8');
  const include = join(build.verilator.root, 'include');
  const timing = isOne(makefile, 'VM_TIMING');
  const common = [
    ...commonFlags(build.compiler),
    ...(timing
      ? ['-std=gnu++20', ...(build.compiler.gnu ? ['-fcoroutines'] : [])]
      : ['-std=gnu++17']),
    `-I${join(dir, 'model')}`,
    `-isystem${include}`,
    `-isystem${join(include, 'vltstd')}`,
    '-DVM_SC=0',
    ...['VM_COVERAGE', 'VM_TRACE', 'VM_TRACE_FST', 'VM_TRACE_VCD'].map(
      (name) => `-D${name}=${isOne(makefile, name)}`,
    ),
  ];
  // cppFlags reach all objects: VL_USER_FATAL and its like change verilated.cpp too.
  const user = options.cppFlags ?? [];
  const fast = ['-fvisibility=hidden', ...common, options.optimize ?? '-O2', ...user];
  const slow = ['-fvisibility=hidden', ...common, '-O1', ...user];
  const own = [
    ...common,
    options.optimize ?? '-O2',
    `-DVM_PREFIX=${prefix}`,
    `-DVM_PREFIX_INCLUDE="${prefix}.h"`,
    ...(options.cppIncludeDirs ?? []).map((folder) => `-I${resolve(cwd, folder)}`),
    ...user,
  ];
  const units: Unit[] = [];
  const add = (folder: string, names: string[], flags: string[]): void => {
    for (const name of names) {
      units.push({ source: join(folder, `${name}.cpp`), object: `${name}.o`, flags });
    }
  };
  const model = join(dir, 'model');
  for (const source of options.cppSources ?? []) {
    units.push({
      source: resolve(cwd, source),
      object: `user${units.length}_${basename(source)}.o`,
      flags: own,
    });
  }
  add(include, listed(makefile, 'VM_GLOBAL_FAST'), fast);
  add(include, listed(makefile, 'VM_GLOBAL_SLOW'), slow);
  for (const kind of ['CLASSES', 'SUPPORT']) {
    add(model, listed(makefile, `VM_${kind}_FAST`), fast);
    add(model, listed(makefile, `VM_${kind}_SLOW`), slow);
  }
  return units;
};

const toolFailed = (what: string, output: string): VerilatorError => {
  if (/No space left on device/.test(output)) {
    return new VerilatorError('cache', `${what}: the disk is full (cache and $TMPDIR need room)`);
  }
  if (/zlib\.h: No such file|cannot find -lz/.test(output)) {
    return new VerilatorError(
      'missing',
      `${what}: FST tracing needs zlib. Install it: ${installCommand('zlib1g-dev')}`,
    );
  }
  return new VerilatorError('compile', `${what} failed:\n${firstErrors(output)}`);
};

/** Files that `-MMD` recorded, system headers left out. */
const dependencies = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .replace(/\\\n/g, ' ')
    .replace(/^[^:]*:/, '')
    .split(/(?<!\\)\s+/)
    .filter(Boolean)
    .map((name) => name.replace(/\\ /g, ' '));

/**
 * Compiles model, runtime and the caller's C++ and links them into `library`.
 * @returns the files that were read, system headers and generated ones aside
 */
export const compileLibrary = async (build: Build, library: string): Promise<string[]> => {
  const units = planUnits(build);
  const { compiler, options, dir } = build;
  const run = async (what: string, args: string[]): Promise<void> => {
    const { code, output } = await runTool(compiler.path, args, {
      cwd: dir,
      signal: options.signal,
    });
    if (output !== '') build.log(`# ${what}\n${output}\n`);
    if (code !== 0) throw toolFailed(what, output);
  };

  const read: string[] = [];
  let done = 0;
  let next = 0;
  const failed: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (
      let unit = units[next++];
      unit !== undefined && failed.length === 0;
      unit = units[next++]
    ) {
      const object = join(dir, 'obj', unit.object);
      build.step('compile', done, units.length, basename(unit.source));
      try {
        await run(basename(unit.source), [...unit.flags, '-MMD', '-c', '-o', object, unit.source]);
      } catch (error) {
        failed.push(error);
        return;
      }
      read.push(...dependencies(object.replace(/\.o$/, '.d')).filter((f) => !f.startsWith(dir)));
      build.step('compile', ++done, units.length, basename(unit.source));
    }
  };
  const jobs = Math.max(1, Math.min(options.jobs ?? 1, units.length));
  await Promise.all(Array.from({ length: jobs }, worker));
  if (failed.length > 0) throw failed[0];

  build.step('link', 0, 1, basename(library));
  await run('link', [
    ...(process.platform === 'darwin'
      ? ['-dynamiclib']
      : ['-shared', '-Wl,-Bsymbolic', '-Wl,-z,defs']),
    '-pthread',
    '-o',
    library,
    ...units.map((unit) => join(dir, 'obj', unit.object)),
    ...(options.trace === 'fst' ? ['-lz'] : []),
    ...(process.platform === 'linux' ? ['-latomic'] : []),
    ...(options.linkFlags ?? []),
  ]);
  build.step('link', 1, 1, basename(library));
  return read;
};
