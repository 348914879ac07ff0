// SPDX-License-Identifier: BSD-2-Clause
import type { CaseResult } from '../report/validate_results.ts';
import type { Instance } from './select.ts';
import type { Settings } from './settings.ts';

/** What a child process is given, as its one message. */
export interface Job {
  readonly settings: Settings;
  readonly instances: readonly Instance[];
}

/**
 * What it says: which case it begins, that it has failed and runs again to explain itself, what came
 * of it, or why none can be run here.
 */
export type Said =
  | { readonly what: 'begin'; readonly id: string }
  | { readonly what: 'failed' | 'result'; readonly result: CaseResult }
  | {
      readonly what: 'cannot';
      readonly name: string;
      readonly message: string;
      readonly hint: string;
    };
