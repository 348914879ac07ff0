// SPDX-License-Identifier: BSD-2-Clause
/**
 * Maps the card with Yosys, module by module, to LUTs of six inputs and flip-flops, and tells
 * what each needs and its longest path in LUT levels. Ends with 1 when a budget is passed.
 *
 *     npm run synth                    all modules that have a budget, with one block a cycle
 *     npm run synth -- nic_gcm …       these alone
 *     npm run synth -- --write         and what was measured becomes the budget
 *
 * A module is counted without the modules in it. Levels are Yosys', without placement: they compare,
 * they are no clock. Memories that are written stay memories; tables are LUTs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { runYosys, type Tree } from '@yowasp/yosys';

interface Cost {
  lut: number;
  ff: number;
  /** Bits of memories that are written. */
  ram: number;
  /** LUTs between two flip-flops, RAMs or ports. */
  levels: number;
}

const RTL = new URL('../rtl/', import.meta.url);
const BUDGETS = new URL('../test/rtl/synth_budgets.json', import.meta.url);

const files = readFileSync(new URL('nic.f', RTL), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('//'));

function sources(): Tree {
  const tree: Tree = {};
  for (const file of files) {
    let folder = tree;
    const path = file.split('/');
    for (const name of path.slice(0, -1)) {
      folder[name] ??= {};
      folder = folder[name] as Tree;
    }
    folder[path.at(-1)!] = readFileSync(new URL(file, RTL), 'utf8');
  }
  return tree;
}

/** What `synth -lut 6` does, for one module, whose memories stay what they are. */
function scriptOf(top: string): string {
  return [
    `read_verilog -sv -DSYNTHESIS ${files.join(' ')}`,
    `hierarchy -check -top ${top}`,
    // From here on the modules in it are left alone: they count for themselves.
    `cd ${top}; proc; opt_expr; opt_clean; opt; wreduce; peepopt; opt_clean; alumacc; opt`,
    'memory -nomap; opt_clean; opt -fast -mux_undef -undriven -fine',
    'memory_map -rom-only; opt -undriven -fine; techmap; opt -fast; abc -lut 6; opt -fast; clean',
    // A module in it ends paths: nothing is known of those through it.
    'tee -o stat.json stat -json; tee -o ram.txt dump t:$mem_v2',
    'delete t:*nic_*; tee -o ltp.txt ltp -noff',
  ].join('; ');
}

interface Stat {
  modules: Record<string, { num_cells_by_type: Record<string, number> }>;
}

/** Throws Error with the end of Yosys' log. */
async function costOf(top: string): Promise<Cost> {
  const decoder = new TextDecoder();
  let log = '';
  const keep = (bytes: Uint8Array | null): void => {
    if (bytes !== null) log += decoder.decode(bytes);
  };
  const args = ['-q', '-e', 'implicitly declared', '-p', scriptOf(top)];
  let out: Tree | undefined;
  try {
    out = await runYosys(args, sources(), { stdout: keep, stderr: keep });
  } catch (e) {
    throw new Error(`yosys: ${String(e)}\n${log.split('\n').slice(-20).join('\n')}`);
  }
  const stat = JSON.parse(String(out!['stat.json'])) as Stat;
  const module = stat.modules[`\\${top}`]!;
  const cells = Object.entries(module.num_cells_by_type);
  const sum = (type: RegExp): number =>
    cells.reduce((n, [name, count]) => (type.test(name) ? n + count : n), 0);
  const memories = String(out!['ram.txt'])
    .split(/^ *cell /m)
    .slice(1);
  const number = (cell: string, name: string): number =>
    Number(new RegExp(`parameter \\\\${name} (\\d+)`).exec(cell)![1]);
  return {
    lut: sum(/^\$lut$/),
    ff: sum(/^\$_S?DFF/),
    ram: memories.reduce((n, cell) => n + number(cell, 'SIZE') * number(cell, 'WIDTH'), 0),
    levels: Number(/length=(\d+)/.exec(String(out!['ltp.txt']))?.[1] ?? 0),
  };
}

const budgets = JSON.parse(readFileSync(BUDGETS, 'utf8')) as Record<string, Cost>;
const isWriting = process.argv.includes('--write');
const asked = process.argv.slice(2).filter((a) => !a.startsWith('-'));
const KEYS = ['lut', 'ff', 'ram', 'levels'] as const;
const passed: string[] = [];

console.log('| module | LUT | FF | RAM bits | LUT levels |\n|---|--:|--:|--:|--:|');
for (const top of asked.length > 0 ? asked : Object.keys(budgets)) {
  const cost = await costOf(top);
  console.log(`| ${top} | ${KEYS.map((k) => cost[k]).join(' | ')} |`);
  const budget = budgets[top];
  if (isWriting) {
    budgets[top] = cost;
    writeFileSync(BUDGETS, `${JSON.stringify(budgets, null, 2)}\n`);
  } else if (budget === undefined) passed.push(`${top} has no budget: --write sets it`);
  else
    for (const k of KEYS)
      if (cost[k] > budget[k]) passed.push(`${top}: ${k} ${cost[k]} > ${budget[k]}`);
}
for (const line of passed) console.error(line);
process.exitCode = passed.length === 0 ? 0 : 1;
