// SPDX-License-Identifier: BSD-2-Clause

/**
 * missing, too-old: Verilator or the compiler cannot be used; the message names the command that helps.
 * lint: only warnings stopped it. verilate: the RTL is wrong. compile: the C++ is wrong.
 * cache: the cache directory cannot be used. aborted: the caller's signal.
 */
export type VerilatorErrorKind =
  | 'missing'
  | 'too-old'
  | 'lint'
  | 'verilate'
  | 'compile'
  | 'cache'
  | 'aborted';

/** Anything that goes wrong on the way from RTL to library: one readable message, full log on disk. */
export class VerilatorError extends Error {
  readonly kind: VerilatorErrorKind;
  /** File with everything that the tools printed, when there is one. */
  readonly logPath: string | undefined;

  constructor(kind: VerilatorErrorKind, message: string, logPath?: string) {
    super(logPath === undefined ? message : `${message}\n(full log: ${logPath})`);
    this.name = 'VerilatorError';
    this.kind = kind;
    this.logPath = logPath;
  }
}

const shownLines = 6;

/** The lines of a tool's output that say what is wrong: errors first, else the last lines. */
export const firstErrors = (output: string): string => {
  const lines = output.split('\n');
  const wanted = lines.filter(
    (line) =>
      (/^%(Error|Warning)/.test(line) && !/^%Error: Exiting due to/.test(line)) ||
      /\b(fatal )?error: /.test(line) ||
      /undefined reference|multiple definition|cannot find -l/.test(line),
  );
  const errors = wanted.filter((line) => !line.startsWith('%Warning'));
  const chosen = errors.length > 0 ? errors : wanted;
  if (chosen.length === 0) return lines.filter(Boolean).slice(-shownLines).join('\n');
  const more = chosen.length - shownLines;
  return chosen.slice(0, shownLines).join('\n') + (more > 0 ? `\n… and ${more} more` : '');
};
