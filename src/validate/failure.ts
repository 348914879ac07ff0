// SPDX-License-Identifier: BSD-2-Clause

/** What a case found, where its expectations end. */
export interface FailureDetails {
  readonly expected?: unknown;
  readonly actual?: unknown;
  /** Of the card's clock, where it is known. */
  readonly cycle?: number;
  /** Frame of the capture, from 1. */
  readonly frame?: number;
}

/** Something is not as it must be. */
export class CaseFailure extends Error {
  readonly details: FailureDetails;
  constructor(message: string, details: FailureDetails = {}) {
    super(message);
    this.name = 'CaseFailure';
    this.details = details;
  }
}
