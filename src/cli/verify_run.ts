// SPDX-License-Identifier: BSD-2-Clause
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '../harness/run_report.ts';
import { countTransactions } from '../harness/transactions.ts';
import { exitCode } from './exit_code.ts';

/** One way of running the scenario. */
export interface Variant {
  readonly name: string;
  readonly args: readonly string[];
}

/** What it came to; `skipped` says why it could not be tried. */
export interface VerifyRun {
  readonly name: string;
  readonly digest: string;
  readonly cycles: number;
  readonly transactions: number;
  /** What the digest is the SHA-256 of. */
  readonly stream: string;
  readonly skipped?: string;
}

/** A run that ended with an error of its own: there is nothing to compare. */
export class VerifyRunError extends Error {
  readonly exitCode: number;
  constructor(variant: Variant, message: string, code: number) {
    super(`run '${variant.name}': ${message}`);
    this.name = 'VerifyRunError';
    this.exitCode = code;
  }
}

/** Compiled or, in a clone, from its source. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const MAIN = fileURLToPath(new URL(`main${EXTENSION}`, import.meta.url));
const LOADER = EXTENSION === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];

/** `tagwire run` in a process of its own; what it writes goes to a folder of `out`. Throws VerifyRunError. */
export async function runVariant(
  variant: Variant,
  runArgs: readonly string[],
  out: string,
  signal: AbortSignal,
): Promise<VerifyRun> {
  const dir = join(out, variant.name.replaceAll(/[^\w]+/g, '-'));
  mkdirSync(dir, { recursive: true });
  const args = ['run', ...runArgs, ...variant.args, '--stream', '--json', '--out', dir];
  const { code, json } = await ended([...LOADER, MAIN, ...args], signal);
  const report = json as Partial<RunReport> & { error?: string };
  const { digest = '', artefacts, rtl } = report;
  if (code === exitCode.environment && variant.args.includes('ffi-napi')) {
    const skipped = report.error ?? 'cannot run here';
    return { name: variant.name, digest: '', cycles: 0, transactions: 0, stream: '', skipped };
  }
  // A run whose checks failed has a digest all the same: only what gave none cannot be compared.
  if (artefacts?.stream === undefined) {
    throw new VerifyRunError(variant, report.error ?? `ended with ${code}`, code);
  }
  return {
    name: variant.name,
    digest,
    cycles: rtl!.cycles,
    transactions: countTransactions(readFileSync(artefacts.stream)),
    stream: artefacts.stream,
  };
}

function ended(
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ code: number; json: object }> {
  return new Promise((resolve, reject) => {
    // A waveform and a seed are asked for by name here.
    const env = { ...process.env, WAVES: '', SEED: '' };
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const child = spawn(process.execPath, args, { env, stdio: [...stdio], signal });
    let out = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      try {
        resolve({ code: code ?? exitCode.infrastructure, json: JSON.parse(out) as object });
      } catch {
        resolve({ code: code ?? exitCode.infrastructure, json: { error: 'said nothing' } });
      }
    });
  });
}
