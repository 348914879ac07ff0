#!/usr/bin/env node
// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { explain } from './explain.ts';
import { watchSignals } from './interrupt.ts';
import { unknown } from './options.ts';
import { hasPrintedJson, note, printJson } from './terminal.ts';

/** A command's file is loaded when it is called, so that `--version` stays quick. */
const commands: Record<string, { summary: string; load(): Promise<{ command: Command }> }> = {
  doctor: {
    summary: 'check that everything needed is here, and say how to get what is not',
    load: () => import('./doctor.ts'),
  },
  build: {
    summary: 'build the simulation libraries of card and crypto engine',
    load: () => import('./build.ts'),
  },
  run: {
    summary: 'simulate two hosts, their cards and the wire: the main job',
    load: () => import('./run.ts'),
  },
  fuzz: {
    summary: 'random worlds on RTL, model and software, all oracles on; what fails is shrunk',
    load: () => import('./fuzz.ts'),
  },
  repro: {
    summary: 'repeat a failure of validate from its repro.json',
    load: () => import('./repro.ts'),
  },
  verify: {
    summary: 'run a scenario again and again, each time differently: it must come out the same',
    load: () => import('./verify.ts'),
  },
  replay: {
    summary: 'feed the ESP and AH packets of a capture to the card, and open them',
    load: () => import('./replay.ts'),
  },
  vectors: {
    summary: 'run Wycheproof and CAVP files through the crypto engine',
    load: () => import('./vectors.ts'),
  },
  validate: {
    summary: 'run the offload conformance suite',
    load: () => import('./validate.ts'),
  },
  'new-engine': {
    summary: 'write an AES-GCM engine of your own to start from',
    load: () => import('./new_engine.ts'),
  },
  'new-card': {
    summary: 'write a card of your own, with its driver, to start from',
    load: () => import('./new_card.ts'),
  },
  profile: {
    summary: 'measure what a tag costs per packet, by every way to carry it',
    load: () => import('./profile.ts'),
  },
};

const overview = (): string => `usage: tagwire COMMAND [options]

commands:
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  .join('\n')}

tagwire COMMAND --help tells more. --version prints the version.
`;

const version = (): string =>
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

const report = (error: unknown, json: boolean): number => {
  const { code, message, ...where } = explain(error);
  note(`tagwire: ${message}`);
  if (process.env.TAGWIRE_DEBUG === '1' && error instanceof Error) note(error.stack ?? '');
  if (json && !hasPrintedJson()) printJson({ error: message, exitCode: code, ...where });
  return code;
};

const main = async (argv: string[]): Promise<number> => {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    (name === undefined ? process.stderr : process.stdout).write(overview());
    return name === undefined ? exitCode.usage : exitCode.pass;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${version()}\n`);
    return exitCode.pass;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) {
    throw unknown(name.startsWith('-') ? 'option' : 'command', name, Object.keys(commands));
  }
  const { command } = await entry.load();
  const options = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined);
  if (options.includes('--help') || options.includes('-h')) {
    process.stdout.write(command.help);
    return exitCode.pass;
  }
  return command.run(rest);
};

const argv = process.argv.slice(2);
const json = argv.includes('--json');
const die = (error: unknown): void => process.exit(report(error, json));
// A reader that goes away (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  error.code === 'EPIPE' ? process.exit(exitCode.pass) : die(error),
);
process.on('uncaughtException', die);
watchSignals((code) => {
  if (json && !hasPrintedJson()) printJson({ error: 'interrupted', exitCode: code });
});
process.exitCode = await main(argv).catch((error) => report(error, json));
