// SPDX-License-Identifier: BSD-2-Clause
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { newFolder } from './new_folder.ts';
import { commonOptions, helpText, type OptionTable, parseOptions } from './options.ts';
import { printJson } from './terminal.ts';

const options = { json: commonOptions.json } as const satisfies OptionTable;

export const command: Command = {
  summary: 'write an AES-GCM engine of your own to start from',
  help: helpText(
    'tagwire new-engine DIR',
    `Writes a small engine that passes, its file list, and a page with the contract and the command
lines. vectors and run take it with --rtl DIR/my_engine.f --top my_engine.`,
    options,
  ),
  async run(argv) {
    const { values, positionals } = parseOptions(options, argv, {
      min: 1,
      max: 1,
      name: 'DIR: a new folder',
    });
    const dir = positionals[0]!;
    const files = newFolder('engine', dir);
    if (values.json) printJson({ dir, files });
    else process.stdout.write(`${dir}: ${files.join(', ')}\nREADME.md says what to do with it.\n`);
    return exitCode.pass;
  },
};
