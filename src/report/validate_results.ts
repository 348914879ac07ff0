// SPDX-License-Identifier: BSD-2-Clause

export const RESULTS_SCHEMA = 'tagwire-validate/1';

/**
 * failed: something is not as it must be. infrastructure: its process was lost. timeout: it took
 * longer than --timeout-wall. missing: no result came, which is a failure.
 */
export type CaseStatus = 'passed' | 'failed' | 'skipped' | 'infrastructure' | 'timeout' | 'missing';

export interface CaseResult {
  /** The case, and '@2' behind it for its second repetition under another seed. */
  readonly id: string;
  readonly group: string;
  readonly title: string;
  /** RFC section, hazard number or contract. */
  readonly checks: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly seed: number;
  readonly status: CaseStatus;
  /** SHA-256 over what happened; '' where it was not run to its end. */
  readonly digest: string;
  readonly seconds: number;
  /** Of all its simulations together. */
  readonly cycles: number;
  /** Why it was skipped, or what is wrong; '' when it passed. */
  readonly reason: string;
  readonly expected?: unknown;
  readonly actual?: unknown;
  /** Of the failure, where it is known. */
  readonly cycle?: number;
  /** Of the capture, from 1. */
  readonly frame?: number;
  /** The packet that is wrong, decoded, line by line. */
  readonly packet?: readonly string[];
  /** Files below the run's folder, by what they are. */
  readonly artefacts: Readonly<Record<string, string>>;
  /** The command that repeats it. */
  readonly repeat: string;
}

export interface GroupResult {
  readonly name: string;
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Places in the RTL of one kind, and those that were passed at least once. */
export interface CoveredPoints {
  readonly points: number;
  readonly covered: number;
  readonly percent: number;
}

export interface FileCoverage {
  /** Blocks and branches of statements. */
  readonly line: CoveredPoints;
  /** Bits of signals that changed. */
  readonly toggle: CoveredPoints;
  /** `cover property` of the RTL. */
  readonly user: CoveredPoints;
}

/** results.json */
export interface ValidateResults {
  readonly schema: typeof RESULTS_SCHEMA;
  readonly seed: number;
  /** SHA-256 over the ids and digests of all cases, whatever order they ran in. */
  readonly digest: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: {
    readonly nic: string;
    readonly ffi: string;
    readonly shard: string;
    readonly timeoutCycles: number;
  };
  readonly seconds: number;
  readonly cases: number;
  readonly passed: number;
  /** Failed, lost, late and missing ones. */
  readonly failed: number;
  readonly skipped: number;
  readonly groups: readonly GroupResult[];
  readonly results: readonly CaseResult[];
  /** With --cov: of all RTL, and by file. */
  readonly coverage?: FileCoverage & { readonly files: Readonly<Record<string, FileCoverage>> };
}

/** Does this result make the run fail? */
export function isBad(status: CaseStatus): boolean {
  return status !== 'passed' && status !== 'skipped';
}
