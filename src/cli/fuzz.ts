// SPDX-License-Identifier: BSD-2-Clause
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cardLibrary } from '../harness/library.ts';
import { type Find, fuzz, judge } from '../validate/fuzz/fuzz.ts';
import { packetsOf, readFuzzFile } from '../validate/fuzz/fuzz_case.ts';
import type { Card } from '../validate/fuzz/play.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { interruptible } from './interrupt.ts';
import {
  commonOptions,
  helpText,
  type OptionTable,
  outDirectory,
  parseOptions,
} from './options.ts';
import { buildProgress, green, printJson, progress, progressDone, red } from './terminal.ts';

const options = {
  packets: {
    type: 'integer',
    value: 'N',
    min: 1,
    max: 1e12,
    help: 'end when so many packets have been sent (default 2000, without --seconds)',
  },
  seconds: {
    type: 'number',
    value: 'S',
    min: 0.1,
    max: 1e7,
    help: 'end after so long; with --packets whichever comes first',
  },
  nic: {
    type: 'choice',
    choices: ['rtl', 'model'],
    default: 'rtl',
    help: 'rtl: the RTL, the functional model and software alone; model: without the RTL',
  },
  'max-finds': { type: 'integer', value: 'N', min: 1, default: 3, help: 'end with the Nth find' },
  ...commonOptions,
} as const satisfies OptionTable;

const PACKETS = 2000;

/** One find, as it is printed. */
interface FindReport {
  readonly file: string;
  readonly seed: number;
  readonly reason: string;
  readonly events: number;
  readonly packets: number;
  readonly from: Find['from'];
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseOptions(options, argv, { min: 0, max: 1, name: 'FILE' });
  const { json, nic, seconds } = values;
  const cards: Card[] = nic === 'rtl' ? ['rtl', 'model', 'software'] : ['model', 'software'];
  const file = positionals[0];
  const again = file === undefined ? null : readFuzzFile(file);
  const corpus = join(outDirectory(values.out), 'corpus');
  if (nic === 'rtl') {
    const onProgress = buildProgress('card');
    await interruptible((signal) => cardLibrary({ signal, onProgress }));
  }
  if (again !== null) {
    const reason = await judge(again, cards);
    if (json) printJson({ file, seed: again.seed, passed: reason === '', reason });
    else process.stdout.write(reason === '' ? `${green('pass')}\n` : `${red('FAIL')}: ${reason}\n`);
    return reason === '' ? exitCode.pass : exitCode.checkFailed;
  }
  const seed = values.seed ?? 1;
  const begunMs = performance.now();
  const result = await interruptible((signal) =>
    fuzz({
      seed,
      cards,
      packets: values.packets ?? (seconds === undefined ? PACKETS : Number.POSITIVE_INFINITY),
      seconds: seconds ?? Number.POSITIVE_INFINITY,
      maxFinds: values['max-finds'],
      signal,
      onWorld: (worlds, packets, finds) =>
        progress(`fuzz: ${worlds} worlds, ${packets} packets, ${finds} finds`),
    }),
  );
  progressDone();
  const finds = result.finds.map((find) => save(find, corpus));
  const { worlds, packets } = result;
  const wallSeconds = Number(((performance.now() - begunMs) / 1000).toFixed(1));
  if (json) printJson({ seed, cards, worlds, packets, wallSeconds, finds });
  else process.stdout.write(fuzzText(worlds, packets, cards, finds));
  return finds.length === 0 ? exitCode.pass : exitCode.checkFailed;
}

/** Into the corpus, under a name that follows from its seed. */
function save({ reason, shrunk, from }: Find, corpus: string): FindReport {
  mkdirSync(corpus, { recursive: true });
  const file = join(corpus, `${shrunk.seed}.json`);
  writeFileSync(file, `${JSON.stringify({ ...shrunk, reason }, null, 2)}\n`);
  const packets = packetsOf(shrunk);
  return { file, seed: shrunk.seed, reason, events: shrunk.events.length, packets, from };
}

function fuzzText(
  worlds: number,
  packets: number,
  cards: readonly Card[],
  finds: readonly FindReport[],
): string {
  const list = finds.map(
    (f) =>
      `${red('FAIL')} ${f.reason}\n  shrunk from ${f.from.events} events and ${f.from.packets} packets ` +
      `to ${f.events} and ${f.packets}: ${f.file}\n  npx tagwire fuzz ${f.file}\n`,
  );
  const sum = `${worlds} worlds, ${packets} packets, each by ${cards.join(', ')}`;
  return `${list.join('')}${sum}: ${finds.length === 0 ? green('pass') : red(`${finds.length} finds`)}\n`;
}

export const command: Command = {
  summary: 'random worlds on RTL, model and software, all oracles on; what fails is shrunk',
  help: helpText(
    'tagwire fuzz [FILE] [options]',
    'Random policies, SAs, traffic, faults and interleavings: each world runs on the RTL, on the\n' +
      'functional model and in software alone, with all oracles on. Where nothing loses packets, all\n' +
      'three must deliver the same. What fails is shrunk to the fewest events and packets that still\n' +
      'fail, and saved in DIR/corpus. FILE of a corpus: that one alone, again; validate replays those\n' +
      'of the folder that TAGWIRE_CORPUS names. Exit code 1 when something fails.',
    options,
  ),
  run,
};
