// SPDX-License-Identifier: BSD-2-Clause
import type { Tree } from '@yowasp/yosys';
import { yosysOn } from '../../test/rtl/yosys.ts';
import { blackboxOf, type Card, instances, type Shape } from './card.ts';
import { longestPath, type Netlist } from './levels.ts';
import { cutTables } from './tables.ts';

export interface Cost {
  lut: number;
  ff: number;
  /** Bits of memories that are written. */
  ram: number;
  /** LUTs between two flip-flops, RAMs or ports. */
  levels: number;
}

export interface Mapped {
  cost: Cost;
  /** The LUTs, if they were asked for. */
  modules: Netlist;
}

/** ABC maps for the shortest path: its usual script makes chains of adders, which LUTs alone are slow at. */
const FAST = 'strash;ifraig;scorr;dch,-f;if,-g;strash;dch,-f;if;mfs2';
/** But a tree of exclusive ors of 128 rows takes that script many minutes, and has no adders. */
const TREES: readonly string[] = ['nic_ghash'];

const COARSE = 'proc; opt_expr; opt_clean; opt; wreduce; peepopt; opt_clean; alumacc; opt';
const FINE = 'opt -undriven -fine; techmap; opt -fast; script abc.ys; opt -fast; clean';
/** What `synth -lut 6` does, for one module, whose memories stay what they are. */
const MAP = [
  `read_rtlil in.il; ${COARSE}`,
  'memory -nomap; opt_clean; opt -fast -mux_undef -undriven -fine; memory_map -rom-only',
  FINE,
];
/** What is in it is away: paths end at its ports. */
const COUNT = [
  'delete =A:blackbox; tee -o stat.json stat -json; tee -o ltp.txt ltp -noff',
  'tee -o ram.txt dump t:$mem_v2',
];
/** Yosys writes a file in pieces, each with all before it: that of a wide module takes ten minutes. */
const KEEP = 'attrmap -remove src; write_json out.json';

interface Stat {
  modules: Record<string, { num_cells_by_type: Record<string, number> }>;
}

const script = (...commands: readonly string[]): string => commands.join('; ');

/** Maps RTLIL of a module and of the blackboxes that it uses, and does what is to be done with it. */
async function run(text: string, isTree: boolean, then: readonly string[]): Promise<Tree> {
  const abc = { 'abc.ys': `abc -lut 6${isTree ? '' : ` -script "+${FAST}"`}\n` };
  if (!/^ {2}cell \$meminit/m.test(text))
    return yosysOn({ 'in.il': text, ...abc }, script(...MAP, ...then));
  // Read without registers of its own, a table is one wherever it is read.
  const coarse = script(
    `read_rtlil in.il; ${COARSE}; memory -nomap -nordff; opt_clean; write_rtlil out.il`,
  );
  const {
    text: cut,
    tables,
    names,
  } = cutTables(String((await yosysOn({ 'in.il': text }, coarse))['out.il']));
  const first = names.map((name) => `cd ${name.slice(1)}; memory_map; ${FINE}; cd ..`);
  const top = /^module \\(\S+)$/m.exec(cut.slice(cut.lastIndexOf('\nmodule ') + 1))![1]!;
  return yosysOn(
    { 'in.il': `${tables}\n${cut}`, ...abc },
    script(
      'read_rtlil in.il',
      ...first,
      `cd ${top}; ${FINE}; cd ..; hierarchy -top ${top}; flatten; opt -fast; clean`,
      ...then,
    ),
  );
}

/**
 * Maps a shape without what is in it to LUTs of six inputs, and keeps them if paths are to be followed
 * through it. Throws Error with the end of Yosys' log.
 */
export async function mapShape(card: Card, shape: Shape, isKept: boolean): Promise<Mapped> {
  const blackboxes = [...new Set(shape.uses)].map((name) => blackboxOf(card.get(name)!));
  const then = isKept ? [...COUNT, KEEP] : COUNT;
  const text = [...blackboxes, shape.text, ''].join('\n');
  const out = await run(text, TREES.includes(shape.module), then);
  const stat = JSON.parse(String(out['stat.json'])) as Stat;
  const cells = Object.values(stat.modules).flatMap((m) => Object.entries(m.num_cells_by_type));
  const sum = (type: RegExp): number =>
    cells.reduce((n, [name, count]) => (type.test(name) ? n + count : n), 0);
  const memories = String(out['ram.txt'])
    .split(/^ *cell /m)
    .slice(1);
  const number = (cell: string, name: string): number =>
    Number(new RegExp(`parameter \\\\${name} (\\d+)`).exec(cell)![1]);
  const path = String(out['ltp.txt']);
  return {
    cost: {
      lut: sum(/^\$lut$/),
      ff: sum(/^\$_\w*DFF/),
      ram: memories.reduce((n, cell) => n + number(cell, 'SIZE') * number(cell, 'WIDTH'), 0),
      levels: Number(/length=(\d+)/.exec(path)?.[1] ?? 0),
    },
    modules: isKept ? (JSON.parse(String(out['out.json'])) as { modules: Netlist }).modules : {},
  };
}

/** Longest path in LUT levels through a shape and all that is in it, across the ports between them. */
export function pathThrough(card: Card, mapped: ReadonlyMap<string, Mapped>, top: string): number {
  const parts = [...instances(card, top).keys()].map((name) => mapped.get(name)!.modules);
  return longestPath(Object.assign({}, ...parts) as Netlist, top);
}
