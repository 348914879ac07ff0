// SPDX-License-Identifier: BSD-2-Clause
import { cardLibrary, engineLibrary } from '../harness/library.ts';
import type { Verilated } from '../verilator/index.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { interruptible } from './interrupt.ts';
import { commonOptions, helpText, type OptionTable, parseOptions } from './options.ts';
import { buildProgress, dim, printJson, table } from './terminal.ts';

const options = {
  waves: { type: 'choice', choices: ['fst', '0'], env: 'WAVES', help: 'with waveform tracing' },
  force: { type: 'flag', help: 'build even what the cache has' },
  ...commonOptions,
} as const satisfies OptionTable;

export const command: Command = {
  summary: 'build the simulation libraries of card and crypto engine',
  help: helpText(
    'tagwire build [options]',
    'Verilates and compiles the card and the crypto engine alone, and prints where the libraries are.\nThe other commands do the same when they need to; what is built stays in the cache.',
    options,
  ),
  async run(argv) {
    const { values } = parseOptions(options, argv);
    const trace = values.waves === 'fst' ? 'fst' : false;
    const { force } = values;
    const built = await interruptible(
      async (signal): Promise<Record<string, Verilated>> => ({
        card: await cardLibrary({ force, signal, trace, onProgress: buildProgress('card') }),
        engine: await engineLibrary({ force, signal, onProgress: buildProgress('engine') }),
      }),
    );
    if (values.json) {
      const shown = Object.entries(built).map(([name, { library, cached, seconds }]) => [
        name,
        { library, cached, seconds },
      ]);
      printJson(Object.fromEntries(shown));
    } else {
      const rows = Object.entries(built).map(([name, { library, cached, seconds }]) => [
        name,
        library,
        dim(cached ? 'cached' : `built in ${seconds.toFixed(1)} s`),
      ]);
      process.stdout.write(`${table(rows)}\n`);
    }
    return exitCode.pass;
  },
};
