// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildEntry, modelArgs, type Plan, SourcesChangedError } from './build.ts';
import { asCacheError, cacheDirectory, lockEntry, openCache, touch } from './cache.ts';
import { VerilatorError } from './error.ts';
import { findCompiler, findVerilator } from './find.ts';
import { collectInputs } from './inputs.ts';
import { findBuild, stemOf } from './manifest.ts';
import { fromCwd, type VerilateOptions } from './options.ts';
import { commonFlags } from './units.ts';

/** Enters every name: raise it when the same inputs would give another library. */
const wrapperVersion = 3;

export interface Verilated {
  /** Path of the shared library. */
  library: string;
  cached: boolean;
  seconds: number;
  /** What the tools printed when it was built. */
  log: string;
}

/** Everything that shapes the library besides the contents of files. */
const settingsOf = (
  plan: Pick<Plan, 'options' | 'verilator' | 'compiler' | 'prefix'>,
  cwd: string,
) => {
  const { options, verilator, compiler, prefix } = plan;
  const paths = (names: readonly string[] = []): string[] =>
    names.map((name) => fromCwd(cwd, name));
  return [
    wrapperVersion,
    [verilator.version, compiler.version, process.platform, process.arch],
    modelArgs(options, prefix),
    commonFlags(compiler),
    [paths(options.cppSources), paths(options.cppIncludeDirs)],
    [options.cppFlags, options.linkFlags, options.optimize],
  ];
};

const triesWhileSourcesChange = 3;

/**
 * Turns RTL, and C++ that drives it, into one shared library; the second time it comes from the cache.
 * Verilator's warnings are errors unless waived in a .vlt file or by a flag.
 * @throws VerilatorError
 */
export const verilate = async (options: VerilateOptions): Promise<Verilated> => {
  const startedMs = performance.now();
  const elapsedSeconds = (): number => (performance.now() - startedMs) / 1000;
  const report: Plan['report'] = (phase, done, total, text) =>
    options.onProgress?.({ phase, done, total, text, elapsedSeconds: elapsedSeconds() });
  const cache = cacheDirectory(options.cacheDir);
  const name = options.name ?? options.top;
  const file = `lib${name}.${process.platform === 'darwin' ? 'dylib' : 'so'}`;
  const answer = (entry: string, cached: boolean): Verilated => {
    const library = join(entry, file);
    touch(entry);
    report('ready', 1, 1, library);
    const log = readFileSync(join(entry, 'build.log'), 'utf8');
    return { library, cached, seconds: elapsedSeconds(), log };
  };

  const [verilator, compiler] = await Promise.all([findVerilator(), findCompiler()]);
  const tools = {
    options: { ...options, jobs: options.jobs ?? availableParallelism() },
    verilator,
    compiler,
    prefix: options.prefix ?? `V${options.top}`,
  };
  const once = async (): Promise<Verilated> => {
    const inputs = collectInputs(options);
    const { cwd } = inputs;
    const stem = stemOf(name, inputs, settingsOf(tools, cwd));
    const before = options.force ? undefined : findBuild(cache, stem, cwd);
    if (before !== undefined) return answer(before, true);

    let waited = false;
    const onWait = (): void => {
      waited = true;
      report('wait', 0, 0, 'another process builds it');
    };
    const release = await lockEntry(join(cache, stem), onWait, options.signal);
    try {
      const meanwhile = options.force && !waited ? undefined : findBuild(cache, stem, cwd);
      if (meanwhile !== undefined) return answer(meanwhile, true);
      return answer(await buildEntry({ ...tools, inputs, cache, stem, file, report }), false);
    } finally {
      release();
    }
  };

  try {
    openCache(cache);
    for (let tries = 1; ; tries++) {
      try {
        return await once();
      } catch (error) {
        if (!(error instanceof SourcesChangedError) || tries === triesWhileSourcesChange)
          throw error;
      }
    }
  } catch (error) {
    if ((error as Error).name === 'AbortError')
      throw new VerilatorError('aborted', 'build stopped');
    throw asCacheError(error, cache);
  }
};
