// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { VerilatorError } from './error.ts';
import { cwdOf, designArgs, fromCwd, type VerilateOptions } from './options.ts';

const rtlFile = /\.(sv|v|svh|vh|inc|vlt|hex|mem)$/;
const cppHeader = /\.(h|hh|hpp|hxx|inl|inc|def)$/;

/** Every file that a build may read, by real path. */
export interface Inputs {
  files: Set<string>;
  /** Name seen from cwd → real path; what the key is made of. */
  names: Map<string, string>;
}

/** Splits the text of a file list: comments go, quotes hold, $NAME and ${NAME} are replaced. */
export const listArgs = (text: string): string[] => {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(^|\s)\/\/.*$/gm, '$1');
  return (bare.match(/"[^"]*"|\S+/g) ?? []).map((word) =>
    word.replace(/^"(.*)"$/, '$1').replace(/\$(\w+|\{\w+\}|\(\w+\))/g, (_, name: string) => {
      return process.env[name.replace(/\W/g, '')] ?? '';
    }),
  );
};

const addFile = (inputs: Inputs, cwd: string, name: string): void => {
  const path = resolve(cwd, name);
  if (!existsSync(path) || !statSync(path).isFile()) return; // the tools will say so, better
  const real = realpathSync(path);
  inputs.files.add(real);
  inputs.names.set(fromCwd(cwd, path), real);
};

const addFolder = (inputs: Inputs, cwd: string, name: string, pattern: RegExp): void => {
  const folder = resolve(cwd, name);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && !entry.name.startsWith('.')) {
        addFolder(inputs, cwd, path, pattern);
      }
    } else if (pattern.test(entry.name)) addFile(inputs, cwd, path);
  }
};

/** Adds what Verilator arguments name: files, folders searched, and the same in nested lists. */
const addArgs = (
  inputs: Inputs,
  cwd: string,
  base: string,
  args: readonly string[],
  seen: Set<string>,
): void => {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const list = (path: string, newBase: string): void => {
      addFile(inputs, cwd, path);
      if (seen.has(path) || !existsSync(path)) return;
      seen.add(path);
      addArgs(inputs, cwd, newBase, listArgs(readFileSync(path, 'utf8')), seen);
    };
    if (arg === '-f') list(resolve(base, args[++i] ?? ''), base);
    else if (arg === '-F') {
      const path = resolve(base, args[++i] ?? '');
      list(path, dirname(path));
    } else if (arg === '-y') addFolder(inputs, cwd, resolve(base, args[++i] ?? ''), rtlFile);
    else if (arg.startsWith('-I')) addFolder(inputs, cwd, resolve(base, arg.slice(2)), rtlFile);
    else if (arg.startsWith('+incdir+')) {
      for (const dir of arg.slice(8).split('+')) {
        addFolder(inputs, cwd, resolve(base, dir), rtlFile);
      }
    } else if (!arg.startsWith('-') && !arg.startsWith('+'))
      addFile(inputs, cwd, resolve(base, arg));
  }
};

/** Collects the inputs of a build: named files, nested lists, and all folders that are searched. */
export const collectInputs = (options: VerilateOptions): Inputs => {
  const cwd = cwdOf(options);
  const inputs: Inputs = { files: new Set(), names: new Map() };
  addArgs(inputs, cwd, cwd, designArgs(options), new Set());
  for (const source of options.cppSources ?? []) {
    addFile(inputs, cwd, source);
    addFolder(inputs, cwd, dirname(resolve(cwd, source)), cppHeader);
  }
  for (const dir of options.cppIncludeDirs ?? []) addFolder(inputs, cwd, dir, cppHeader);
  return inputs;
};

/** SHA-256 over the inputs' names and contents and over `settings`. */
export const hashInputs = (inputs: Inputs, settings: unknown): string => {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  for (const name of [...inputs.names.keys()].sort()) {
    const content = readFileSync(inputs.names.get(name)!);
    hash.update(`\0${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
};

/**
 * Holds the tools to the collected inputs: a file read behind the key's back would make a stale
 * library look fresh.
 * @throws VerilatorError 'cache' that names the file and the option which declares its folder
 */
export const checkReadFiles = (
  inputs: Inputs,
  read: readonly string[],
  ignored: readonly string[],
  option: 'includeDirs' | 'cppIncludeDirs',
): void => {
  for (const path of read) {
    if (!existsSync(path)) continue;
    const real = realpathSync(path);
    if (inputs.files.has(real) || ignored.some((folder) => real.startsWith(folder))) continue;
    throw new VerilatorError(
      'cache',
      `${path} is read by the build but not part of the cache key: ` +
        `name its folder in ${option} (${dirname(path)})`,
    );
  }
};
