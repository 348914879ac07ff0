// SPDX-License-Identifier: BSD-2-Clause
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { ROOT } from '../lib/cli.ts';

/** A test, or a group of tests, as its source has it. */
export interface Titled {
  /** What makes it: `it`, `test.each`, `describe.skipIf` and so on. */
  readonly by: string;
  readonly title: string;
  /** Groups that it is in, and itself: none of them may be skipped. */
  readonly makers: readonly string[];
}

const TEST = join(ROOT, 'test');
// Formatted source: what a test is made by begins its line, and its title is the first string behind
// a parenthesis that opens at the end of that word, or of its table.
const MAKER = /^( *)(?:[a-z]+\()?((?:it|test|describe)(?:\.\w+)*)\b/;
const TITLE = /(?:^|\()\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`),/;

/** Titles of the tests of a file below test/, placeholders as they stand there. */
export function titlesOf(file: string): Titled[] {
  return titlesIn(readFileSync(join(TEST, file), 'utf8'));
}

export function titlesIn(source: string): Titled[] {
  const found: Titled[] = [];
  /** Open makers by indentation; the last one has no title yet, or has. */
  const open: { readonly indent: number; readonly by: string; title?: string }[] = [];
  for (const line of source.split('\n')) {
    const indent = line.search(/\S/);
    if (indent < 0) continue;
    const made = MAKER.exec(line);
    if (made !== null) {
      while (open.length > 0 && open.at(-1)!.indent >= indent) open.pop();
      open.push({ indent, by: made[2]! });
    }
    const last = open.at(-1);
    if (last === undefined || last.title !== undefined) continue;
    // `it('title', …`, or `])('title', …` at the end of a table, or the title alone on its line.
    const isEnd = /^\s*\](?: as const)?\)|^\s*\)/.test(line) || indent === last.indent;
    const isAlone = indent === last.indent + 2 && /^\s*['"`]/.test(line);
    if (!isEnd && !isAlone) continue;
    const text = line.slice(made === null || /\.each\b/.test(last.by) ? 0 : line.indexOf('('));
    const t = TITLE.exec(lastCall(text));
    const title = t?.[1] ?? t?.[2] ?? t?.[3];
    if (title === undefined) continue;
    last.title = title.replace(/\\(.)/g, '$1');
    found.push({ by: last.by, title: last.title, makers: open.map((o) => o.by) });
  }
  return found;
}

/** Of `it.each([1, 2])('title', …` what begins at the title's parenthesis. */
function lastCall(line: string): string {
  const at = line.lastIndexOf(")('");
  return at < 0 ? line : line.slice(at + 1);
}

/** Is the file run: a *.test.ts, or a module that one of its folder brings in? */
export function isRun(file: string, seen: ReadonlySet<string> = new Set()): boolean {
  if (/\.test\.ts$/.test(file)) return true;
  const dir = dirname(join(TEST, file));
  const users = readdirSync(dir).filter((f) => {
    const from = relative(TEST, join(dir, f));
    if (!f.endsWith('.ts') || seen.has(from)) return false;
    const imports = readFileSync(join(dir, f), 'utf8').matchAll(/from '(\.[^']+)'/g);
    return [...imports].some((m) => resolve(dir, m[1]!) === join(TEST, file));
  });
  return users.some((f) => isRun(relative(TEST, join(dir, f)), new Set([...seen, file])));
}
