// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './patches.ts';

/** Of each case for which no fault is planted: why not. */
export function readReasons(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(join(ROOT, 'test/planted/reasons.json'), 'utf8'));
}
