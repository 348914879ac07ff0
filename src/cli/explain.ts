// SPDX-License-Identifier: BSD-2-Clause
import { VerilatorError } from '../verilator/index.ts';
import { exitCode } from './exit_code.ts';

/** Errors of the parts, by name: `--version` should not have to load them all. */
const byName: Readonly<Record<string, number>> = {
  SetkeyError: exitCode.usage,
  CaptureError: exitCode.usage,
  BindingError: exitCode.environment,
  CaptureWriteError: exitCode.infrastructure,
};

const fullDisk = new Set(['ENOSPC', 'EDQUOT']);

/**
 * The exit code of an error that ended a command, and the line that explains it. An error says its
 * own code in a numeric `exitCode`; what nobody foresaw is ours (5).
 */
export const explain = (error: unknown): { code: number; message: string } => {
  const {
    message = String(error),
    exitCode: own,
    code,
    path,
  } = (error ?? {}) as Partial<Error & { exitCode: number; code: string; path: string }>;
  if (error instanceof VerilatorError) {
    const aborted = error.kind === 'aborted';
    return { code: aborted ? exitCode.interrupted : exitCode.environment, message };
  }
  const { name, hint } = (error ?? {}) as { name?: string; hint?: string };
  if (name !== undefined && Object.hasOwn(byName, name)) {
    return { code: byName[name]!, message: hint === undefined ? message : `${message}; ${hint}` };
  }
  if (typeof own === 'number') return { code: own, message };
  if (code !== undefined && fullDisk.has(code)) {
    return { code: exitCode.infrastructure, message: `the disk is full${path ? `: ${path}` : ''}` };
  }
  return { code: exitCode.infrastructure, message: `internal error: ${message}` };
};
