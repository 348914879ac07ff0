// SPDX-License-Identifier: BSD-2-Clause
import { join } from 'node:path';
import { junitXml } from '../report/junit.ts';
import { validateHtml } from '../report/validate_html.ts';
import type { ValidateResults } from '../report/validate_results.ts';
import { writeAtomically } from './write_atomically.ts';

/** What a run writes into its folder. */
export const REPORT_FILES = {
  results: 'results.json',
  junit: 'results.xml',
  html: 'report.html',
} as const;

/** Writes all reports; their paths. */
export function writeReports(out: string, results: ValidateResults): Record<string, string> {
  const texts: Record<keyof typeof REPORT_FILES, string> = {
    results: `${JSON.stringify(results, null, 1)}\n`,
    junit: junitXml(results),
    html: validateHtml(results),
  };
  const paths: Record<string, string> = {};
  for (const [name, file] of Object.entries(REPORT_FILES)) {
    paths[name] = join(out, file);
    writeAtomically(paths[name]!, texts[name as keyof typeof REPORT_FILES]);
  }
  return paths;
}
