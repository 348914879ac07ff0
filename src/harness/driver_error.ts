// SPDX-License-Identifier: BSD-2-Clause

/** A file that brings no driver, and why. */
export class DriverError extends Error {
  readonly exitCode = 2;
  override readonly name = 'DriverError';
}
