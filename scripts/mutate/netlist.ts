// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runYosys, type Tree } from '@yowasp/yosys';
import { root } from '../../test/rtl/gcm_engine.ts';

export interface Block {
  name: string;
  /** How many mutants: about as many as its share of the engine. */
  count: number;
}

export const BLOCKS: readonly Block[] = [
  { name: 'nic_gcm', count: 60 },
  { name: 'nic_aes_pipe', count: 60 },
  { name: 'nic_ghash', count: 40 },
  { name: 'nic_gcm_issue', count: 40 },
];

const BITS = 8;

/** The block's netlist with its mutants, and what each of them changes, from mutant 1 on. */
export async function mutants(
  block: Block,
  seed: number,
): Promise<{ netlist: string; names: string[] }> {
  const tree: Tree = {};
  const files = readFileSync(join(root, 'rtl/nic_gcm.f'), 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('.sv'))
    .map((file) => {
      const name = file.split('/').at(-1)!;
      tree[name] = readFileSync(join(root, 'rtl', file), 'utf8');
      return name;
    });
  const read = [
    `read_verilog -sv -DSYNTHESIS ${files.join(' ')}`,
    `hierarchy -check -top ${block.name}`,
    'proc',
    'memory -nomap',
    'opt -full',
    `cd ${block.name}`,
  ];
  const listed = await runYosys(
    [
      '-q',
      '-p',
      [
        ...read,
        `mutate -list ${block.count} -seed ${seed} -ctrl mutant ${BITS} 1 -o mutants.ys`,
      ].join('; '),
    ],
    tree,
    { stdout: null, stderr: null },
  );
  const commands = String(listed!['mutants.ys'])
    .split('\n')
    .filter((line) => line.startsWith('mutate') && !line.includes('-mode none'));
  // The numbers say which mutant is on: count them anew, 0 being none.
  const numbered = commands.map((line, i) =>
    line.replace(/-ctrl mutant \d+ \d+/, `-ctrl mutant ${BITS} ${i + 1}`),
  );
  const made = await runYosys(
    [
      '-q',
      '-p',
      [...read, ...numbered, 'cd ..', `write_verilog -noattr -selected out.v`].join('; '),
    ],
    tree,
    { stdout: null, stderr: null },
  );
  return { netlist: switched(String(made!['out.v']), block.name), names: numbered };
}

/** The one module, with its parameter back and the mutant's number from the environment. */
function switched(verilog: string, name: string): string {
  const from = verilog.search(new RegExp(`^module ${name}\\(`, 'm'));
  const text = verilog.slice(from, verilog.indexOf('endmodule', from) + 'endmodule'.length);
  return text
    .replace(`module ${name}(`, `module ${name} #(parameter int unsigned Lanes = 1) (`)
    .replace(/, mutant\);/, ');')
    .replace(
      /^ *input \[\d+:0\] mutant;\n *wire \[\d+:0\] mutant;\n/m,
      `  logic [${BITS - 1}:0] mutant;\n  initial mutant = $c("std::atoi(std::getenv(\\"TAGWIRE_MUTANT\\"))");\n`,
    );
}
