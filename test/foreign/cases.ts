// SPDX-License-Identifier: BSD-2-Clause
/**
 * Test cases of others for what this stack does: each is covered by a test of ours, or says why it
 * does not apply. `<algo>` and `{a,b}` stand for several cases of one name, as their suites build them.
 */
export interface ForeignCase {
  readonly name: string;
  /** File below test/, and the title of the test, or group, in it, as its source has it. */
  readonly ours?: readonly [file: string, name: string];
  readonly whyNot?: string;
}

export const is = (name: string, file: string, test: string): ForeignCase => ({
  name,
  ours: [file, test],
});
export const isNot = (name: string, whyNot: string): ForeignCase => ({ name, whyNot });
