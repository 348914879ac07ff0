// SPDX-License-Identifier: BSD-2-Clause
export type SadbErrorCode =
  | 'badSpi'
  | 'twoFamilies'
  | 'duplicateSpi'
  | 'unknownAlgorithm'
  | 'forbiddenAlgorithm'
  | 'badKeyLength'
  | 'badReplayWindow'
  | 'badLifetime'
  | 'badNatt'
  | 'badTfc'
  | 'noSa'
  | 'offloadRefused'
  | 'noAuthentication'
  | 'keyInUse'
  | 'full';

/** An SA that cannot be. `code` is for programs, the message for people. */
export class SadbError extends Error {
  readonly code: SadbErrorCode;

  constructor(code: SadbErrorCode, message: string) {
    super(message);
    this.name = 'SadbError';
    this.code = code;
  }
}
