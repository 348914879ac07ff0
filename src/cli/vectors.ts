// SPDX-License-Identifier: BSD-2-Clause
import type { BindingName } from '../ffi/binding.ts';
import type { Lanes } from '../harness/library.ts';
import { openLoneCard } from '../harness/lone_card.ts';
import type { OwnRtl } from '../harness/own_rtl.ts';
import { EspCard, type EspCardResult } from '../harness/vectors/esp_card.ts';
import { readVectors } from '../harness/vectors/read_vectors.ts';
import { openRtlEngine } from '../harness/vectors/rtl_engine.ts';
import { runVectors, type VectorsResult } from '../harness/vectors/run_vectors.ts';
import { SoftwareEngine } from '../harness/vectors/software_engine.ts';
import type { VectorFile } from '../harness/vectors/vector_case.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { interruptible } from './interrupt.ts';
import { commonOptions, helpText, type OptionTable, parseOptions, UsageError } from './options.ts';
import { ownRtl, rtlOptions } from './rtl_options.ts';
import {
  bold,
  buildProgress,
  green,
  printJson,
  progress,
  progressDone,
  red,
  table,
  yellow,
} from './terminal.ts';

const options = {
  engine: {
    type: 'choice',
    choices: ['rtl', 'software'],
    default: 'rtl',
    help: 'the card’s AES-GCM engine in simulation, or node:crypto',
  },
  lanes: {
    type: 'choice',
    choices: ['1', '2', '4'],
    default: '1',
    help: 'blocks a cycle that the RTL engine takes',
  },
  ffi: {
    type: 'choice',
    choices: ['koffi', 'ffi-napi'],
    default: 'koffi',
    help: 'how native code is called',
  },
  ...rtlOptions,
  ...commonOptions,
} as const satisfies OptionTable;

const FAILURES_SHOWN = 10;
const CARD_TAP_BYTES = 1 << 16;

/** `card` is there for ESP packets with --engine rtl. */
type FileResult = VectorsResult & { readonly card?: EspCardResult };

export const command: Command = {
  summary: 'run Wycheproof and CAVP files through the crypto engine',
  help: helpText(
    'tagwire vectors FILE... [options]',
    `Runs test vectors: Wycheproof JSON and NIST CAVP .rsp as published, and whole ESP packets in JSON,
which with --engine rtl also go through a whole card. What is skipped says why.
With --rtl your own engine runs them, alone and in the card.
Ends with 0 when all that ran passed, 1 when a case failed, 4 when nothing could run.`,
    options,
  ),
  async run(argv) {
    const { values, positionals } = parseOptions(options, argv, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      name: 'FILE: a vectors file',
    });
    const rtl = ownRtl(values);
    const lanes = Number(values.lanes) as Lanes;
    if (lanes !== 1 && (rtl !== undefined || values.engine === 'software')) {
      throw new UsageError('--lanes: of our engine in RTL only');
    }
    if (rtl !== undefined && values.engine === 'software') {
      throw new UsageError('--engine: expected rtl with --rtl');
    }
    const inputs = positionals.map(readVectors);
    const engine =
      values.engine === 'rtl'
        ? await interruptible((signal) =>
            openRtlEngine(values.ffi, buildProgress('engine'), signal, rtl, lanes),
          )
        : new SoftwareEngine();
    const files: FileResult[] = [];
    try {
      for (const input of inputs) {
        const show = (done: number, total: number): void =>
          progress(`${input.file}: ${done}/${total}`);
        const result = runVectors(input, engine, show);
        const isCard = engine.name === 'rtl' && input.format === 'esp';
        files.push(
          isCard ? { ...result, card: await throughCard(input, values.ffi, rtl) } : result,
        );
      }
    } finally {
      progressDone();
      engine.close();
    }
    if (values.json) printJson({ engine: engine.name, files });
    else process.stdout.write(report(files));
    const all = files.flatMap(parts).map(([, part]) => part);
    if (all.some((part) => part.failed > 0)) return exitCode.checkFailed;
    return all.some((part) => part.run > 0) ? exitCode.pass : exitCode.skipped;
  },
};

/** ESP packets again, through a card that is alone in its world. */
async function throughCard(
  input: VectorFile,
  ffi: BindingName,
  rtl: OwnRtl | undefined,
): Promise<EspCardResult> {
  const own = rtl === undefined ? {} : { rtl };
  const sim = await interruptible((signal) =>
    openLoneCard({ ffi, ...own, onBuild: buildProgress('card'), signal }, CARD_TAP_BYTES),
  );
  try {
    const card = new EspCard(sim);
    const result = card.run(input);
    card.close();
    return result;
  } finally {
    sim.close();
  }
}

/** A file's results with their names: through the engine, and through the card. */
function parts(f: FileResult): [name: string, part: VectorsResult][] {
  const own: [string, VectorsResult][] = [[f.file, f]];
  if (f.card === undefined) return own;
  const { transmit, receive } = f.card;
  return [...own, [`${f.file}, card transmits`, transmit], [`${f.file}, card receives`, receive]];
}

function report(files: readonly FileResult[]): string {
  const all = files.flatMap(parts);
  const rows = all.map(([name, f]) => [
    f.failed > 0 ? red('failed') : f.run > 0 ? green('passed') : yellow('skipped'),
    bold(name),
    f.total,
    f.run,
    f.passed,
    f.failed,
    f.skipped,
  ]);
  const lines = [table([['', 'file', 'total', 'run', 'passed', 'failed', 'skipped'], ...rows])];
  for (const [name, f] of all) {
    for (const { id, comment, reason } of f.failures.slice(0, FAILURES_SHOWN)) {
      lines.push(`${red('failed')}  ${name}: ${id}${comment ? ` (${comment})` : ''}: ${reason}`);
    }
    const more = f.failures.length - FAILURES_SHOWN;
    if (more > 0) lines.push(`        ... and ${more} more`);
    for (const [reason, count] of byReason(f)) {
      const cases = count === 1 ? 'case' : 'cases';
      lines.push(`${yellow('skipped')} ${name}: ${count} ${cases}: ${reason}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function byReason(f: VectorsResult): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of f.skips) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}
