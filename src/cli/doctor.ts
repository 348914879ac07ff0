// SPDX-License-Identifier: BSD-2-Clause
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, openCache } from '../verilator/cache.ts';
import {
  findCompiler,
  findVerilator,
  installCommand,
  verilatorTested,
  which,
} from '../verilator/find.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { commonOptions, helpText, parseOptions } from './options.ts';
import { bold, green, printJson, red, table, yellow } from './terminal.ts';

export interface Finding {
  name: string;
  /** ok; missing: needed; absent: only something optional goes without it. */
  status: 'ok' | 'missing' | 'absent';
  /** Version, path, or what is wrong. */
  detail: string;
  /** Command that helps. */
  fix?: string;
}

const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a program for its words; undefined when it cannot be run or fails. */
const words = (program: string, args: string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(program, args, { timeout: 20_000, cwd: packageRoot }, (error, stdout, stderr) => {
      resolve(error === null ? (stdout + stderr).trim() : undefined);
    });
  });

const program = async (
  name: string,
  versionArg: string,
  use: { fix: string; optional?: string },
): Promise<Finding> => {
  const path = which(name);
  if (path === undefined) {
    return use.optional === undefined
      ? { name, status: 'missing', detail: 'not on the PATH', fix: use.fix }
      : { name, status: 'absent', detail: use.optional, fix: use.fix };
  }
  const line = (await words(path, [versionArg]))?.split('\n')[0] ?? 'version unknown';
  return { name, status: 'ok', detail: `${line} (${path})` };
};

/** Loads a native package in a process of its own: a broken one must not take the doctor along. */
const nativePackage = (name: string, optional?: string): Promise<Finding> =>
  new Promise((resolve) => {
    const script =
      `const found = require('${name}'); let version;` +
      `try { version = require('${name}/package.json').version } catch { version = found.version }` +
      `console.log(version)`;
    execFile(
      process.execPath,
      ['-e', script],
      { cwd: packageRoot, timeout: 20_000 },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ name, status: 'ok', detail: `${stdout.trim()}, loads` });
          return;
        }
        const cause = /^\w*Error[^\n]*/m.exec(stderr)?.[0] ?? error.message.split('\n')[0] ?? '';
        const gone = cause.includes(`Cannot find module '${name}`);
        const why = gone ? 'not installed, or did not compile' : `does not load: ${cause}`;
        resolve({
          name,
          status: optional === undefined ? 'missing' : 'absent',
          detail: optional === undefined ? why : `${why}; ${optional}`,
          fix:
            optional === undefined
              ? `npm install ${name}`
              : `${installCommand('g++', 'make', 'python3')} && npm rebuild ${name}`,
        });
      },
    );
  });

const attempt = async (
  name: string,
  fix: string,
  look: () => Promise<string> | string,
): Promise<Finding> => {
  try {
    return { name, status: 'ok', detail: await look() };
  } catch (error) {
    return { name, status: 'missing', detail: (error as Error).message, fix };
  }
};

/** Asks the preprocessor, since headers may lie in many places. */
const zlibHeaders = async (): Promise<Finding> => {
  const compiler = await findCompiler().catch(() => undefined);
  const args = ['-E', '-x', 'c++', '-include', 'zlib.h', '/dev/null'];
  const found = compiler === undefined ? undefined : await words(compiler.path, args);
  return found !== undefined
    ? { name: 'zlib', status: 'ok', detail: 'headers found' }
    : {
        name: 'zlib',
        status: 'absent',
        detail: 'no headers: no waveforms (--waves fst)',
        fix: installCommand('zlib1g-dev'),
      };
};

/** Looks at everything that a build or a run needs. */
export const examine = (): Promise<Finding[]> =>
  Promise.all([
    attempt('node', 'https://nodejs.org', () => {
      const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
      if (major < 20 || (major === 20 && minor < 19)) {
        throw new Error(`${process.versions.node} is too old: 20.19 or newer is needed`);
      }
      return process.versions.node;
    }),
    program('npm', '--version', { fix: installCommand('npm'), optional: 'only installs need it' }),
    attempt('compiler', installCommand('g++'), async () => {
      const { version, path } = await findCompiler();
      return `${version} (${path})`;
    }),
    program('make', '--version', {
      fix: installCommand('make'),
      optional: 'ffi-napi cannot compile',
    }),
    attempt('verilator', installCommand('verilator'), async () => {
      const { version, path, tested } = await findVerilator();
      const range = `${verilatorTested.min} up; tested to ${verilatorTested.max}`;
      return `${version} (${path}; ${range}${tested ? '' : ', so this one is untested'})`;
    }),
    zlibHeaders(),
    nativePackage('koffi'),
    nativePackage('ffi-napi', 'only --ffi ffi-napi needs it'),
    attempt('cache', 'export TAGWIRE_CACHE=DIR', () => {
      openCache(cacheDirectory());
      return cacheDirectory();
    }),
    attempt('cores', '', () => `${availableParallelism()}`),
    program('tshark', '--version', { fix: installCommand('tshark'), optional: 'some tests skip' }),
    program('chromium', '--version', {
      fix: installCommand('chromium'),
      optional: 'one test skips',
    }),
    program('gtkwave', '--version', {
      fix: installCommand('gtkwave'),
      optional: 'shows waveforms',
    }),
    program('surfer', '--version', {
      fix: 'https://surfer-project.org',
      optional: 'shows waveforms',
    }),
  ]);

const options = commonOptions;

export const command: Command = {
  summary: 'check that everything needed is here',
  help: helpText(
    'tagwire doctor [--json]',
    'Checks compiler, Verilator, native packages and cache; what is missing comes with the command\nthat installs it. Ends with 0 when a run can start, else with 3.',
    options,
  ),
  async run(argv) {
    const { values } = parseOptions(options, argv);
    const findings = await examine();
    const healthy = findings.every((finding) => finding.status !== 'missing');
    if (values.json) printJson({ healthy, findings });
    else {
      const mark = { ok: green('ok'), missing: red('missing'), absent: yellow('absent') };
      const rows = findings.map(({ name, status, detail, fix }) => [
        mark[status],
        bold(name),
        fix !== undefined && status !== 'ok' ? `${detail}: ${fix}` : detail,
      ]);
      process.stdout.write(`${table(rows)}\n`);
    }
    return healthy ? exitCode.pass : exitCode.environment;
  },
};
