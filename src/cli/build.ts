// SPDX-License-Identifier: BSD-2-Clause
import { cardLibrary, engineLibrary } from '../harness/library.ts';
import { checkContract } from '../harness/rtl_contract.ts';
import type { Verilated } from '../verilator/index.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { interruptible } from './interrupt.ts';
import { commonOptions, helpText, type OptionTable, parseOptions } from './options.ts';
import { ownRtl, rtlOptions } from './rtl_options.ts';
import { buildProgress, dim, printJson, table } from './terminal.ts';

const options = {
  waves: { type: 'choice', choices: ['fst', '0'], env: 'WAVES', help: 'with waveform tracing' },
  force: { type: 'flag', help: 'build even what the cache has' },
  ...rtlOptions,
  ...commonOptions,
} as const satisfies OptionTable;

export const command: Command = {
  summary: 'build the simulation libraries of card and crypto engine',
  help: helpText(
    'tagwire build [options]',
    'Verilates and compiles the card and the crypto engine alone, and prints where the libraries are.\nThe other commands do the same when they need to; what is built stays in the cache.\nWith --rtl it is your own engine, alone and in the card, or your own card; what differs from what\nit stands for is said before anything is built.',
    options,
  ),
  async run(argv) {
    const { values } = parseOptions(options, argv);
    const trace = values.waves === 'fst' ? 'fst' : false;
    const { force } = values;
    const rtl = ownRtl(values);
    const own = rtl === undefined ? {} : { rtl };
    const built = await interruptible(async (signal): Promise<Record<string, Verilated>> => {
      const isCard = rtl !== undefined && (await checkContract(rtl, signal)) === 'card';
      const how = { ...own, force, signal };
      const card = await cardLibrary({ ...how, trace, onProgress: buildProgress('card') });
      if (isCard) return { card };
      return { card, engine: await engineLibrary({ ...how, onProgress: buildProgress('engine') }) };
    });
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
