// SPDX-License-Identifier: BSD-2-Clause
import { basename } from 'node:path';
import { VerilatorError } from '../verilator/index.ts';
import { exitCode } from './exit_code.ts';

/** Errors of the parts, by name: `--version` should not have to load them all. */
const byName: Readonly<Record<string, number>> = {
  SetkeyError: exitCode.usage,
  CaptureError: exitCode.usage,
  StrategyError: exitCode.usage,
  ContractError: exitCode.usage,
  BindingError: exitCode.environment,
  CaptureWriteError: exitCode.infrastructure,
};

/** Kinds of BusError that are the card's fault, and not that of what is around it. */
const cardFaults: readonly (string | undefined)[] = ['model', 'timeout', 'bus'];

const fullDisk = new Set(['ENOSPC', 'EDQUOT']);

export interface Explanation {
  readonly code: number;
  readonly message: string;
  /** Of a card that failed, where it is known. */
  readonly cycle?: number;
}

const textOf = (error: unknown): string => (error as Error | undefined)?.message ?? String(error);

/**
 * The exit code of an error that ended a command, and the line that explains it; undefined for one
 * that nobody foresaw. An error says its own code in a numeric `exitCode`.
 */
export const foreseen = (error: unknown): Explanation | undefined => {
  const message = textOf(error);
  const {
    exitCode: own,
    code,
    path,
    name,
    hint,
  } = (error ?? {}) as Partial<{
    exitCode: number;
    code: string;
    path: string;
    name: string;
    hint: string;
  }>;
  if (error instanceof VerilatorError) {
    const aborted = error.kind === 'aborted';
    return { code: aborted ? exitCode.interrupted : exitCode.environment, message };
  }
  if (name !== undefined && Object.hasOwn(byName, name)) {
    return { code: byName[name]!, message: hint === undefined ? message : `${message}; ${hint}` };
  }
  if (name === 'StalledError' || name === 'BusError') return cardFailed(error as CardFailure);
  if (typeof own === 'number') return { code: own, message };
  if (code !== undefined && fullDisk.has(code)) {
    return { code: exitCode.infrastructure, message: `the disk is full${path ? `: ${path}` : ''}` };
  }
  return undefined;
};

type CardFailure = Error & { kind?: string; cycle: number };

const cardFailed = ({ name, kind, message, cycle }: CardFailure): Explanation => {
  if (name === 'BusError' && !cardFaults.includes(kind)) {
    return { code: exitCode.infrastructure, message };
  }
  const where = cycle === 0 || /\bcycle \d/.test(message) ? '' : ` (cycle ${cycle})`;
  return {
    code: exitCode.checkFailed,
    message: `the card failed: ${message}${where}`,
    ...(cycle === 0 ? {} : { cycle }),
  };
};

/** The same for every error: what nobody foresaw is ours (5). */
export const explain = (error: unknown): Explanation =>
  foreseen(error) ?? {
    code: exitCode.infrastructure,
    message: `internal error: ${textOf(error)}`,
  };

/** What a script threw, and where in it: `the answer is late (echo.ts:25:13)`. */
export const explainScript = (error: unknown, path: string): string => {
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').slice(1) : [];
  const place = frames.find((frame) => frame.includes(path))?.match(/:(\d+:\d+)\)?$/)?.[1];
  return `${textOf(error)}${place === undefined ? '' : ` (${basename(path)}:${place})`}`;
};
