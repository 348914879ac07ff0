// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { combineExitCodes } from '../../src/cli/exit_code.ts';
import { explain } from '../../src/cli/explain.ts';
import {
  helpText,
  type OptionTable,
  outDirectory,
  parseOptions,
  suggest,
  UsageError,
} from '../../src/cli/options.ts';
import { table } from '../../src/cli/terminal.ts';
import { BusError } from '../../src/dev/nic/nic_bus.ts';
import { StalledError } from '../../src/harness/world.ts';
import { VerilatorError } from '../../src/verilator/index.ts';
import { tagwire } from './tagwire.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

describe('tagwire', () => {
  test('without a command: the list of commands on stderr, exit 2', async () => {
    const { code, stdout, stderr } = await tagwire();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const name of ['doctor', 'build', 'run', 'replay', 'vectors']) {
      expect(stderr).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  test('--help prints it on stdout, exit 0', async () => {
    expect(await tagwire('--help')).toMatchObject({ code: 0, stderr: '' });
  });

  test('--version', async () => {
    expect(await tagwire('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('an unknown command: one line with a suggestion, exit 2', async () => {
    expect(await tagwire('docter')).toEqual({
      code: 2,
      stdout: '',
      stderr: "tagwire: unknown command 'docter'; did you mean 'doctor'?\n",
    });
  });

  test('an unknown option: one line with a suggestion, exit 2; in JSON too', async () => {
    expect(await tagwire('doctor', '--jsn')).toEqual({
      code: 2,
      stdout: '',
      stderr: "tagwire: unknown option '--jsn'; did you mean '--json'?\n",
    });
    const { code, stdout } = await tagwire('doctor', '--json', '--nonsense');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: expect.stringContaining("unknown option '--nonsense'"),
      exitCode: 2,
    });
  });

  test('a property of Object is no command', async () => {
    expect((await tagwire('constructor')).code).toBe(2);
  });
});

describe('parseOptions', () => {
  const options = {
    packets: { type: 'integer', value: 'N', min: 1, default: 100, help: 'packets' },
    loss: { type: 'number', value: 'PERCENT', min: 0, max: 100, default: 0, help: 'loss' },
    mode: { type: 'choice', choices: ['tunnel', 'transport'], default: 'tunnel', help: 'mode' },
    sa: { type: 'string', value: 'FILE', help: 'SA file' },
    seed: { type: 'integer', value: 'N', min: 0, default: 1, env: 'TAGWIRE_TEST_SEED', help: 'x' },
    force: { type: 'flag', help: 'force' },
  } as const satisfies OptionTable;
  const parse = (...argv: string[]) =>
    parseOptions(options, argv, { min: 0, max: 1, name: 'SCENARIO' });

  test('defaults, values and positionals', () => {
    expect(parse().values).toEqual({
      packets: 100,
      loss: 0,
      mode: 'tunnel',
      sa: undefined,
      seed: 1,
      force: false,
    });
    expect(parse('x', '--loss=2.5', '--mode', 'transport', '--force')).toMatchObject({
      values: { loss: 2.5, mode: 'transport', force: true },
      positionals: ['x'],
    });
  });

  test('the environment stands in, the option wins', () => {
    process.env.TAGWIRE_TEST_SEED = '7';
    try {
      expect(parse().values.seed).toBe(7);
      expect(parse('--seed', '9').values.seed).toBe(9);
      process.env.TAGWIRE_TEST_SEED = 'x';
      expect(() => parse()).toThrow(
        "$TAGWIRE_TEST_SEED: expected a whole number of at least 0, got 'x'",
      );
    } finally {
      delete process.env.TAGWIRE_TEST_SEED;
    }
  });

  test.each([
    [['--packets', '0'], "--packets: expected a whole number of at least 1, got '0'"],
    [['--packets', '1.5'], "--packets: expected a whole number of at least 1, got '1.5'"],
    [['--packets', '12x'], "--packets: expected a whole number of at least 1, got '12x'"],
    [['--packets', ''], "--packets: expected a whole number of at least 1, got ''"],
    [['--loss', '101'], "--loss: expected a number from 0 to 100, got '101'"],
    [['--mode', 'tunel'], "unknown value of --mode: 'tunel'; did you mean 'tunnel'?"],
    [['--mode', 'zzz'], "unknown value of --mode: 'zzz'; known: tunnel, transport"],
    [['--sa'], '--sa needs a value'],
    [['--force=1'], '--force takes no value'],
    [['--packet', '5'], "unknown option '--packet'; did you mean '--packets'?"],
    [['a', 'b'], "unexpected argument 'b'"],
  ])('%j: %s', (argv, message) => {
    expect(() => parse(...argv)).toThrow(message);
  });

  test('help names every option, its default and its variable', () => {
    const help = helpText('tagwire x', 'About.', options);
    expect(help).toMatch(/--packets N +packets \(default 100\)/);
    expect(help).toMatch(/--mode tunnel\|transport +mode \(default tunnel\)/);
    expect(help).toMatch(/--seed N +x \(default 1, env TAGWIRE_TEST_SEED\)/);
  });
});

describe('errors that end a command', () => {
  test('each kind has its exit code', () => {
    expect(explain(new UsageError('no'))).toEqual({ code: 2, message: 'no' });
    expect(explain(new VerilatorError('compile', 'no')).code).toBe(3);
    expect(explain(new VerilatorError('missing', 'no')).code).toBe(3);
    expect(explain(new VerilatorError('aborted', 'no')).code).toBe(130);
    expect(explain(Object.assign(new Error('no'), { exitCode: 1 })).code).toBe(1);
    const full = Object.assign(new Error('write'), { code: 'ENOSPC', path: 'out/x' });
    expect(explain(full)).toEqual({ code: 5, message: 'the disk is full: out/x' });
    expect(explain(new TypeError('oops'))).toEqual({ code: 5, message: 'internal error: oops' });
    expect(explain('text')).toEqual({ code: 5, message: 'internal error: text' });
  });

  test('a card that fails is a failed check, with its cycle; what is around it is not', () => {
    const mute = new BusError('timeout', 'register 0x0600 was not answered', 77);
    const message = 'the card failed: register 0x0600 was not answered (cycle 77)';
    expect(explain(mute)).toEqual({ code: 1, message, cycle: 77 });
    expect(explain(new BusError('model', 'nic_top.sv:9: x (cycle 5)', 5)).message).toBe(
      'the card failed: nic_top.sv:9: x (cycle 5)',
    );
    expect(explain(new StalledError('rest', 8)).code).toBe(1);
    expect(explain(new BusError('io', 'cannot write x', 0))).toEqual({
      code: 5,
      message: 'cannot write x',
    });
  });

  test.skipIf(!existsSync('/proc/self'))('nothing is made in /proc, and nothing hangs', () => {
    expect(() => outDirectory('/proc/tagwire/out')).toThrow(/cannot be written \(ENOENT\)/);
  });

  test('a file in the way of what will be written is bad usage', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'tagwire-out-'));
    try {
      mkdirSync(join(scratch, 'wire.pcapng'));
      expect(() => outDirectory(scratch, ['wire.pcapng'])).toThrow(UsageError);
      expect(outDirectory(scratch, ['esp_sa'])).toBe(scratch);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  test('a directory that cannot be made or written is bad usage', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'tagwire-out-'));
    try {
      expect(outDirectory(join(scratch, 'a/b'))).toBe(join(scratch, 'a/b'));
      writeFileSync(join(scratch, 'file'), '');
      expect(() => outDirectory(join(scratch, 'file/c'))).toThrow(/--out .*cannot be written/);
      expect(() => outDirectory(join(scratch, 'file'))).toThrow(UsageError);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

describe('helpers', () => {
  test('a far name gives no suggestion', () => {
    expect(suggest('tunnle', ['tunnel', 'transport'])).toBe('tunnel');
    expect(suggest('quite-different', ['tunnel', 'transport'])).toBeUndefined();
  });

  test('exit codes: a failed check outranks infrastructure, all skipped is skipped', () => {
    expect(combineExitCodes([0, 5, 1])).toBe(1);
    expect(combineExitCodes([0, 5, 0])).toBe(5);
    expect(combineExitCodes([0, 4])).toBe(0);
    expect(combineExitCodes([4, 4])).toBe(4);
  });

  test('a table lines up text left and numbers right, colours aside', () => {
    expect(
      table([
        ['\x1b[1ma\x1b[0m', 5],
        ['long', 10],
      ]),
    ).toBe('\x1b[1ma\x1b[0m      5\nlong  10');
  });
});
