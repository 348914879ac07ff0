// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { firstErrors, VerilatorError } from './error.ts';
import { installCommand } from './find.ts';
import { runTool } from './process.ts';
import { type Build, planUnits, type Unit } from './units.ts';

const toolFailed = (what: string, output: string, dir: string): VerilatorError => {
  if (/No space left on device/.test(output)) {
    return new VerilatorError('cache', `${what}: the disk is full (${dir})`);
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
  const { compiler, options, dir } = build;
  const { signal } = options;
  const run = async (what: string, args: string[]): Promise<void> => {
    const { code, output } = await runTool(compiler.path, args, { cwd: dir, signal });
    if (output !== '') build.log(`# ${what}\n${output}\n`);
    if (code !== 0) throw toolFailed(what, output, dir);
  };

  const units = planUnits(build);
  const read: string[] = [];
  let done = 0;
  const compile = async (unit: Unit, index: number): Promise<void> => {
    const name = basename(unit.source);
    build.step('compile', done, units.length, name);
    if (!existsSync(unit.object)) {
      // Shared objects appear by rename too: other builds may look for them at this moment.
      const fresh = join(dir, 'obj', `fresh${index}.o`);
      await run(name, [...unit.flags, '-MMD', '-c', '-o', fresh, unit.source]);
      read.push(...dependencies(fresh.replace(/o$/, 'd')).filter((file) => !file.startsWith(dir)));
      renameSync(fresh, unit.object);
    }
    build.step('compile', ++done, units.length, name);
  };

  let next = 0;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (next < units.length && failures.length === 0) {
      const index = next++;
      await compile(units[index]!, index).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.jobs ?? 1) }, worker));
  if (failures.length > 0) throw failures[0];

  build.step('link', 0, 1, basename(library));
  const linux = process.platform === 'linux';
  await run('link', [
    ...(linux ? ['-shared', '-Wl,-Bsymbolic', '-Wl,-z,defs'] : ['-dynamiclib']),
    '-pthread',
    '-o',
    library,
    ...units.map((unit) => unit.object),
    ...(options.trace === 'fst' ? ['-lz'] : []),
    ...(linux && compiler.gnu ? ['-latomic'] : []),
    ...(options.linkFlags ?? []),
  ]);
  build.step('link', 1, 1, basename(library));
  return read;
};
