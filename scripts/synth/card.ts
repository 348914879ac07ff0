// SPDX-License-Identifier: BSD-2-Clause
import { filesOf, treeOf, yosysOn } from '../../test/rtl/yosys.ts';

/** A module under one set of parameters, as Yosys has elaborated it. */
export interface Shape {
  /** That of the module; with a number behind it where there are several shapes. */
  name: string;
  /** Name of the module in its source. */
  module: string;
  /** RTLIL. */
  text: string;
  /** Names of the shapes in it, one for each instance. */
  uses: readonly string[];
}

export type Card = ReadonlyMap<string, Shape>;

/** The card of so many lanes and one queue: all shapes of all modules by their names. */
export async function elaborate(lanes: number): Promise<Card> {
  const files = filesOf('nic.f');
  const out = await yosysOn(
    treeOf(files),
    `read_verilog -sv -DSYNTHESIS ${files.join(' ')}; ` +
      `hierarchy -check -top nic_top -chparam Lanes ${lanes}; write_rtlil card.il`,
  );
  const text = String(out['card.il']);
  const names = [...text.matchAll(/^module (\S+)$/gm)].map((m) => m[1]!);
  const moduleOf = (name: string): string => /nic_\w+/.exec(name)![0];
  const shapeOf = new Map<string, string>();
  for (const name of names) {
    const module = moduleOf(name);
    const alike = names.filter((other) => moduleOf(other) === module);
    shapeOf.set(name, alike.length > 1 ? `${module}_${alike.indexOf(name) + 1}` : module);
  }
  const card = new Map<string, Shape>();
  for (const [found, yosysName] of text.matchAll(/^module (\S+)\n[\s\S]*?^end$/gm)) {
    const uses: string[] = [];
    const renamed = found
      .replace(/^module .*/, () => `module \\${shapeOf.get(yosysName!)}`)
      .replace(/^ {2}cell (\S+) /gm, (cell, type: string) => {
        const name = shapeOf.get(type);
        if (name === undefined) return cell;
        uses.push(name);
        return `  cell \\${name} `;
      });
    const name = shapeOf.get(yosysName!)!;
    card.set(name, { name, module: moduleOf(yosysName!), text: renamed, uses });
  }
  return card;
}

/** What is in a shape at any depth with itself: how many instances of each. */
export function instances(card: Card, top: string): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const use of card.get(name)!.uses) count(use);
  };
  count(top);
  return counts;
}

/** The ports of a shape alone, for what it is used in. */
export function blackboxOf({ name, text }: Shape): string {
  const ports = text.split('\n').filter((line) => /^ {2}wire .*(?:input|output) \d+ /.test(line));
  return ['attribute \\blackbox 1', `module \\${name}`, ...ports, 'end', ''].join('\n');
}
