// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runYosys, type Tree } from '@yowasp/yosys';

const rtl = fileURLToPath(new URL('../../rtl/', import.meta.url));

/** The files of a list under rtl/, in its order. */
export const filesOf = (list: string): string[] =>
  readFileSync(rtl + list, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('//'));

/** These files of rtl/ in memory. */
export const treeOf = (files: readonly string[]): Tree => {
  const tree: Tree = {};
  for (const file of files) {
    const parts = file.split('/');
    let folder = tree;
    for (const part of parts.slice(0, -1)) {
      folder[part] ??= {};
      folder = folder[part] as Tree;
    }
    folder[parts.at(-1)!] = readFileSync(rtl + file, 'utf8');
  }
  return tree;
};

/** Runs a Yosys script on files in memory; what is there afterwards. Throws with the log's end. */
export const yosysOn = async (tree: Tree, script: string): Promise<Tree> => {
  const decoder = new TextDecoder();
  let log = '';
  const keep = (bytes: Uint8Array | null): void => {
    if (bytes) log += decoder.decode(bytes);
  };
  // Undeclared names become one-bit wires without this (rtl/ uses structs, whose misuse shows so).
  const args = ['-e', 'implicitly declared', '-p', script];
  try {
    return (await runYosys(args, tree, { stdout: keep, stderr: keep })) ?? {};
  } catch (error) {
    throw new Error(`yosys: ${String(error)}\n${log.split('\n').slice(-20).join('\n')}`);
  }
};

/** Runs a Yosys script on files of rtl/; `out.json` is returned when the script writes one. */
export const yosys = async (files: readonly string[], script: string): Promise<string> =>
  String((await yosysOn(treeOf(files), script))['out.json'] ?? '');
