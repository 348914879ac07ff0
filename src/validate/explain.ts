// SPDX-License-Identifier: BSD-2-Clause
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseResult } from '../report/validate_results.ts';
import type { Case } from './case.ts';
import { runCase } from './run_case.ts';
import type { Instance } from './select.ts';
import type { Settings } from './settings.ts';

/**
 * A case that has failed runs again under the same seed, with its capture written into a folder of
 * its own. One that passes this time says so: it does not follow from its seed alone.
 */
export async function explain(
  c: Case,
  instance: Instance,
  settings: Settings,
  result: CaseResult,
): Promise<CaseResult> {
  if (result.status !== 'failed') return result;
  const dir = join(settings.out, 'failures', instance.id.replaceAll(/[^\w.@-]+/g, '_'));
  mkdirSync(dir, { recursive: true });
  const again = await runCase(c, instance, settings, dir);
  const { artefacts } = again;
  if (again.status === 'failed') return { ...result, artefacts };
  return { ...result, artefacts, reason: `${result.reason} (it passed when it was run again)` };
}
