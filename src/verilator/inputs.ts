// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cwdOf, designArgs, fromCwd, type VerilateOptions } from './options.ts';

const rtlFile = /\.(sv|v|svh|vh|inc|vlt|hex|mem)$/;
const cppHeader = /\.(h|hh|hpp|hxx|inl|inc|def)$/;

/** What the options name, by the path seen from cwd. */
export interface Inputs {
  cwd: string;
  /** Files that are read for certain: sources, lists, nested lists, waivers. */
  files: Set<string>;
  /**
   * Files in the folders that are searched. Their names belong to a build as well: a new file may
   * be found before an old one.
   */
  searched: Set<string>;
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
  // The tools will say what is wrong with it, and better.
  if (existsSync(path) && statSync(path).isFile()) inputs.files.add(fromCwd(cwd, path));
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
    } else if (pattern.test(entry.name)) inputs.searched.add(fromCwd(cwd, path));
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

/** Collects what the options name, nested lists and searched folders included. */
export const collectInputs = (options: VerilateOptions): Inputs => {
  const cwd = cwdOf(options);
  const inputs: Inputs = { cwd, files: new Set(), searched: new Set() };
  addArgs(inputs, cwd, cwd, designArgs(options), new Set());
  for (const source of options.cppSources ?? []) addFile(inputs, cwd, source);
  for (const dir of options.cppIncludeDirs ?? []) addFolder(inputs, cwd, dir, cppHeader);
  return inputs;
};
