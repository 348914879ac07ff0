// SPDX-License-Identifier: BSD-2-Clause
/**
 * Yosys reads the engine too. It can miscompile SystemVerilog without a word, so the netlist that
 * it writes is simulated in place of the source and must give the same answers and cycles.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runYosys } from '@yowasp/yosys';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { vectorFile } from '../lib/vector_file.ts';
import { buildGcmLibrary, GcmEngine, root } from './gcm_engine.ts';
import { expectCases, makeCase, random, randomCases } from './gcm_messages.ts';
import { VECTOR_FILES } from './gcm_vector_files.ts';

type Tree = { [name: string]: string | Tree };

/** The files of rtl/nic_gcm.f as a tree in memory, and their paths. */
function sources(): { tree: Tree; files: string[] } {
  const files = readFileSync(join(root, 'rtl/nic_gcm.f'), 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('.sv'));
  const tree: Tree = {};
  for (const file of files) {
    let folder = tree;
    const path = file.split('/');
    for (const name of path.slice(0, -1)) {
      folder[name] ??= {};
      folder = folder[name] as Tree;
    }
    folder[path.at(-1)!] = readFileSync(join(root, 'rtl', file), 'utf8');
  }
  return { tree, files };
}

let log = '';
let netlist = '';
const scratch = mkdtempSync(join(tmpdir(), 'tagwire-yosys-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

beforeAll(async () => {
  const { tree, files } = sources();
  const script = [
    `read_verilog -sv -DSYNTHESIS ${files.join(' ')}`,
    'hierarchy -check -top nic_gcm',
    'proc',
    'check -assert',
    'memory -nomap',
    'opt -full',
    'check -assert',
    'write_verilog -noattr netlist.v',
  ].join('; ');
  const take = (bytes: Uint8Array | null): void => {
    if (bytes !== null) log += new TextDecoder().decode(bytes);
  };
  const made = await runYosys(['-e', 'implicitly declared', '-p', script], tree, {
    stdout: take,
    stderr: take,
  });
  netlist = made!['netlist.v'] as string;
});

test('Yosys elaborates the engine and warns of nothing', () => {
  expect([...log.matchAll(/^Warning: (.*)$/gm)].map((m) => m[1]!)).toEqual([]);
  expect(netlist).toContain('module nic_gcm(');
});

let engine: GcmEngine | undefined;
afterAll(() => engine?.close());

/** The engine that Yosys wrote; built once. */
async function netlistEngine(): Promise<GcmEngine> {
  if (engine !== undefined) return engine;
  writeFileSync(join(scratch, 'netlist.v'), netlist);
  const library = await buildGcmLibrary('tagwire_gcm_netlist', {
    cwd: scratch,
    optimize: '-O0', // it runs briefly
    sources: ['netlist.v'],
    flags: ['-Wno-lint', '-Wno-UNOPTFLAT', '-Wno-fatal'],
  });
  engine = new GcmEngine(library);
  return engine;
}

test('the netlist, simulated, gives the answers and the cycles of the source', async () => {
  const engine = await netlistEngine();
  const next = random(31);
  expectCases(engine, randomCases(300, 200, next));
  // RFC 4543: all is AAD.
  const gmac = Array.from({ length: 40 }, (_, i) => {
    const shape = { keyBytes: i % 2 ? 16 : 32, aadBytes: 20 + 4 * i, textBytes: 0 } as const;
    return makeCase({ ...shape, direction: i % 3 ? 'decrypt' : 'encrypt' }, next);
  });
  expectCases(engine, gmac);
  const stalls = { seed: 5, cmd: 300, input: 300, expected: 300, out: 500, tag: 500 };
  expectCases(engine, randomCases(100, 60, next), stalls);
  const stream = Array.from({ length: 20 }, (_, i) =>
    makeCase({ keyBytes: i % 2 ? 16 : 32, aadBytes: 8, textBytes: 64, direction: 'decrypt' }, next),
  );
  const results = engine.run(stream.map((c) => c.message));
  expect(results[19]!.finishCycle - results[9]!.finishCycle).toBe(60);
}, 300_000);

test.for(VECTOR_FILES)(
  'the netlist passes the known answers of $name: $total, $refused refused',
  { timeout: 300_000 },
  async ({ name, cases }, context) => {
    const all = cases(vectorFile(name, context));
    expectCases(await netlistEngine(), all);
  },
);
