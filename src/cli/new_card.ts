// SPDX-License-Identifier: BSD-2-Clause
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { newFolder } from './new_folder.ts';
import { commonOptions, helpText, type OptionTable, parseOptions } from './options.ts';
import { printJson } from './terminal.ts';

const options = { json: commonOptions.json } as const satisfies OptionTable;

export const command: Command = {
  summary: 'write a card of your own, with its driver, to start from',
  help: helpText(
    'tagwire new-card DIR',
    `Writes a small card with registers and rings of its own that passes, its driver in TypeScript, its
file list, and a page with the contract and the command lines. run takes it with
--rtl DIR/my_card.f --top my_card --driver DIR/my_nic.ts.`,
    options,
  ),
  async run(argv) {
    const { values, positionals } = parseOptions(options, argv, {
      min: 1,
      max: 1,
      name: 'DIR: a new folder',
    });
    const dir = positionals[0]!;
    const files = newFolder('card', dir);
    if (values.json) printJson({ dir, files });
    else process.stdout.write(`${dir}: ${files.join(', ')}\nREADME.md says what to do with it.\n`);
    return exitCode.pass;
  },
};
