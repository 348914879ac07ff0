// SPDX-License-Identifier: BSD-2-Clause

/** What a command answers to the shell. */
export const exitCode = {
  pass: 0,
  /** A check failed: a packet differs, a vector fails, a result is missing. */
  checkFailed: 1,
  /** Unknown option, bad value, bad input file. */
  usage: 2,
  /** Something must be installed, or the build failed. */
  environment: 3,
  skipped: 4,
  /** Not the design's fault and not the user's: disk full, worker lost, a bug of ours. */
  infrastructure: 5,
  timeout: 124,
  interrupted: 130,
} as const;

/** The code of several results together: a failed check outranks everything, else the first failure. */
export const combineExitCodes = (codes: readonly number[]): number =>
  codes.includes(exitCode.checkFailed)
    ? exitCode.checkFailed
    : (codes.find((code) => code !== exitCode.pass && code !== exitCode.skipped) ??
      (codes.length > 0 && codes.every((code) => code === exitCode.skipped)
        ? exitCode.skipped
        : exitCode.pass));
