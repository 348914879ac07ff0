// SPDX-License-Identifier: BSD-2-Clause
// How a build is found again. Before a build only the named files are known, so their contents and
// all settings make the first half of its name (the stem); the headers and includes that the tools
// then really read make the second half, and are listed in the build's manifest. A build is the
// right one when its stem fits and every file of its manifest still has the recorded content.
import { createHash } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Inputs } from './inputs.ts';
import { fromCwd } from './options.ts';

/** Path seen from cwd → SHA-256 of the content. */
type Manifest = Record<string, string>;

const manifestName = 'inputs.json';

const hashFile = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');

/** First half of a build's name: settings, names of searched files, contents of named ones. */
export const stemOf = (name: string, inputs: Inputs, settings: unknown): string => {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  for (const file of [...inputs.searched].sort()) hash.update(`\0${file}`);
  for (const file of [...inputs.files].sort()) {
    const content = readFileSync(resolve(inputs.cwd, file));
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return `${name}-${hash.digest('hex').slice(0, 20)}`;
};

/** Files that the tools read beyond the named ones, without the tools' own. */
export const furtherFiles = (
  inputs: Inputs,
  read: readonly string[],
  ignoredFolders: readonly string[],
): string[] => {
  const found = new Set<string>();
  for (const path of read) {
    const own = ignoredFolders.some((folder) => path.startsWith(`${folder}/`));
    if (own || !existsSync(path)) continue;
    const name = fromCwd(inputs.cwd, realpathSync(dirname(path)) + `/${basename(path)}`);
    if (!inputs.files.has(name)) found.add(name);
  }
  return [...found].sort();
};

/** Name of a file that was written after `sinceMs` (Unix time), if there is one. */
export const changedSince = (
  inputs: Inputs,
  further: readonly string[],
  sinceMs: number,
): string | undefined =>
  [...inputs.files, ...further].find(
    (file) => statSync(resolve(inputs.cwd, file)).mtimeMs >= sinceMs,
  );

/** Writes the manifest into a finished build and returns the second half of its name. */
export const writeManifest = (folder: string, cwd: string, further: readonly string[]): string => {
  const manifest: Manifest = {};
  for (const file of further) manifest[file] = hashFile(resolve(cwd, file));
  const text = JSON.stringify(manifest, null, 1);
  writeFileSync(join(folder, manifestName), text);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
};

/** Folder of the build that fits, or undefined. */
export const findBuild = (cache: string, stem: string, cwd: string): string | undefined => {
  const hashes = new Map<string, string>();
  const fits = ([file, recorded]: [string, string]): boolean => {
    const path = resolve(cwd, file);
    if (!existsSync(path)) return false;
    const hash = hashes.get(path) ?? hashFile(path);
    hashes.set(path, hash);
    return hash === recorded;
  };
  for (const entry of readdirSync(cache)) {
    const path = join(cache, entry, manifestName);
    if (!entry.startsWith(`${stem}-`) || !existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    if (Object.entries(manifest).every(fits)) return join(cache, entry);
  }
  return undefined;
};
