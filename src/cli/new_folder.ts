// SPDX-License-Identifier: BSD-2-Clause
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDirectory, UsageError } from './options.ts';

/**
 * Copies a starting point, a folder under rtl/own, into a folder that is new or empty.
 * @returns the names of its files
 * @throws UsageError
 */
export function newFolder(template: string, dir: string): string[] {
  const from = fileURLToPath(new URL(`../../rtl/own/${template}`, import.meta.url));
  try {
    if (existsSync(dir) && readdirSync(dir).length > 0) {
      throw new UsageError(`${dir}: expected a new or an empty folder, found files in it`);
    }
    makeDirectory(resolve(dir));
    cpSync(from, dir, { recursive: true });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${dir}: cannot be written (${code ?? error})`);
  }
  return readdirSync(from);
}
