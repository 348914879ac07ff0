// SPDX-License-Identifier: BSD-2-Clause
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { profileHtml } from '../report/profile_html.ts';
import type { ProfileReport } from '../report/profile_report.ts';
import { PROFILE_SCHEMA } from '../report/profile_schema.ts';
import { foldedStacks } from './folded.ts';
import type { RunSample } from './sample.ts';
import { samplesCsv } from './samples_csv.ts';

/** Names of the files by what they are. */
export const PROFILE_FILES: Readonly<Record<string, string>> = {
  json: 'profile.json',
  schema: 'profile.schema.json',
  html: 'profile.html',
  folded: 'profile.folded',
  samples: 'profile.csv',
};

/** Writes a profile and all that it was made of into a directory; the paths, by what they are. */
export async function writeProfile(
  directory: string,
  report: ProfileReport,
  samples: readonly RunSample[],
): Promise<Record<string, string>> {
  // Loaded when it is needed: what draws takes a second to load.
  const { profilePlots } = await import('../report/profile_plots.ts');
  const plots = await profilePlots(report);
  const texts: Readonly<Record<string, string>> = {
    json: json(report),
    schema: json(PROFILE_SCHEMA),
    html: profileHtml(report, plots),
    folded: foldedStacks(report),
    samples: samplesCsv(samples),
  };
  const paths: Record<string, string> = {};
  const write = (name: string, file: string, text: string): void => {
    paths[name] = join(directory, file);
    writeFileSync(paths[name], text);
  };
  for (const [name, file] of Object.entries(PROFILE_FILES)) write(name, file, texts[name]!);
  for (const { id, svg } of plots) write(id, `profile-${id}.svg`, svg);
  return paths;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
