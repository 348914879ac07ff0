// SPDX-License-Identifier: BSD-2-Clause

type Bit = number | string;

interface Cell {
  type: string;
  parameters: Record<string, string>;
  connections: Record<string, Bit[]>;
}

interface Module {
  ports: Record<string, { direction: 'input' | 'output'; bits: Bit[] }>;
  cells: Record<string, Cell>;
}

/** Modules by their names, as Yosys writes them as JSON. */
export type Netlist = Readonly<Record<string, Module>>;

/** What a bit of an instance comes from: bits that go through one LUT or table, or one that is the same. */
interface Source {
  from: Node[];
  levels: 0 | 1;
}

/** A bit in an instance, with the longest path to it once that is known. */
interface Node {
  source: Source | undefined;
  levels: number | undefined;
}

/** Inputs of a memory that its outputs follow at once: the addresses of ports without a register. */
function readAtOnce({ parameters, connections }: Cell): Bit[] {
  const number = (name: string): number => Number.parseInt(parameters[name]!, 2);
  const [ports, bits] = [number('RD_PORTS'), number('ABITS')];
  const clocked = parameters.RD_CLK_ENABLE!;
  const found: Bit[] = [];
  for (let i = 0; i < ports; i++)
    if (clocked[clocked.length - 1 - i] === '0')
      found.push(...connections.RD_ADDR!.slice(bits * i, bits * (i + 1)));
  return found;
}

/**
 * Longest path in LUT levels between flip-flops, memories and ports, through a module and all that is in
 * it, across the ports between them. A memory that is read without a clock counts as a LUT.
 */
export function longestPath(modules: Netlist, top: string): number {
  const all: Node[] = [];
  const expand = (name: string): Map<Bit, Node> => {
    const nodes = new Map<Bit, Node>();
    const node = (bit: Bit): Node => {
      let found = nodes.get(bit);
      if (found === undefined) {
        found = { source: undefined, levels: undefined };
        nodes.set(bit, found);
        all.push(found);
      }
      return found;
    };
    const drive = (outputs: readonly Bit[], source: Source): void => {
      for (const bit of outputs) node(bit).source = source;
    };
    for (const cell of Object.values(modules[name]!.cells)) {
      const { type, connections } = cell;
      const inner = modules[type];
      if (inner !== undefined) {
        const inside = expand(type);
        for (const [port, { direction, bits }] of Object.entries(inner.ports)) {
          for (const [i, bit] of bits.entries()) {
            const outer = connections[port]?.[i];
            const at = inside.get(bit);
            if (outer === undefined || at === undefined) continue;
            if (direction === 'output') drive([outer], { from: [at], levels: 0 });
            else at.source = { from: [node(outer)], levels: 0 };
          }
        }
      } else if (type === '$lut') {
        drive(connections.Y!, { from: connections.A!.map(node), levels: 1 });
      } else if (type === '$mem_v2') {
        drive(connections.RD_DATA!, { from: readAtOnce(cell).map(node), levels: 1 });
      }
    }
    for (const { bits } of Object.values(modules[name]!.ports)) for (const bit of bits) node(bit);
    return nodes;
  };
  expand(top);
  return mostLevels(all);
}

/** Depth first, by hand: a path may be longer than the stack. Throws Error where one closes. */
function mostLevels(all: readonly Node[]): number {
  const open: Node[] = [];
  const isOpen = new Set<Node>();
  let most = 0;
  for (const start of all) {
    open.push(start);
    while (open.length > 0) {
      const node = open[open.length - 1]!;
      const { from, levels } = node.source ?? { from: [], levels: 0 };
      const missing = node.levels === undefined ? from.filter((n) => n.levels === undefined) : [];
      if (missing.length === 0) {
        node.levels ??= from.reduce((longest, n) => Math.max(longest, n.levels! + levels), 0);
        most = Math.max(most, node.levels);
        isOpen.delete(node);
        open.pop();
        continue;
      }
      if (isOpen.has(node)) throw new Error('a path of LUTs closes');
      isOpen.add(node);
      open.push(...missing);
    }
  }
  return most;
}
