// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { filesOf, yosys } from './yosys.ts';

/**
 * The card is synthesisable: Yosys elaborates all of it and finds nothing undriven, doubly driven or
 * looped. Yosys drops the dimension of an array of structs without a word, so the width of each
 * port of each module is compared with what Verilator makes of the same text.
 */
const rtl = fileURLToPath(new URL('../../rtl/', import.meta.url));

interface Netlist {
  modules: Record<
    string,
    { attributes: Record<string, string>; ports: Record<string, { bits: unknown[] }> }
  >;
}

let netlist: Netlist;
beforeAll(async () => {
  const files = filesOf('nic.f');
  netlist = JSON.parse(
    await yosys(
      files,
      `read_verilog -sv -DSYNTHESIS ${files.join(' ')}; hierarchy -check -top nic_top; ` +
        'proc -noopt; check -assert; delete c:*; attrmap -remove src; write_json out.json',
    ),
  );
}, 600_000);

/**
 * Each module by its own name, with the widths of its ports in every shape that its parameters give
 * it: the tools name the shapes in ways of their own.
 */
type Shapes = Map<string, Set<string>>;

const shapeOf = (ports: Iterable<[string, number]>): string =>
  [...ports]
    .map(([port, bits]) => `${port}:${bits}`)
    .sort()
    .join(' ');

const add = (shapes: Shapes, module: string, shape: string): void => {
  shapes.set(module, (shapes.get(module) ?? new Set()).add(shape));
};

const yosysShapes = (): Shapes => {
  const shapes: Shapes = new Map();
  for (const [name, { ports }] of Object.entries(netlist.modules)) {
    const module = /^\$paramod(?:\$[0-9a-f]+)?\\(\w+)/.exec(name)?.[1] ?? name;
    add(
      shapes,
      module,
      shapeOf(Object.entries(ports).map(([port, { bits }]) => [port, bits.length])),
    );
  }
  return shapes;
};

const attribute = (tag: string, name: string): string =>
  new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';

const verilatorShapes = (): Shapes => {
  const dir = mkdtempSync(join(tmpdir(), 'tagwire-'));
  execFileSync(
    'verilator',
    [
      '--xml-only',
      '-sv',
      '--top-module',
      'nic_top',
      '-Wno-fatal',
      '-Wno-lint',
      '-Wno-style',
    ].concat(['--xml-output', join(dir, 'out.xml'), '--Mdir', dir, ...filesOf('nic.f')]),
    { cwd: rtl, stdio: 'pipe', timeout: 120_000 },
  );
  const xml = readFileSync(join(dir, 'out.xml'), 'utf8');
  const types = new Map<string, string>();
  const members = new Map<string, string[]>();
  let open = '';
  for (const [tag] of xml.slice(xml.indexOf('<typetable')).matchAll(/<[^>]+>/g)) {
    const id = attribute(tag, 'id');
    if (id) types.set(id, tag);
    if (/^<(structdtype|uniondtype)/.test(tag)) {
      open = id;
      members.set(open, []);
    } else if (/^<\/structdtype/.test(tag)) open = '';
    if (open && tag.startsWith('<memberdtype'))
      members.get(open)!.push(attribute(tag, 'sub_dtype_id'));
  }
  const widthOf = (id: string): number => {
    const tag = types.get(id)!;
    if (tag.startsWith('<structdtype')) return members.get(id)!.reduce((n, m) => n + widthOf(m), 0);
    if (tag.startsWith('<refdtype') || tag.startsWith('<enumdtype')) {
      return widthOf(attribute(tag, 'sub_dtype_id'));
    }
    const left = attribute(tag, 'left');
    return left ? Number(left) - Number(attribute(tag, 'right')) + 1 : 1;
  };
  const modules: { name: string; ports: Map<string, number> }[] = [];
  let isInFunction = false;
  for (const [tag] of xml.matchAll(/<(?:module|var|func) [^>]+>|<\/func>/g)) {
    if (/func/.test(tag.slice(0, 6))) isInFunction = tag[1] !== '/';
    else if (isInFunction) continue;
    else if (tag.startsWith('<module')) {
      modules.push({ name: attribute(tag, 'origName'), ports: new Map() });
    } else if (attribute(tag, 'dir')) {
      modules.at(-1)!.ports.set(attribute(tag, 'name'), widthOf(attribute(tag, 'dtype_id')));
    }
  }
  const shapes: Shapes = new Map();
  for (const { name, ports } of modules) add(shapes, name, shapeOf(ports));
  return shapes;
};

describe('Yosys takes the whole card', () => {
  // What is there for a width or a delay that one block a cycle has no need of.
  const WIDER = ['nic_gcm_pack', 'nic_gcm_powers', 'nic_sa_ahead'];

  test('every module is there, but for those of the wider cards', () => {
    const shapes = yosysShapes();
    const names = filesOf('nic.f').map((file) => file.replace(/^.*\/|\.sv$/g, ''));
    expect(names.filter((name) => name !== 'nic_pkg' && !shapes.has(name))).toEqual(WIDER);
  });

  test('the ports have the widths that Verilator sees, in every shape of a module', () => {
    const expected = verilatorShapes();
    let compared = 0;
    for (const [module, shapes] of yosysShapes()) {
      expect([module, [...shapes].sort()]).toEqual([
        module,
        [...(expected.get(module) ?? [])].sort(),
      ]);
      for (const shape of shapes) compared += shape.split(' ').length;
    }
    expect(compared).toBeGreaterThan(600);
  });

  test('no cast behind a tilde, which Yosys takes for a part of the cast’s width', () => {
    for (const file of filesOf('nic.f')) {
      const text = readFileSync(rtl + file, 'utf8');
      expect(/~\s*\w+'\(/.exec(text)?.[0], file).toBeUndefined();
    }
  });

  test('no difference of casts in braces, which Yosys makes as wide as what was cast', () => {
    for (const file of filesOf('nic.f')) {
      const text = readFileSync(rtl + file, 'utf8');
      expect(/\{[^{}]*\w+'\([^()]*\)\s*[-+]/.exec(text)?.[0], file).toBeUndefined();
    }
  });

  test('no array of structs, which Yosys would flatten silently', () => {
    const structs = [...readFileSync(`${rtl}nic_pkg.sv`, 'utf8').matchAll(/^ {2}\} (\w+);/gm)].map(
      (m) => m[1]!,
    );
    expect(structs).toContain('gcm_cmd_t');
    const array = new RegExp(`\\b(?:${structs.join('|')})\\s*(?:\\[|\\w+\\s*\\[[^\\]]*\\]\\s*;)`);
    for (const file of filesOf('nic.f')) {
      expect(array.exec(readFileSync(rtl + file, 'utf8'))?.[0], file).toBeUndefined();
    }
  });
});
