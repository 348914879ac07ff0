// SPDX-License-Identifier: BSD-2-Clause
import { NO_HAZARDS } from './elsewhere.ts';
import type { Expected, Figures, Hazard } from './hazard.ts';
import { Lab, type LabOptions } from './lab.ts';
import { HAZARDS } from './table.ts';

/** One row of `tagwire run hazards --json`. */
export interface HazardRow {
  readonly id: string;
  readonly title: string;
  readonly applies: boolean;
  /** How it comes about and what prevents it; or why it cannot come about here. */
  readonly reason: string;
  readonly rule?: string;
  /** What two runs of one seed showed, which differ in that rule alone. */
  readonly withRule?: Figures;
  readonly withoutRule?: Figures;
  readonly expected?: Expected;
  readonly ok: boolean;
}

export interface HazardReport {
  readonly seed: number;
  readonly nic: 'rtl' | 'model';
  /** In all runs with the rules on. */
  readonly plaintextLeaks: number;
  readonly hazards: readonly HazardRow[];
}

export type HazardOptions = Omit<LabOptions, 'rulesOff'>;

/** Runs every hazard twice, with its rule and without. `onRow` hears of each as it is done. */
export async function runHazards(
  options: HazardOptions = {},
  onRow: (row: HazardRow) => void = () => {},
): Promise<HazardReport> {
  const hazards: HazardRow[] = [];
  const take = (row: HazardRow): void => {
    hazards.push(row);
    onRow(row);
  };
  for (const none of NO_HAZARDS) take({ ...none, applies: false, ok: true });
  for (const hazard of HAZARDS) take(await tryOut(hazard, options));
  hazards.sort((a, b) => numberOf(a.id) - numberOf(b.id));
  const plaintextLeaks = hazards.reduce((n, row) => n + (row.withRule?.plaintextLeaks ?? 0), 0);
  return { seed: options.seed ?? 1, nic: options.nic ?? 'model', plaintextLeaks, hazards };
}

/** The two runs of one hazard. */
export async function tryOut(hazard: Hazard, options: HazardOptions): Promise<HazardRow> {
  const { id, title, reason, rule, expected, alsoOff = [] } = hazard;
  const withRule = await runOnce(hazard, options, alsoOff);
  const withoutRule = await runOnce(hazard, options, [...alsoOff, rule]);
  const ok =
    !Object.keys(withRule).some((name) => name.startsWith('violations.')) &&
    agrees(withRule, { plaintextLeaks: 0, leaked: 0, ...expected.withRule }) &&
    agrees(withoutRule, expected.withoutRule);
  return { id, title, applies: true, reason, rule, withRule, withoutRule, expected, ok };
}

async function runOnce(
  hazard: Hazard,
  options: HazardOptions,
  rulesOff: readonly string[],
): Promise<Figures> {
  const lab = new Lab({ nic: 'model', seed: 1, ...options, rulesOff });
  try {
    return await hazard.run(lab);
  } finally {
    lab.close();
  }
}

function agrees(figures: Figures, expected: Figures): boolean {
  return Object.entries(expected).every(([name, n]) => (figures[name] ?? 0) === n);
}

function numberOf(id: string): number {
  return Number(id.slice(1));
}
