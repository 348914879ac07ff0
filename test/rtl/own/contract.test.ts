// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { command } from '../../../src/cli/build.ts';
import { explain } from '../../../src/cli/explain.ts';
import { ContractError, checkContract } from '../../../src/harness/rtl_contract.ts';
import { lint } from '../../../src/verilator/index.ts';
import { root } from '../gcm_engine.ts';

/** Ports of an engine that keeps the contract, as text to change. */
const PORTS = /\(\n(.*?)\n\);/s.exec(
  readFileSync(join(root, 'test/rtl/own/wrong_engine.sv'), 'utf8'),
)![1]!;

/** A list with a module `engine` in engine.sv. */
function listOf(ports: string, body = ''): string {
  const dir = mkdtempSync(join(tmpdir(), 'tagwire-own-'));
  writeFileSync(join(dir, 'engine.sv'), `module engine (\n${ports}\n);\n${body}endmodule\n`);
  writeFileSync(join(dir, 'engine.f'), 'engine.sv\n');
  return join(dir, 'engine.f');
}

const differencesOf = async (fileList: string, clocks?: Record<string, number>) => {
  try {
    await checkContract({ fileList, top: 'engine', ...(clocks === undefined ? {} : { clocks }) });
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return error.differences.map(({ place, ...rest }) => [place.replace(/^.*\//, ''), rest]);
  }
  return [];
};

describe('what differs from the contract is said before anything is built', () => {
  it('nothing differs', async () => {
    expect(await differencesOf(listOf(PORTS))).toEqual([]);
  });

  it.each([
    [
      'a missing port',
      / {2}output logic +m_icv_tuser/,
      '  output logic not_it',
      [
        [
          'engine.sv:1',
          { port: 'm_icv_tuser', expected: 'output of 1 bit', found: 'no such port' },
        ],
      ],
    ],
    [
      'another width',
      /\[95:0\]( +s_sa_iv)/,
      '[63:0]$1',
      [
        [
          'engine.sv:9',
          { port: 's_sa_iv', expected: 'input of 96 bits', found: 'input of 64 bits' },
        ],
      ],
    ],
    [
      'the wrong direction',
      /input( +logic +m_axis_tready)/,
      'output$1',
      [
        [
          'engine.sv:22',
          { port: 'm_axis_tready', expected: 'input of 1 bit', found: 'output of 1 bit' },
        ],
      ],
    ],
    [
      'an input that nobody drives',
      /$/,
      ',\n  input logic [2:0] mode',
      [
        [
          'engine.sv:30',
          {
            port: 'mode',
            expected: 'no such port, or a clock named by --clock',
            found: 'input of 3 bits',
          },
        ],
      ],
    ],
  ] as const)('%s', async (_what, from, to, differences) => {
    expect(PORTS).toMatch(from);
    expect(await differencesOf(listOf(PORTS.replace(from, to)))).toEqual(differences);
  });

  it('a further output is left open, a further clock is named', async () => {
    const list = listOf(`${PORTS},\n  input logic fast,\n  output logic idle`);
    expect(await differencesOf(list, { fast: 2.5 })).toEqual([]);
    expect(await differencesOf(list, { fast: 2.5, slow: 9 })).toEqual([
      ['engine.sv:1', { port: 'slow', expected: 'a clock: input of 1 bit', found: 'no such port' }],
    ]);
  });

  it('a module that stands for the card is compared with the card', async () => {
    const list = listOf('  input logic clk_i, input logic rst_ni, output logic irq_o');
    const differences = await differencesOf(list);
    expect(differences).toContainEqual([
      'engine.sv:1',
      { port: 'm_axi_rdata_i', expected: 'input of 256 bits', found: 'no such port' },
    ]);
  });
});

describe('tagwire with --rtl that cannot be', () => {
  /** The exit code and the message that `tagwire build` ends with. */
  const build = async (...args: string[]) => {
    try {
      return { code: await command.run(args), message: '' };
    } catch (error) {
      return explain(error);
    }
  };

  it.each([
    [['--rtl', 'nowhere.f', '--top', 'engine'], /--rtl nowhere\.f: expected a file/],
    [['--rtl', listOf(PORTS)], /--rtl: expected --top MODULE/],
    [['--rtl', listOf(PORTS), '--top', 'a b'], /--top: expected the name of a module/],
    [['-DX'], /--define: expected --rtl/],
    [['--rtl', listOf(PORTS), '--top', 'engine', '-D', '1X'], /--define: expected NAME/],
    [['--rtl', listOf(PORTS), '--top', 'engine', '-I', '/nowhere'], /--include \/nowhere/],
    [['--rtl', listOf(PORTS), '--top', 'engine', '--clock', 'fast'], /--clock: expected PORT=NS/],
    [['--rtl', listOf(PORTS), '--top', 'other'], /expected a module other, found none/],
    [
      ['--rtl', listOf(PORTS.replace('[95:0]', '[9:0]')), '--top', 'engine'],
      /engine\.sv:9: port s_sa_iv: expected input of 96 bits, found input of 10 bits/,
    ],
  ])('%j: exit 2', async (args, expected) => {
    const { code, message } = await build(...args);
    expect(message).toMatch(expected);
    expect(code).toBe(2);
  });

  it('a list that does not compile: exit 3, file and line', async () => {
    const { code, message } = await build('--rtl', listOf(PORTS, '  assign;\n'), '--top', 'engine');
    expect(message).toMatch(/engine\.sv:31:\d+: syntax error/);
    expect(code).toBe(3);
  });

  it('a list that names a file which is not there: exit 3', async () => {
    const list = listOf(PORTS);
    writeFileSync(list, 'engine.sv\nmissing.sv\n');
    const { code, message } = await build('--rtl', list, '--top', 'engine');
    expect(message).toMatch(/missing\.sv/);
    expect(code).toBe(3);
  });
});

describe('verilator --lint-only -Wall is silent', () => {
  it.each([
    ['the starting point', 'rtl/own/engine/my_engine.f', 'my_engine'],
    ['what holds it', '', 'nic_gcm'],
  ])('%s', async (_what, list, top) => {
    const shell = ['rtl/nic_pkg.sv', 'rtl/lib/nic_fifo.sv', 'rtl/own/nic_gcm.sv'];
    const found = await lint({
      top,
      cwd: root,
      rootedFileLists: [list || 'rtl/own/engine/my_engine.f'],
      sources: list === '' ? shell : [],
      defines: { NIC_ENGINE: 'my_engine' },
      vlt: ['rtl/lint/waivers.vlt'],
    });
    expect(found).toEqual([]);
  });
});
