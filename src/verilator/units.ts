// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { CompilerInfo, VerilatorInfo } from './find.ts';
import { cwdOf, type VerilateOptions } from './options.ts';

/** What a build is made with, and where. */
export interface Build {
  options: VerilateOptions;
  verilator: VerilatorInfo;
  compiler: CompilerInfo;
  prefix: string;
  /** Private directory: generated code in model/, objects in obj/. */
  dir: string;
  /** Objects of Verilator's runtime, shared by all designs. */
  sharedObjects: string;
  /** Takes what a tool printed. */
  log(text: string): void;
  step(phase: 'compile' | 'link', done: number, total: number, text: string): void;
}

/** One file to compile. */
export interface Unit {
  source: string;
  /** Full path. */
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

const isX64Linux = process.arch === 'x64' && process.platform === 'linux';

/** Flags for everything: those of Verilator's own verilated.mk, plus what a shared library needs. */
export const commonFlags = (compiler: CompilerInfo): string[] => [
  '-fPIC',
  '-pthread',
  // Two Verilated libraries may live in one process: neither may use the other's symbols.
  '-fvisibility-inlines-hidden',
  ...(compiler.gnu ? ['-fno-gnu-unique', '-fno-semantic-interposition'] : []),
  ...(isX64Linux ? ['-fcf-protection=none'] : []),
  // Each evaluation asks for variables of the thread; by descriptors that is no call.
  ...(isX64Linux && compiler.gnu ? ['-mtls-dialect=gnu2'] : []),
  '-faligned-new',
  '-w',
];

/**
 * A model is straight code over thousands of variables: what is worked out early to be shared does not stay
 * in registers, and is loaded again. Without these a card takes 3 % fewer instructions.
 */
const STRAIGHT_CODE = [
  '-fno-tree-pre',
  '-fno-gcse',
  '-fno-code-hoisting',
  '-fno-if-conversion',
  '-fira-region=one',
];

const sizeBytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const smallBytes = 65_536;

/** Puts small generated files into one that includes them: each alone costs a second of headers. */
const gather = (model: string, kind: string, names: string[]): string[] => {
  const files = names.map((name) => `${name}.cpp`);
  const small = files.filter((file) => sizeBytes(join(model, file)) < smallBytes);
  const large = files.filter((file) => !small.includes(file));
  if (small.length < 2) return files.map((file) => join(model, file));
  const together = join(model, `small_${kind}.cpp`);
  writeFileSync(together, small.map((file) => `#include "${file}"\n`).join(''));
  return [...large.map((file) => join(model, file)), together];
};

/** Lists what to compile, large files first so that no core waits for the last one. */
export const planUnits = (build: Build): Unit[] => {
  const { options, prefix, dir, compiler, verilator } = build;
  const cwd = cwdOf(options);
  const model = join(dir, 'model');
  const include = join(verilator.root, 'include');
  const makefile = readFileSync(join(model, `${prefix}_classes.mk`), 'utf8');
  const coroutines = compiler.gnu ? ['-fcoroutines'] : [];
  const common = [
    ...commonFlags(compiler),
    ...(isOne(makefile, 'VM_TIMING') ? ['-std=gnu++20', ...coroutines] : ['-std=gnu++17']),
    `-isystem${include}`,
    `-isystem${join(include, 'vltstd')}`,
    '-DVM_SC=0',
    ...['VM_COVERAGE', 'VM_TRACE', 'VM_TRACE_FST', 'VM_TRACE_VCD'].map(
      (name) => `-D${name}=${isOne(makefile, name)}`,
    ),
  ];
  // cppFlags reach all objects: VL_USER_FATAL and its like change verilated.cpp too.
  const user = options.cppFlags ?? [];
  // The counters of coverage make the C++ so large that -O2 takes minutes, for runs of seconds.
  const isCovered = isOne(makefile, 'VM_COVERAGE');
  const fastLevel = options.optimize ?? (isCovered ? '-O1' : '-O2');
  // The model loops over a handful of triggers many times a cycle: no loop, and no memset of six bytes.
  const unrolled = compiler.gnu ? ['-fpeel-loops', '-fno-tree-loop-distribute-patterns'] : [];
  const straight = compiler.gnu ? STRAIGHT_CODE : [];
  const fast = ['-fvisibility=hidden', ...common, fastLevel, ...unrolled, ...straight, ...user];
  // Coverage makes one function that names every point, over which an optimiser sits for minutes.
  const slowLevel = isCovered ? '-O0' : '-O1';
  const slow = ['-fvisibility=hidden', ...common, slowLevel, ...user];
  const own = [
    ...common,
    options.optimize ?? '-O2',
    `-DVM_PREFIX=${prefix}`,
    `-DVM_PREFIX_INCLUDE="${prefix}.h"`,
    `-I${model}`,
    ...(options.cppIncludeDirs ?? []).map((folder) => `-I${resolve(cwd, folder)}`),
    ...user,
  ];

  // A runtime object is shared when its flags say all about it: no folders, no forced includes.
  const shareable = user.every((flag) => /^-[DfOmWgs]/.test(flag));
  const runtimeObject = (source: string, flags: string[]): string => {
    if (!shareable) return join(dir, 'obj', `${basename(source)}.o`);
    const key = createHash('sha256')
      .update(JSON.stringify([verilator.version, compiler.version, process.arch, flags]))
      .digest('hex');
    return join(build.sharedObjects, `${basename(source, '.cpp')}-${key.slice(0, 16)}.o`);
  };

  const units: Unit[] = (options.cppSources ?? []).map((name, index) => ({
    source: resolve(cwd, name),
    object: join(dir, 'obj', `user${index}_${basename(name)}.o`),
    flags: own,
  }));
  for (const [kind, flags] of [['FAST', fast] as const, ['SLOW', slow] as const]) {
    for (const name of listed(makefile, `VM_GLOBAL_${kind}`)) {
      const source = join(include, `${name}.cpp`);
      units.push({ source, object: runtimeObject(source, flags), flags });
    }
    const names = ['CLASSES', 'SUPPORT'].flatMap((set) => listed(makefile, `VM_${set}_${kind}`));
    for (const source of gather(model, kind, names)) {
      units.push({ source, object: join(dir, 'obj', `${basename(source)}.o`), flags });
    }
  }
  return units.sort((a, b) => sizeBytes(b.source) - sizeBytes(a.source));
};
