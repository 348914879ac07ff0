// SPDX-License-Identifier: BSD-2-Clause

type Bit = number | '0' | '1' | 'x' | 'z';

interface Module {
  ports: Record<string, { direction: 'input' | 'output'; bits: Bit[] }>;
  cells: Record<
    string,
    {
      type: string;
      port_directions: Record<string, 'input' | 'output'>;
      connections: Record<string, Bit[]>;
    }
  >;
}

/**
 * Which mutants change a gate, in a netlist of Yosys' JSON. One on a bit that nothing reads, on a
 * don't-care or that makes a constant what it is already is no wrong gate, and nobody could notice it.
 */
export function liveIn(json: string): (mutant: string) => boolean {
  const { modules } = JSON.parse(json) as { modules: Record<string, Module> };
  const readIn = new Map<string, Set<Bit>>();
  const isRead = (module: string, bit: Bit): boolean => readIn.get(module)!.has(bit);

  /** What leaves by outputs, and what cells read: of a module in it what it reads itself. */
  const findRead = (name: string): void => {
    if (readIn.has(name)) return;
    const { ports, cells } = modules[name]!;
    const read = new Set<Bit>();
    readIn.set(name, read);
    for (const { direction, bits } of Object.values(ports))
      if (direction === 'output') for (const bit of bits) read.add(bit);
    for (const { type, port_directions, connections } of Object.values(cells)) {
      const inner = modules[type];
      if (inner !== undefined) findRead(type);
      for (const [port, bits] of Object.entries(connections)) {
        if (port_directions[port] === 'output') continue;
        bits.forEach((bit, i) => {
          if (inner === undefined || isRead(type, inner.ports[port]!.bits[i]!)) read.add(bit);
        });
      }
    }
  };
  for (const name of Object.keys(modules)) findRead(name);

  return (mutant) => {
    const option = (name: string): string => new RegExp(`-${name} (\\S+)`).exec(mutant)![1]!;
    const module = option('module').replace(/^\\/, '');
    const cell = modules[module]!.cells[option('cell').replace(/^\\/, '')]!;
    const port = option('port').replace(/^\\/, '');
    const at = Number(option('portbit'));
    const bit = cell.connections[port]![at]!;
    if (cell.port_directions[port] === 'output') return isRead(module, bit);
    if (bit === 'x' || bit === 'z' || option('mode') === `const${bit}`) return false;
    const inner = modules[cell.type];
    return inner === undefined || isRead(cell.type, inner.ports[port]!.bits[at]!);
  };
}
