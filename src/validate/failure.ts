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
/** The card under test is not one for this case, as shows only while it runs. */
export class CaseSkipped extends Error {
  override readonly name = 'CaseSkipped';
}

export class CaseFailure extends Error {
  readonly details: FailureDetails;
  constructor(message: string, details: FailureDetails = {}) {
    super(message);
    this.name = 'CaseFailure';
    this.details = details;
  }
}
