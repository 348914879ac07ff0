// SPDX-License-Identifier: BSD-2-Clause
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { VerilatorError } from './error.ts';
import { runTool } from './process.ts';

/** Environment variables, as process.env has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Oldest version that works, and the newest that the tests ran with. */
export const verilatorTested = { min: '5.006', max: '5.006' } as const;

export interface VerilatorInfo {
  path: string;
  /** "5.006" */
  version: string;
  /** Folder with include/verilated.cpp. */
  root: string;
  /** False when the version is newer than any that was tested. */
  tested: boolean;
}

export interface CompilerInfo {
  path: string;
  /** First line of `--version`. */
  version: string;
  gnu: boolean;
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Full path of a program: as given when it has a slash, else searched on the PATH. */
export const which = (program: string, env: Environment = process.env): string | undefined => {
  if (isAbsolute(program) || program.includes('/')) {
    return isExecutable(resolve(program)) ? resolve(program) : undefined;
  }
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (folder !== '' && isExecutable(join(folder, program))) return join(folder, program);
  }
  return undefined;
};

/** The command that installs a Debian package (Homebrew on macOS). */
export const installCommand = (...packages: string[]): string =>
  process.platform === 'darwin'
    ? `brew install ${packages.join(' ')}`
    : `${process.getuid?.() === 0 ? '' : 'sudo '}apt-get install -y ${packages.join(' ')}`;

/** <0, 0, >0 as a is older than, equal to, newer than b ("5.006" against "5.040"). */
export const compareVersions = (a: string, b: string): number => {
  const [x, y] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};

/**
 * Finds Verilator: $VERILATOR, then $VERILATOR_ROOT/bin, then the PATH.
 * @throws VerilatorError 'missing' or 'too-old', with the command that installs it.
 */
export const findVerilator = async (env: Environment = process.env): Promise<VerilatorInfo> => {
  const named = env.VERILATOR || undefined;
  const atRoot = env.VERILATOR_ROOT ? join(env.VERILATOR_ROOT, 'bin/verilator') : undefined;
  const path = named
    ? which(named, env)
    : ((atRoot && which(atRoot, env)) ?? which('verilator', env));
  if (path === undefined) {
    const where = named ? `$VERILATOR names ${named}, which cannot be run` : 'not on the PATH';
    throw new VerilatorError(
      'missing',
      `Verilator is missing (${where}). Install it: ${installCommand('verilator')}`,
    );
  }
  const { output } = await runTool(path, ['--version']);
  const version = /^Verilator (\d+\.\d+)/m.exec(output)?.[1];
  if (version === undefined) {
    throw new VerilatorError('missing', `${path} is not Verilator: ${output.split('\n')[0]}`);
  }
  if (compareVersions(version, verilatorTested.min) < 0) {
    throw new VerilatorError(
      'too-old',
      `Verilator ${version} (${path}) is too old: ${verilatorTested.min} or newer is needed. ` +
        `Install it: ${installCommand('verilator')}; where that one is older too, build it ` +
        '(https://verilator.org/guide/latest/install.html) and name it in $VERILATOR',
    );
  }
  const root = (await runTool(path, ['--getenv', 'VERILATOR_ROOT'])).output.trim();
  return {
    path,
    version,
    root: root || resolve(realpathSync(path), '../../share/verilator'),
    tested: compareVersions(version, verilatorTested.max) <= 0,
  };
};

/**
 * Finds verilator_coverage, which comes with Verilator and lies beside it.
 * @throws VerilatorError 'missing', 'too-old'
 */
export const findVerilatorCoverage = async (env: Environment = process.env): Promise<string> => {
  const { path } = await findVerilator(env);
  const beside = [dirname(path), dirname(realpathSync(path))].map((folder) =>
    which(join(folder, 'verilator_coverage'), env),
  );
  const found = beside.find((tool) => tool !== undefined) ?? which('verilator_coverage', env);
  if (found !== undefined) return found;
  throw new VerilatorError(
    'missing',
    `verilator_coverage is missing beside ${path}. Install it: ${installCommand('verilator')}`,
  );
};

/**
 * Finds the C++ compiler: $CXX, then g++, then clang++.
 * @throws VerilatorError 'missing'
 */
export const findCompiler = async (env: Environment = process.env): Promise<CompilerInfo> => {
  const named = env.CXX || undefined;
  const path = named ? which(named, env) : (which('g++', env) ?? which('clang++', env));
  if (path === undefined) {
    const where = named ? `$CXX names ${named}, which cannot be run` : 'no g++ on the PATH';
    throw new VerilatorError(
      'missing',
      `C++ compiler is missing (${where}). Install it: ${installCommand('g++')}`,
    );
  }
  const { output } = await runTool(path, ['--version']);
  const version = output.split('\n')[0] ?? '';
  return { path, version, gnu: !/clang/i.test(version) };
};
