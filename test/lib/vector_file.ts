// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readFileSync } from 'node:fs';
import type { TestContext } from 'vitest';

const DIR = new URL('../../../shared/vectors/', import.meta.url);

/** Where a published vector file lies; the test is skipped, with the reason, without it. */
export function vectorFile(name: string, context: TestContext): URL {
  const path = new URL(name, DIR);
  if (!existsSync(path)) context.skip(`vector file ${name} is not beside the repository`);
  return path;
}

/** The parsed JSON of such a file. */
export function vectorJson<T>(name: string, context: TestContext): T {
  return JSON.parse(readFileSync(vectorFile(name, context), 'utf8')) as T;
}
