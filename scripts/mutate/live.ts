// SPDX-License-Identifier: BSD-2-Clause

type Bit = number | '0' | '1' | 'x' | 'z';

interface Cell {
  type: string;
  parameters: Record<string, string>;
  port_directions: Record<string, 'input' | 'output'>;
  connections: Record<string, Bit[]>;
}

interface Module {
  ports: Record<string, { direction: 'input' | 'output'; bits: Bit[] }>;
  cells: Record<string, Cell>;
}

/** Gates whose output bit i is made of bit i of each data input, and of what else they have. */
const BITWISE = /^\$(not|and|or|xor|xnor|mux|pmux|bwmux|s?dff\w*|adff\w*|pos)$/;
const DATA_INPUTS = ['A', 'B', 'D'];
/** Gates whose output bit i is made of bits 0..i of its inputs. */
const CARRYING = /^\$(add|sub|neg|mul|alu)$/;

/** Whether bit `at` of an input is part of bit `output` of an output so wide. */
function feeds(cell: Cell, port: string, at: number, width: number, output: number): boolean {
  const isBitwise = BITWISE.test(cell.type) && DATA_INPUTS.includes(port);
  if (!isBitwise && !CARRYING.test(cell.type)) return true;
  // The highest bit of what is signed is in all above it.
  const isSigned = /1$/.test(cell.parameters.A_SIGNED ?? '0');
  return isBitwise && !isSigned ? at % width === output : at <= output;
}

/**
 * Which mutants change a gate that reaches an output of the card, in a netlist of Yosys' JSON. One on a
 * bit that nothing reads, there or behind any output, on a don't-care, or that makes a constant what it
 * is already, is no wrong gate: nobody could notice it.
 */
export function liveIn(json: string): (mutant: string) => boolean {
  const { modules } = JSON.parse(json) as { modules: Record<string, Module> };
  /** By module: bits that reach an output of the card. */
  const live = new Map<string, Set<Bit>>();
  /** Where each bit of a module comes from; and who has the module. */
  const drivers = new Map<string, Map<Bit, { cell: Cell; port: string; at: number }>>();
  const parents = new Map<string, { module: string; cell: Cell }[]>();
  for (const [name, { cells }] of Object.entries(modules)) {
    live.set(name, new Set());
    const from = new Map<Bit, { cell: Cell; port: string; at: number }>();
    drivers.set(name, from);
    for (const cell of Object.values(cells)) {
      if (modules[cell.type] !== undefined)
        parents.set(cell.type, [...(parents.get(cell.type) ?? []), { module: name, cell }]);
      for (const [port, bits] of Object.entries(cell.connections))
        if (cell.port_directions[port] === 'output')
          for (const [at, bit] of bits.entries()) from.set(bit, { cell, port, at });
    }
  }

  const open: [string, Bit][] = [];
  const mark = (module: string, bit: Bit): void => {
    if (typeof bit !== 'number' || live.get(module)!.has(bit)) return;
    live.get(module)!.add(bit);
    open.push([module, bit]);
  };
  for (const [name, { ports }] of Object.entries(modules))
    if (!parents.has(name))
      for (const { direction, bits } of Object.values(ports))
        if (direction === 'output') for (const bit of bits) mark(name, bit);

  /** Which place of a port, if any, a bit of a module is. */
  const inputOf = (module: string, bit: Bit): { port: string; at: number } | undefined => {
    for (const [port, { direction, bits }] of Object.entries(modules[module]!.ports))
      if (direction === 'input' && bits.includes(bit)) return { port, at: bits.indexOf(bit) };
    return undefined;
  };
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [module, bit] = next;
    const driver = drivers.get(module)!.get(bit);
    if (driver === undefined) {
      const input = inputOf(module, bit);
      if (input === undefined) continue;
      for (const { module: parent, cell } of parents.get(module) ?? [])
        mark(parent, cell.connections[input.port]![input.at]!);
      continue;
    }
    const { cell, port, at } = driver;
    const inner = modules[cell.type];
    if (inner !== undefined) {
      mark(cell.type, inner.ports[port]!.bits[at]!);
    } else {
      const width = cell.connections[port]!.length;
      for (const [name, bits] of Object.entries(cell.connections)) {
        if (cell.port_directions[name] === 'output') continue;
        for (const [i, from] of bits.entries())
          if (feeds(cell, name, i, width, at)) mark(module, from);
      }
    }
  }

  return (mutant) => {
    const option = (name: string): string => new RegExp(`-${name} (\\S+)`).exec(mutant)![1]!;
    const module = option('module').replace(/^\\/, '');
    const cell = modules[module]!.cells[option('cell').replace(/^\\/, '')]!;
    const port = option('port').replace(/^\\/, '');
    const at = Number(option('portbit'));
    const bits = cell.connections[port]!;
    const bit = bits[at]!;
    const mode = option('mode');
    if (mode.startsWith('cnot')) {
      // A bit turned over while another of the port is 0, or 1, which that one never is.
      const control = bits[Number(option('ctrlbit'))]!;
      if (typeof control === 'string' && mode !== `cnot${control}`) return false;
    }
    const isLive = live.get(module)!;
    if (cell.port_directions[port] === 'output') return isLive.has(bit);
    if (bit === 'x' || bit === 'z' || mode === `const${bit}`) return false;
    const inner = modules[cell.type];
    if (inner !== undefined) return live.get(cell.type)!.has(inner.ports[port]!.bits[at]!);
    return Object.entries(cell.connections).some(
      ([name, outputs]) =>
        cell.port_directions[name] === 'output' &&
        outputs.some((b, i) => isLive.has(b) && feeds(cell, port, at, outputs.length, i)),
    );
  };
}
