// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Port, topModule } from '../verilator/index.ts';
import { type OwnRtl, ownOptions } from './own_rtl.ts';

/** What RTL from elsewhere stands for. */
export type OwnLevel = 'engine' | 'card';

/** The ports of these modules are the contracts. */
const MODULES: Readonly<Record<OwnLevel, string>> = {
  engine: 'rtl/own/engine/my_engine.sv',
  card: 'rtl/nic_top.sv',
};

/** One port that is not as the contract says. */
export interface Difference {
  /** File and line, where there is one. */
  readonly place: string;
  readonly port: string;
  readonly expected: string;
  readonly found: string;
}

/** RTL from elsewhere that cannot stand in the place of ours: nothing was built. */
export class ContractError extends Error {
  readonly differences: readonly Difference[];

  constructor(message: string, differences: readonly Difference[] = []) {
    const lines = differences.map(
      ({ place, port, expected, found }) =>
        `\n  ${place}: port ${port}: expected ${expected}, found ${found}`,
    );
    super(message + lines.join(''));
    this.name = 'ContractError';
    this.differences = differences;
  }
}

/** The ports that a module of ours declares, one a line, when it has one lane. */
function declaredPorts(file: string): Port[] {
  const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
  const form = /^ {2}(input|output) +logic +(?:\[(\d+)(\*Lanes-1)?:0\] +)?(\w+),?( *\/\/.*)?$/gm;
  return [...text.matchAll(form)].map(([, direction, msb = '0', perLane, name]) => ({
    name: name!,
    direction: direction as Port['direction'],
    widthBits: Number(msb) + (perLane === undefined ? 1 : 0),
  }));
}

const shown = ({ direction, widthBits }: Port): string =>
  `${direction} of ${widthBits} ${widthBits === 1 ? 'bit' : 'bits'}`;

/** Where a module, and each name behind its head, stands in a file of the list. */
function placesIn(files: readonly string[], top: string): (port: string) => string {
  const head = new RegExp(`^\\s*module\\s+${top}\\b`, 'm');
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const at = head.exec(text)?.index;
    if (at === undefined) continue;
    const lineAt = (offset: number): number => text.slice(0, offset).trimEnd().split('\n').length;
    const name = relative('.', file);
    const begin = lineAt(at + head.exec(text)![0].length);
    return (port) => {
      const found = new RegExp(`\\b${port}\\b`).exec(text.slice(at))?.index;
      const line = found === undefined ? begin : lineAt(at + found + port.length);
      return `${name}:${line}`;
    };
  }
  return () => top;
}

function differ(wanted: readonly Port[], found: readonly Port[], own: OwnRtl) {
  const differences: Omit<Difference, 'place'>[] = [];
  for (const port of wanted) {
    const its = found.find(({ name }) => name === port.name);
    if (its === undefined || shown(its) !== shown(port)) {
      const what = its === undefined ? 'no such port' : shown(its);
      differences.push({ port: port.name, expected: shown(port), found: what });
    }
  }
  for (const port of found) {
    const isClock = own.clocks !== undefined && Object.hasOwn(own.clocks, port.name);
    if (isClock && shown(port) !== 'input of 1 bit') {
      differences.push({
        port: port.name,
        expected: 'a clock: input of 1 bit',
        found: shown(port),
      });
    }
    // An output that nobody reads does no harm; an input that nobody drives is a mistake.
    if (isClock || port.direction === 'output') continue;
    if (!wanted.some(({ name }) => name === port.name)) {
      const expected = 'no such port, or a clock named by --clock';
      differences.push({ port: port.name, expected, found: shown(port) });
    }
  }
  for (const name of Object.keys(own.clocks ?? {})) {
    if (found.some((port) => port.name === name)) continue;
    differences.push({ port: name, expected: 'a clock: input of 1 bit', found: 'no such port' });
  }
  return differences;
}

/** What was found to fit, in this process: every world asks. */
const fitting = new Map<string, OwnLevel>();

/**
 * Compares the ports of RTL from elsewhere with those of what it stands for.
 * @throws ContractError; VerilatorError when the RTL is wrong
 */
export async function checkContract(own: OwnRtl, signal?: AbortSignal): Promise<OwnLevel> {
  const key = JSON.stringify(own);
  const level = fitting.get(key) ?? (await compare(own, signal));
  fitting.set(key, level);
  return level;
}

async function compare(own: OwnRtl, signal?: AbortSignal): Promise<OwnLevel> {
  const module = await topModule({ ...ownOptions(own), signal });
  if (module === null) {
    throw new ContractError(`${own.fileList}: expected a module ${own.top}, found none`);
  }
  const { ports, files } = module;
  const common = (level: OwnLevel): number => {
    const names = new Set(declaredPorts(MODULES[level]).map(({ name }) => name));
    return ports.filter(({ name }) => names.has(name)).length;
  };
  const level = common('card') > common('engine') ? 'card' : 'engine';
  const placeOf = placesIn(files, own.top);
  const differences = differ(declaredPorts(MODULES[level]), ports, own);
  if (differences.length === 0) return level;
  throw new ContractError(
    `${own.top} cannot stand in the place of ${level === 'card' ? 'the card' : "the card's engine"} ` +
      `(tagwire new-${level} writes one that can):`,
    differences.map((difference) => ({ place: placeOf(difference.port), ...difference })),
  );
}
