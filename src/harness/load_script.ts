// SPDX-License-Identifier: BSD-2-Clause
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';

const TYPESCRIPT = ['.ts', '.mts'];
const SCRIPTS = [...TYPESCRIPT, '.js', '.mjs'];

/** Is it the name of a script, and not that of something built in? */
export function isScript(name: string): boolean {
  return SCRIPTS.includes(extname(name));
}

/** A user's script, TypeScript or JavaScript, in a project of any kind. Throws what it throws. */
export async function loadScript(path: string): Promise<Record<string, unknown>> {
  if (TYPESCRIPT.includes(extname(path))) {
    // Both: in a project without "type": "module" a .ts file is CommonJS.
    (await import('tsx/cjs/api')).register();
    (await import('tsx/esm/api')).register();
  }
  const module = await import(pathToFileURL(path).href);
  // Compiled to CommonJS, the whole of `exports` is the default.
  return module.default?.default === undefined ? module : module.default;
}
