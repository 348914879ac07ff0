// SPDX-License-Identifier: BSD-2-Clause

import { inRealStacks, turnRules } from '../../kern/turn_rule.ts';
import { NO_HAZARDS } from './elsewhere.ts';
import type { Expected, Figures, Hazard, NoHazard } from './hazard.ts';
import { Lab, type LabOptions } from './lab.ts';
import { HAZARDS } from './table.ts';

/** One row of `tagwire run hazards --json`. */
export interface HazardRow {
  readonly id: string;
  readonly title: string;
  readonly applies: boolean;
  /** How it comes about and what prevents it; or why it cannot come about here. */
  readonly reason: string;
  /** Its place in real stacks: function or callback, errno, the commit that repaired it. */
  readonly elsewhere: string;
  /** null in these four: it does not apply. */
  readonly rule: string | null;
  /** What two runs of one seed showed, which differ in that rule alone. */
  readonly withRule: Figures | null;
  /** null too: the rule is our driver's, and this is another one, which keeps it always. */
  readonly withoutRule: Figures | null;
  readonly expected: Expected | null;
  readonly ok: boolean;
}

export interface HazardReport {
  readonly seed: number;
  readonly nic: 'rtl' | 'model';
  /** In all runs with the rules on. */
  readonly plaintextLeaks: number;
  readonly hazards: readonly HazardRow[];
}

/** In TurnRule.by. */
const OUR_DRIVER = 'dev/nic/';

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
  for (const none of NO_HAZARDS) take(notHere(none));
  for (const hazard of HAZARDS) take(await tryOut(hazard, options));
  hazards.sort((a, b) => numberOf(a.id) - numberOf(b.id));
  const plaintextLeaks = hazards.reduce((n, row) => n + (row.withRule?.plaintextLeaks ?? 0), 0);
  return { seed: options.seed ?? 1, nic: options.nic ?? 'model', plaintextLeaks, hazards };
}

function notHere(none: NoHazard): HazardRow {
  const { id, title, reason } = none;
  const nothing = { rule: null, withRule: null, withoutRule: null, expected: null };
  return { id, title, applies: false, reason, elsewhere: inRealStacks(none), ...nothing, ok: true };
}

/** The two runs of one hazard. */
export async function tryOut(hazard: Hazard, options: HazardOptions): Promise<HazardRow> {
  const { id, title, reason, rule, expected, alsoOff = [] } = hazard;
  const row = turnRules().find(({ id }) => id === rule)!;
  const isOtherDrivers = options.driver !== undefined && row.by.includes(OUR_DRIVER);
  const withRule = await runOnce(hazard, options, alsoOff);
  const withoutRule = isOtherDrivers ? null : await runOnce(hazard, options, [...alsoOff, rule]);
  const ok =
    !Object.keys(withRule).some((name) => name.startsWith('violations.')) &&
    agrees(withRule, { plaintextLeaks: 0, leaked: 0, ...expected.withRule }) &&
    (withoutRule === null || agrees(withoutRule, expected.withoutRule));
  const asked = { plaintextLeaks: 0, ...zeros(expected.withRule), ...zeros(expected.withoutRule) };
  return {
    id,
    title,
    applies: true,
    reason,
    elsewhere: inRealStacks(row),
    rule,
    withRule: { ...asked, ...withRule },
    withoutRule: withoutRule === null ? null : { ...asked, ...withoutRule },
    expected,
    ok,
  };
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

/** What a prediction names is shown on both sides, also where nothing happened. */
function zeros(expected: Figures): Figures {
  return Object.fromEntries(Object.keys(expected).map((name) => [name, 0]));
}

function numberOf(id: string): number {
  return Number(id.slice(1));
}
