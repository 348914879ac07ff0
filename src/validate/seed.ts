// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import type { Parameters } from './case.ts';

/**
 * The seed of one case: it follows from the master seed, the case, its parameters and the repetition
 * alone. So neither order, nor sharding, nor what else runs changes a stimulus.
 */
export function caseSeed(master: number, id: string, parameters: Parameters, nth = 0): number {
  const text = JSON.stringify([master, id, Object.entries(parameters).sort(), nth]);
  return createHash('sha256').update(text).digest().readUInt32LE(0);
}
