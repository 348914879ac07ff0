// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readFileSync } from 'node:fs';
import type { TestContext } from 'vitest';

const DIR = new URL('../../../shared/vectors/', import.meta.url);

/** The parsed JSON of a published vector file; the test is skipped, with the reason, without it. */
export function vectorJson<T>(name: string, context: TestContext): T {
  const path = new URL(name, DIR);
  if (!existsSync(path)) context.skip(`vector file ${name} is not beside the repository`);
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
