// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import type { CaseResult } from '../report/validate_results.ts';
import { CASES } from './registry.ts';
import type { Instance } from './select.ts';
import type { Settings } from './settings.ts';

export const REPRO_SCHEMA = 'tagwire-repro/1';

/** repro.json: all that a failure follows from, so that any machine repeats it. */
export interface Repro {
  readonly schema: typeof REPRO_SCHEMA;
  readonly instance: Instance;
  readonly settings: Omit<Settings, 'out'>;
  /** What was wrong. */
  readonly reason: string;
  readonly cycle?: number;
}

/** No repro.json, or of another version. */
export class ReproError extends Error {
  readonly exitCode = 2;
  override readonly name = 'ReproError';
}

export function reproOf(instance: Instance, settings: Settings, result: CaseResult): Repro {
  const { out: _, ...rest } = settings;
  const { reason, cycle } = result;
  const where = cycle === undefined ? {} : { cycle };
  return { schema: REPRO_SCHEMA, instance, settings: rest, reason, ...where };
}

/** Throws ReproError. */
export function readRepro(path: string): Repro {
  const repro = parse(path);
  if (repro?.schema !== REPRO_SCHEMA) {
    const found = typeof repro?.schema === 'string' ? `'${repro.schema}'` : 'none';
    throw new ReproError(`${path}: expected the schema '${REPRO_SCHEMA}', and there is ${found}`);
  }
  const { instance, settings } = repro as Repro;
  if (typeof instance?.caseId !== 'string' || typeof settings?.nic !== 'string') {
    throw new ReproError(`${path}: expected an instance and its settings`);
  }
  if (!CASES.some((c) => c.id === instance.caseId)) {
    throw new ReproError(`${path}: this version of tagwire has no case '${instance.caseId}'`);
  }
  return repro as Repro;
}

function parse(path: string): Partial<Repro> | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ReproError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    return JSON.parse(text) as Partial<Repro> | null;
  } catch (error) {
    throw new ReproError(`${path}: is not JSON: ${(error as Error).message}`);
  }
}
