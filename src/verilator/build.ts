// SPDX-License-Identifier: BSD-2-Clause
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { asCacheError, discard, publish, temporaryDirectory } from './cache.ts';
import { compileLibrary } from './compile.ts';
import { firstErrors, VerilatorError } from './error.ts';
import type { Inputs } from './inputs.ts';
import { parseDiagnostics } from './lint.ts';
import { changedSince, furtherFiles, writeManifest } from './manifest.ts';
import { cwdOf, designArgs, type Progress, type VerilateOptions } from './options.ts';
import { runTool } from './process.ts';
import type { Build } from './units.ts';

/** What is built, and where it goes. */
export interface Plan extends Omit<Build, 'dir' | 'sharedObjects' | 'log' | 'step'> {
  inputs: Inputs;
  cache: string;
  /** First half of the entry's name. */
  stem: string;
  /** File name of the library. */
  file: string;
  report(phase: Progress['phase'], done: number, total: number, text: string): void;
}

/** A source was written while it was compiled: what came out belongs to no state of the sources. */
export class SourcesChangedError extends VerilatorError {
  constructor(file: string) {
    super('cache', `${file} changed while it was being built; build again`);
  }
}

export const modelArgs = (options: VerilateOptions, prefix: string): string[] => [
  '--cc',
  '--prefix',
  prefix,
  '-O3',
  '--x-assign',
  'fast',
  '--x-initial',
  'fast',
  '--assert',
  ...(options.trace === 'fst' ? ['--trace-fst', '--trace-structs'] : []),
  ...(options.coverage ? ['--coverage'] : []),
  ...designArgs(options),
];

/** Runs Verilator and returns the files that it read, from its own record. */
const runVerilator = async (build: Build): Promise<string[]> => {
  const { options, prefix, dir, verilator } = build;
  const cwd = cwdOf(options);
  const model = join(dir, 'model');
  const args = [...modelArgs(options, prefix), '--Mdir', model];
  const { code, output } = await runTool(verilator.path, args, { cwd, signal: options.signal });
  build.log(`# ${verilator.path} ${args.join(' ')}\n${output}\n`);
  if (code !== 0) {
    if (/No space left on device/.test(output)) {
      throw new VerilatorError('cache', `Verilator: the disk is full (${dir})`);
    }
    const onlyWarnings = !parseDiagnostics(output).some((found) => found.severity === 'error');
    throw new VerilatorError(
      onlyWarnings && output.includes('%Warning') ? 'lint' : 'verilate',
      `Verilator refuses ${options.top}:\n${firstErrors(output)}`,
    );
  }
  const record = readFileSync(join(model, `${prefix}__verFiles.dat`), 'utf8');
  return [...record.matchAll(/^S .*"(.+)"$/gm)].map((match) => resolve(cwd, match[1]!));
};

/** Keeps the log of a failed build where it survives: the cache if possible. */
const keepLog = (cache: string, name: string, text: string): string | undefined => {
  for (const folder of [join(cache, 'logs'), tmpdir()]) {
    try {
      mkdirSync(folder, { recursive: true });
      const path = join(folder, `${name}.log`);
      writeFileSync(path, text);
      return path;
    } catch {
      // the next folder may do
    }
  }
  return undefined;
};

/**
 * Builds in a private directory, then gives the result its name in one step.
 * @returns folder of the finished build
 * @throws SourcesChangedError, VerilatorError
 */
export const buildEntry = async (plan: Plan): Promise<string> => {
  const { inputs, cache, stem, report, options, verilator } = plan;
  const startedMs = Date.now();
  const dir = temporaryDirectory(cache);
  let log = '';
  const build: Build = {
    ...plan,
    dir,
    sharedObjects: join(cache, 'runtime'),
    log: (text) => {
      log += text;
    },
    step: report,
  };
  try {
    const finished = join(dir, 'entry');
    for (const folder of [finished, join(dir, 'obj')]) mkdirSync(folder);
    mkdirSync(build.sharedObjects, { recursive: true });
    report('verilate', 0, 1, options.top);
    const read = await runVerilator(build);
    report('verilate', 1, 1, options.top);
    read.push(...(await compileLibrary(build, join(finished, plan.file))));

    const ignored = [verilator.root, dirname(verilator.path), dir];
    const further = furtherFiles(inputs, read, ignored);
    const changed = changedSince(inputs, further, startedMs);
    if (changed !== undefined) throw new SourcesChangedError(changed);
    writeFileSync(join(finished, 'build.log'), log);
    const entry = join(cache, `${stem}-${writeManifest(finished, inputs.cwd, further)}`);
    if (options.force) discard(entry, cache);
    publish(finished, entry);
    return entry;
  } catch (cause) {
    const error = asCacheError(cause, cache);
    if (error instanceof VerilatorError && !(error instanceof SourcesChangedError)) {
      throw new VerilatorError(error.kind, error.message, keepLog(cache, stem, log));
    }
    throw error;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};
