// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest';
import { longestPath, type Netlist } from '../../scripts/synth/levels.ts';
import { yosysOn } from './yosys.ts';

/**
 * LUT levels across the ports between modules. What is right is written beside each circuit; LUTs are
 * written as such, so no mapper has a say.
 */
const lut = (name: string, a: string, y: string): string =>
  `\\$lut #(.WIDTH(2), .LUT(4'h8)) ${name} (.A(${a}), .Y(${y}));`;
const flop = (name: string, d: string, q: string): string =>
  `\\$_DFF_P_ ${name} (.C(clk), .D(${d}), .Q(${q}));`;

/** Two LUTs from a to y, one from b to z; r is a register that b goes to through one LUT. */
const INNER = `
module inner (input clk, input [1:0] a, input [1:0] b, output y, output z, output r);
  wire n, m;
  ${lut('l1', 'a', 'n')} ${lut('l2', '{n, a[0]}', 'y')} ${lut('l3', 'b', 'z')}
  ${lut('l4', 'b', 'm')} ${flop('q', 'm', 'r')}
endmodule`;

const modulesOf = (json: unknown): Netlist =>
  (JSON.parse(String(json)) as { modules: Netlist }).modules;

async function levels(top: string): Promise<number> {
  const out = await yosysOn(
    { 'in.v': `${INNER}\n${top}` },
    'read_verilog -icells in.v; hierarchy -top outer; write_json out.json',
  );
  return longestPath(modulesOf(out['out.json']), 'outer');
}

const outer = (body: string): string =>
  `module outer (input clk, input [1:0] i, output o, output p);\n  wire y, z, r, s, t, u;\n${body}\nendmodule`;

test.each([
  ['of a module alone', 2, '  inner a (.clk(clk), .a(i), .b(i), .y(o), .z(p), .r(r));'],
  [
    'from one instance into another, each by its own way through',
    3,
    "  inner a (.clk(clk), .a(2'b0), .b(i), .y(y), .z(z), .r(r));\n" +
      '  inner b (.clk(clk), .a({z, i[0]}), .b(i), .y(o), .z(p), .r(s));',
  ],
  [
    'not through a register',
    2,
    '  inner a (.clk(clk), .a(i), .b(i), .y(y), .z(z), .r(r));\n' +
      '  inner b (.clk(clk), .a({r, r}), .b({r, r}), .y(o), .z(p), .r(s));',
  ],
  [
    'out of a module and into the same again, by another way',
    4,
    `  inner a (.clk(clk), .a({t, t}), .b(i), .y(o), .z(z), .r(r));\n  ${lut('l', '{z, i[0]}', 't')}\n  assign p = r;`,
  ],
] as const)('the longest path %s: %i', async (_name, expected, body) => {
  expect(await levels(outer(body))).toBe(expected);
});

test('a path that closes is an error', async () => {
  const body = `  ${lut('l', '{t, i[0]}', 't')}\n  assign o = t;\n  assign p = t;`;
  await expect(levels(outer(body))).rejects.toThrow(/closes/);
});

/** A memory whose words are read at once, or behind a register: $mem_v2 as Yosys has it. */
test.each([
  ['without a clock counts as a LUT', 'assign q = mem[a];', 2],
  ['by a clock begins and ends paths', 'always @(posedge clk) q <= mem[a];', 1],
] as const)('a memory that is read %s', async (_name, read, expected) => {
  const kind = read.startsWith('always') ? 'reg' : 'wire';
  const source =
    `module outer (input clk, input [3:0] a, input [7:0] d, output ${kind} [7:0] q, output y);\n` +
    `  reg [7:0] mem [16];\n  always @(posedge clk) mem[a] <= d;\n  ${read}\n` +
    `  ${lut('l', '{q[0], a[0]}', 'y')}\nendmodule`;
  const out = await yosysOn(
    { 'in.v': source },
    'read_verilog -sv -icells in.v; hierarchy -top outer; proc; opt_clean; ' +
      'memory_dff; memory_collect; techmap t:$dff t:$eq; write_json out.json',
  );
  expect(longestPath(modulesOf(out['out.json']), 'outer')).toBe(expected);
});
