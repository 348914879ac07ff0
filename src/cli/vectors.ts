// SPDX-License-Identifier: BSD-2-Clause
import type { VectorEngine } from '../harness/vectors/engine.ts';
import { readVectors } from '../harness/vectors/read_vectors.ts';
import { runVectors, type VectorsResult } from '../harness/vectors/run_vectors.ts';
import { SoftwareEngine } from '../harness/vectors/software_engine.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { commonOptions, helpText, type OptionTable, parseOptions } from './options.ts';
import { bold, green, printJson, progress, progressDone, red, table, yellow } from './terminal.ts';

const options = {
  engine: {
    type: 'choice',
    choices: ['rtl', 'software'],
    default: 'rtl',
    help: 'the card’s AES-GCM engine in simulation, or node:crypto',
  },
  ...commonOptions,
} as const satisfies OptionTable;

const FAILURES_SHOWN = 10;

export const command: Command = {
  summary: 'run Wycheproof and CAVP files through the crypto engine',
  help: helpText(
    'tagwire vectors FILE... [options]',
    `Runs test vectors: Wycheproof JSON and NIST CAVP .rsp as published, and whole ESP packets in JSON,
which with --engine rtl also go through a whole card. What is skipped says why.
Ends with 0 when all that ran passed, 1 when a case failed, 4 when nothing could run.`,
    options,
  ),
  async run(argv) {
    const { values, positionals } = parseOptions(options, argv, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      name: 'FILE: a vectors file',
    });
    const inputs = positionals.map(readVectors);
    const engine = values.engine === 'rtl' ? await rtlEngine() : new SoftwareEngine();
    const files: VectorsResult[] = [];
    try {
      for (const input of inputs) {
        files.push(
          runVectors(input, engine, (done, total) => progress(`${input.file}: ${done}/${total}`)),
        );
      }
    } finally {
      progressDone();
      engine.close();
    }
    if (values.json) printJson({ engine: engine.name, files });
    else process.stdout.write(report(files));
    if (files.some((file) => file.failed > 0)) return exitCode.checkFailed;
    return files.some((file) => file.run > 0) ? exitCode.pass : exitCode.skipped;
  },
};

function report(files: readonly VectorsResult[]): string {
  const rows = files.map((f) => [
    f.failed > 0 ? red('failed') : f.run > 0 ? green('passed') : yellow('skipped'),
    bold(f.file),
    f.total,
    f.run,
    f.passed,
    f.failed,
    f.skipped,
  ]);
  const lines = [table([['', 'file', 'total', 'run', 'passed', 'failed', 'skipped'], ...rows])];
  for (const f of files) {
    for (const { id, comment, reason } of f.failures.slice(0, FAILURES_SHOWN)) {
      lines.push(`${red('failed')}  ${f.file}: ${id}${comment ? ` (${comment})` : ''}: ${reason}`);
    }
    const more = f.failures.length - FAILURES_SHOWN;
    if (more > 0) lines.push(`        ... and ${more} more`);
    for (const [reason, count] of byReason(f)) {
      lines.push(`${yellow('skipped')} ${f.file}: ${count} ${count === 1 ? 'case' : 'cases'}: ${reason}`);
    }
  }
  return lines.join('\n') + '\n';
}

function byReason(f: VectorsResult): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of f.skips) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}
