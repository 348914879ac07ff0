// SPDX-License-Identifier: BSD-2-Clause
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cardLibrary } from '../../src/harness/library.ts';
import { yosysOn } from '../../test/rtl/yosys.ts';
import { elaborate } from '../synth/card.ts';
import { liveIn } from './live.ts';

export interface Mutant {
  /** What switches it on. */
  number: number;
  block: string;
  /** Yosys' own words. */
  text: string;
}

/** Environment variable with the number of the mutant that is on; 0: none. */
export const MUTANT_VARIABLE = 'TAGWIRE_MUTANT';

const BITS = 12;

const CHECKERS = fileURLToPath(new URL('../../rtl/nic_check.f', import.meta.url));

/** The card with mutants in it as a library of the world; `dir` keeps the netlist, to look a mutant up in. */
export async function mutantLibrary(
  counts: ReadonlyMap<string, number>,
  seed: number,
  dir: string,
): Promise<{ library: string; mutants: Mutant[] }> {
  const { netlist, mutants } = await mutantCard(counts, seed);
  mkdirSync(dir, { recursive: true });
  const fileList = join(dir, 'card.f');
  writeFileSync(join(dir, 'card.sv'), netlist);
  writeFileSync(fileList, `card.sv\n-F ${CHECKERS}\n`);
  const flags = ['-Wno-lint', '-Wno-UNOPTFLAT', '-Wno-fatal'];
  const { library } = await cardLibrary({ rtl: { fileList, top: 'nic_top', flags } });
  return { library, mutants };
}

/**
 * The card as a netlist with so many mutants in each module: a wrong gate each, in all instances of the
 * module, or in one shape of it.
 */
async function mutantCard(
  counts: ReadonlyMap<string, number>,
  seed: number,
): Promise<{ netlist: string; mutants: Mutant[] }> {
  const card = await elaborate(1);
  const shapes = [...card.values()];
  // A register in front of a table stays one: merged into it, what is left holds a copy for nobody.
  const script = ['read_rtlil card.il; proc; opt; wreduce; memory -nomap -nordff; opt; clean'];
  for (const [block, count] of counts) {
    const names = shapes.filter(({ module }) => module === block).map(({ name }) => name);
    if (names.length === 0) throw new Error(`the card of one lane has no ${block}`);
    const list = `mutate -list ${3 * count} -seed ${seed}`;
    script.push(`select ${names.join(' ')}; ${list} -o ${block}.ys; select -clear`);
  }
  script.push('write_json card.json; write_rtlil out.il');
  const il = shapes.map(({ text }) => text).join('\n');
  const out = await yosysOn({ 'card.il': `${il}\n` }, script.join('; '));
  const live = liveIn(String(out['card.json']));
  const mutants: Mutant[] = [];
  for (const [block, count] of counts) {
    const texts = String(out[`${block}.ys`])
      .split('\n')
      .filter((line) => line.startsWith('mutate') && !line.includes('-mode none'))
      .map((line) => line.replace(/^mutate /, ''))
      .filter(live);
    // Spread over the list, which goes from cell to cell.
    const few = Math.min(count, texts.length);
    for (let i = 0; i < few; i++) {
      const text = texts[Math.floor((i * texts.length) / few)]!;
      mutants.push({ number: mutants.length + 1, block, text });
    }
  }
  const mutated = ['read_rtlil out.il'];
  for (const { number, text } of mutants)
    mutated.push(`mutate -ctrl mutant ${BITS} ${number} ${text}`);
  // The enables of a memory are as wide as its words, most of their bits copies of one of them: a wire
  // that reads itself, which Verilator 5.006 works out too late in some cycles. Bit by bit it does not.
  mutated.push('splitnets w:*_EN*; clean; write_verilog -noattr card.sv');
  const all = await yosysOn(
    { 'out.il': String(out['out.il']), 'all.ys': `${mutated.join('\n').replaceAll('; ', '\n')}\n` },
    'script all.ys',
  );
  return { netlist: switched(String(all['card.sv'])), mutants };
}

/**
 * Yosys leads the number down from the top: there it comes from the environment. The checkers at the
 * ports find the parameter that they ask for.
 */
function switched(verilog: string): string {
  const read = `$c("std::atoi(std::getenv(\\"${MUTANT_VARIABLE}\\"))")`;
  const from = verilog.search(/^module nic_top\(/m);
  const to = verilog.indexOf('endmodule', from);
  const top = verilog
    .slice(from, to)
    .replace('module nic_top(', 'module nic_top #(parameter int unsigned Lanes = 1) (')
    .replace(', mutant);', ');')
    .replace(
      /^ *input \[\d+:0\] mutant;\n *wire \[\d+:0\] mutant;\n/m,
      `  logic [${BITS - 1}:0] mutant;\n  initial mutant = ${read};\n`,
    );
  return verilog.slice(0, from) + top + verilog.slice(to);
}
