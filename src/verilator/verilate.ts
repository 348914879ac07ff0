// SPDX-License-Identifier: BSD-2-Clause
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import {
  asCacheError,
  cacheDirectory,
  discard,
  lockEntry,
  openCache,
  publish,
  temporaryDirectory,
} from './cache.ts';
import { compileLibrary } from './compile.ts';
import { firstErrors, VerilatorError } from './error.ts';
import { findCompiler, findVerilator } from './find.ts';
import { checkReadFiles, collectInputs, hashInputs, type Inputs } from './inputs.ts';
import { parseDiagnostics } from './lint.ts';
import { cwdOf, designArgs, type Progress, type VerilateOptions } from './options.ts';
import { runTool } from './process.ts';
import { type Build, commonFlags } from './units.ts';

/** Enters every cache key: raise it when the same inputs would give another library. */
const wrapperVersion = 2;

export interface Verilated {
  /** Path of the shared library. */
  library: string;
  cached: boolean;
  seconds: number;
  /** What the tools printed when it was built. */
  log: string;
}

const modelArgs = (options: VerilateOptions, prefix: string): string[] => [
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

/** Source files that Verilator read, from its own record. */
const filesVerilatorRead = (model: string, prefix: string, cwd: string): string[] =>
  [...readFileSync(join(model, `${prefix}__verFiles.dat`), 'utf8').matchAll(/^S .*"(.+)"$/gm)].map(
    (match) => resolve(cwd, match[1]!),
  );

const runVerilator = async (build: Build, inputs: Inputs): Promise<void> => {
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
  const ignored = [verilator.root, dirname(verilator.path), dir];
  checkReadFiles(inputs, filesVerilatorRead(model, prefix, cwd), ignored, 'includeDirs');
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

/** Builds into a private directory, then gives it its name in one step. */
const buildEntry = async (
  plan: Omit<Build, 'dir' | 'sharedObjects' | 'log' | 'step'>,
  inputs: Inputs,
  cache: string,
  entry: string,
  file: string,
  report: (phase: Progress['phase'], done: number, total: number, text: string) => void,
): Promise<void> => {
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
    report('verilate', 0, 1, plan.options.top);
    await runVerilator(build, inputs);
    report('verilate', 1, 1, plan.options.top);
    const read = await compileLibrary(build, join(finished, file));
    checkReadFiles(inputs, read, [plan.verilator.root], 'cppIncludeDirs');
    appendFileSync(join(finished, 'build.log'), log);
    publish(finished, entry);
  } catch (cause) {
    const error = asCacheError(cause, cache);
    if (error instanceof VerilatorError) {
      throw new VerilatorError(error.kind, error.message, keepLog(cache, basename(entry), log));
    }
    throw error;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

/**
 * Turns RTL, and C++ that drives it, into one shared library; the second time it comes from the cache.
 * Verilator's warnings are errors unless waived in a .vlt file or by a flag.
 * @throws VerilatorError
 */
export const verilate = async (options: VerilateOptions): Promise<Verilated> => {
  const started = performance.now();
  const elapsedSeconds = (): number => (performance.now() - started) / 1000;
  const report = (phase: Progress['phase'], done: number, total: number, text: string): void =>
    options.onProgress?.({ phase, done, total, text, elapsedSeconds: elapsedSeconds() });

  const [verilator, compiler] = await Promise.all([findVerilator(), findCompiler()]);
  const prefix = options.prefix ?? `V${options.top}`;
  const name = options.name ?? options.top;
  const cache = cacheDirectory(options.cacheDir);
  const plan = {
    options: { ...options, jobs: options.jobs ?? availableParallelism() },
    verilator,
    compiler,
    prefix,
  };
  const file = `lib${name}.${process.platform === 'darwin' ? 'dylib' : 'so'}`;

  let release: (() => void) | undefined;
  try {
    openCache(cache);
    const inputs = collectInputs(options);
    const key = hashInputs(inputs, [
      wrapperVersion,
      [verilator.version, compiler.version, process.platform, process.arch],
      modelArgs(options, prefix),
      commonFlags(compiler),
      [options.cppSources, options.cppIncludeDirs].map((paths) => paths?.map((p) => basename(p))),
      [options.cppFlags, options.linkFlags, options.optimize, name],
    ]);
    const entry = join(cache, `${name}-${key.slice(0, 24)}`);
    const library = join(entry, file);
    const answer = (cached: boolean): Verilated => {
      report('ready', 1, 1, library);
      const log = readFileSync(join(entry, 'build.log'), 'utf8');
      return { library, cached, seconds: elapsedSeconds(), log };
    };
    if (existsSync(library) && !options.force) return answer(true);

    const waiting = (): void => report('wait', 0, 0, 'another process builds it');
    let waited = false;
    release = await lockEntry(
      entry,
      () => {
        waited = true;
        waiting();
      },
      options.signal,
    );
    if (existsSync(library)) {
      if (!options.force || waited) return answer(true);
      discard(entry, cache);
    }
    await buildEntry(plan, inputs, cache, entry, file, report);
    return answer(false);
  } catch (error) {
    if ((error as Error).name === 'AbortError')
      throw new VerilatorError('aborted', 'build stopped');
    throw asCacheError(error, cache);
  } finally {
    release?.();
  }
};
