// SPDX-License-Identifier: BSD-2-Clause
import { VerilatorError } from './error.ts';
import { findVerilator } from './find.ts';
import { cwdOf, designArgs, type RtlOptions } from './options.ts';
import { runTool } from './process.ts';

export interface Diagnostic {
  severity: 'error' | 'warning';
  /** WIDTH, UNUSED …; empty for plain errors. */
  code: string;
  /** Empty when the message belongs to no file. */
  file: string;
  /** 1-based; 0 when there is no file. */
  line: number;
  column: number;
  message: string;
}

const head = /^%(Error|Warning)(?:-([A-Z0-9_]+))?: (?:(.+?):(\d+):(?:(\d+):)? )?(.*)$/;

/** Reads Verilator's messages out of its output. Source excerpts and advice are left out. */
export const parseDiagnostics = (output: string): Diagnostic[] => {
  const found: Diagnostic[] = [];
  for (const line of output.split('\n')) {
    const match = head.exec(line);
    if (match !== null) {
      const [, severity, code = '', file = '', row = '0', column = '0', message = ''] = match;
      if (message.startsWith('Exiting due to')) continue;
      found.push({
        severity: severity === 'Error' ? 'error' : 'warning',
        code,
        file,
        line: Number(row),
        column: Number(column),
        message,
      });
    } else {
      const place = /^\s+: \.\.\. (In instance .*)$/.exec(line)?.[1];
      const last = found[found.length - 1];
      if (place !== undefined && last !== undefined) last.message += ` (${place})`;
    }
  }
  return found;
};

/**
 * Checks RTL with `--lint-only -Wall`; an empty answer means clean.
 * @throws VerilatorError 'missing' or 'too-old'; 'verilate' when Verilator itself fails
 */
export const lint = async (options: RtlOptions): Promise<Diagnostic[]> => {
  const { path } = await findVerilator();
  const { code, output } = await runTool(path, ['--lint-only', '-Wall', ...designArgs(options)], {
    cwd: cwdOf(options),
  });
  const diagnostics = parseDiagnostics(output);
  if (code !== 0 && diagnostics.length === 0) {
    throw new VerilatorError('verilate', `Verilator failed (exit ${code}): ${output.trim()}`);
  }
  return diagnostics;
};
