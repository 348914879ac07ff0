// SPDX-License-Identifier: BSD-2-Clause
/** A mistake in a setkey(8) file: where it is, what was expected, and what stands there. */
export class SetkeyError extends Error {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly found: string;

  constructor(file: string, at: Place, expected: string, found: string) {
    super(`${file}:${at.line}:${at.column}: expected ${expected}, found ${found}`);
    this.name = 'SetkeyError';
    this.file = file;
    this.line = at.line;
    this.column = at.column;
    this.expected = expected;
    this.found = found;
  }
}

export interface Place {
  readonly line: number;
  readonly column: number;
}
