// SPDX-License-Identifier: BSD-2-Clause

/** What each file of a command exports as `command`. */
export interface Command {
  /** One line, for the list of commands. */
  summary: string;
  /** All of `--help`. */
  help: string;
  /**
   * @param argv what follows the command's name
   * @returns exit code
   * @throws UsageError for bad arguments; any error with a numeric `exitCode` ends with that code
   */
  run(argv: string[]): Promise<number>;
}
