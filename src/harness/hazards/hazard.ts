// SPDX-License-Identifier: BSD-2-Clause
import type { InRealStacks } from '../../kern/turn_rule.ts';
import type { Lab } from './lab.ts';

/** What a run showed, by name: figures of its report, drop counters, and what the hazard counts itself. */
export type Figures = Readonly<Record<string, number>>;

/** Figures that must come out exactly so; one that is not there is 0. */
export interface Expected {
  readonly withRule: Figures;
  readonly withoutRule: Figures;
}

/** An accident of real stacks that can happen here, once its rule is taken out. */
export interface Hazard {
  /** 'H1' … 'H40'. */
  readonly id: string;
  readonly title: string;
  /** Row of kern/turn_rules.ts that prevents it, and is out in the second of its two runs. */
  readonly rule: string;
  /** Rows that are out in both runs: a second line of defence, behind which the first shows nothing. */
  readonly alsoOff?: readonly string[];
  /** How it comes about in the little world, and what the rule does. */
  readonly reason: string;
  readonly expected: Expected;
  run(lab: Lab): Promise<Figures>;
}

/** One that cannot happen here, and why not. */
export interface NoHazard extends InRealStacks {
  readonly id: string;
  readonly title: string;
  readonly reason: string;
}
