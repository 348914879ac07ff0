// SPDX-License-Identifier: BSD-2-Clause
import type { OwnRtl } from '../harness/own_rtl.ts';
import type { Case } from './case.ts';

/** What all cases of a run have in common. Pure data: it goes to the child processes as JSON. */
export interface Settings {
  /** Master seed. */
  readonly seed: number;
  readonly nic: 'rtl' | 'model';
  readonly ffi: 'koffi' | 'ffi-napi';
  /** An engine or a card from elsewhere in the place of ours. */
  readonly rtl?: OwnRtl;
  /** Cycles after which a simulation is given up, and its case has failed. */
  readonly timeoutCycles: number;
  /** Folder of the run; a failing case writes below it. */
  readonly out: string;
}

/** Why a case cannot be run with these settings; '' when it can. */
export function cannotRun(c: Case, settings: Settings): string {
  if (c.onlyNic !== undefined && c.onlyNic !== settings.nic) {
    return `for a card of ${c.onlyNic}, and this is ${settings.nic}`;
  }
  return '';
}
