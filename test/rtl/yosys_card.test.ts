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

type Widths = Map<string, Map<string, number>>;

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
        'proc -noopt; check -assert; write_json out.json',
    ),
  );
}, 600_000);

/** Modules with parameters have one name per set of values in each tool: compare those without. */
const yosysWidths = (): Widths =>
  new Map(
    Object.entries(netlist.modules)
      .filter(([name]) => !name.startsWith('$'))
      .map(([name, { ports }]) => [
        name,
        new Map(Object.entries(ports).map(([port, { bits }]) => [port, bits.length])),
      ]),
  );

const attribute = (tag: string, name: string): string =>
  new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';

const verilatorWidths = (): Widths => {
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
  const widths: Widths = new Map();
  let module: Map<string, number> = new Map();
  for (const [tag] of xml.matchAll(/<(?:module|var) [^>]+>/g)) {
    if (tag.startsWith('<module')) {
      module = new Map();
      widths.set(attribute(tag, 'name'), module);
    } else if (attribute(tag, 'dir')) {
      module.set(attribute(tag, 'name'), widthOf(attribute(tag, 'dtype_id')));
    }
  }
  return widths;
};

describe('Yosys takes the whole card', () => {
  test('every module without parameters is there', () => {
    const parameterised =
      /^(nic_fifo|nic_frame_fifo|nic_desc_fetch|nic_ring_regs|nic_sa_state|nic_sa_window|nic_aes_pipe|nic_gcm_\w+|nic_ghash_lanes)$/;
    const names = filesOf('nic.f')
      .map((file) => file.replace(/^.*\/|\.sv$/g, ''))
      .filter((name) => name !== 'nic_pkg' && !parameterised.test(name));
    expect(names.filter((name) => !netlist.modules[name])).toEqual([]);
  });

  test('the ports have the widths that Verilator sees', () => {
    const expected = verilatorWidths();
    let compared = 0;
    for (const [module, ports] of yosysWidths()) {
      for (const [port, bits] of ports) {
        const name = `${module}.${port}`;
        expect([name, bits]).toEqual([name, expected.get(module)?.get(port)]);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(400);
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
