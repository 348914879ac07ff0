// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import type { Case } from '../../src/validate/case.ts';
import { explain } from '../../src/validate/explain.ts';
import { readRepro } from '../../src/validate/repro.ts';
import { runCase } from '../../src/validate/run_case.ts';
import type { Settings } from '../../src/validate/settings.ts';
import { tagwire } from '../lib/cli.ts';

const SEED = 77;

/** Fails under one seed alone, at the third frame. */
const touchy: Case = {
  id: 'rings/wrap-16',
  title: 'a case that fails under one seed',
  checks: 'itself',
  async run(c) {
    const world = await c.world({ mode: 'transport' });
    let cycle = 0;
    world.onFrame = (f) => {
      if (f.number === 3) cycle = f.cycle;
    };
    await world.flow(0, { packets: 6, size: 200 });
    if (c.seed === SEED) c.fail('not today', { cycle, frame: 3 });
  },
};

async function explained(nic: 'rtl' | 'model', seed = SEED) {
  const out = mkdtempSync(join(tmpdir(), 'tagwire-explain-'));
  const settings: Settings = { ...{ seed: 1, nic, ffi: 'koffi', timeoutCycles: 1e7 }, out };
  const instance = { id: touchy.id, caseId: touchy.id, seed };
  const result = await runCase(touchy, instance, settings);
  return { first: result, result: await explain(touchy, instance, settings, result) };
}

describe('a failing case runs again and leaves what explains it', () => {
  it('one packet from descriptor to delivery: descriptor, tag, frame of the capture, completion', async () => {
    const { first, result } = await explained('model');
    expect(first.status).toBe('failed');
    expect(result.reason).toBe('not today');
    const packet = result.packet!.join('\n');
    expect(new Set(packet.match(/SPI 0x1001 seq \d+/g))).toEqual(new Set(['SPI 0x1001 seq 3']));
    for (const part of [
      /host0 descriptor \d+: .* OUT_CRYPTO_NEEDED/,
      /host0 tag: tag \d+: OUT_CRYPTO_NEEDED becomes OUT_DONE|host0 tag: OUT_CRYPTO/,
      /wire frame 3: /,
      /host0 transmit completion: .*status 0x10/,
      /host1 receive completion: /,
      /host1 input: .*IN_CRYPTO_DONE/,
      /host1 tag: tag \d+: IN_CRYPTO_DONE becomes IN_DONE/,
      /host1 log: .*udp.delivered/,
    ]) {
      expect(packet).toMatch(part);
    }
    const capture = readFileSync(result.artefacts.capture!);
    expect(capture.length).toBeGreaterThan(6 * 200);
    expect(result.artefacts.waves).toBeUndefined();
  });

  it('of the RTL a waveform round the failing cycle, and the run is the same with it', async () => {
    const { result } = await explained('rtl');
    expect(result.reason).toBe('not today');
    expect(statSync(result.artefacts.waves!).size).toBeGreaterThan(10_000);
  }, 300_000);

  it('a case that passes is not explained', async () => {
    const { first, result } = await explained('model', SEED + 1);
    expect(first.status).toBe('passed');
    expect(result).toBe(first);
  });
});

it('a waveform of a window changes nothing in the run, also when it ends within it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tagwire-window-'));
  const digests: string[] = [];
  for (const window of [null, { fromCycle: 6000, toCycle: 6800 }]) {
    const waves = window === null ? {} : { waves: join(dir, 'w.fst'), wavesWindow: window };
    const world = await createWorld({ mode: 'transport', ...waves });
    await world.duplex({ packets: 12, size: 'imix' });
    digests.push(world.digest!.hex());
    world.close();
  }
  expect(digests[1]).toBe(digests[0]);
  expect(statSync(join(dir, 'w.fst')).size).toBeGreaterThan(1000);
}, 300_000);

describe('repro.json', () => {
  it('repeats the run by `tagwire repro`; a case that does not fail here passes with 0', async () => {
    const { result } = await explained('model');
    const repro = readRepro(result.artefacts.repro!);
    expect(repro).toMatchObject({ reason: 'not today', instance: { seed: SEED } });
    const dir = mkdtempSync(join(tmpdir(), 'tagwire-repro-'));
    const r = tagwire(['repro', result.artefacts.repro!, '--json', '--out', dir]);
    expect(r.status).toBe(0);
    expect(JSON.parse(r.stdout)).toMatchObject({
      ...{ case: 'rings/wrap-16', seed: SEED, status: 'passed', same: false },
      expected: 'not today',
    });
  });

  const good = { schema: 'tagwire-repro/1', instance: {}, settings: {}, reason: '' };
  it.each([
    ['nowhere.json', undefined, /cannot be read \(ENOENT\)/],
    ['not.json', 'seed: 1', /is not JSON/],
    ['old.json', JSON.stringify({ ...good, schema: 'tagwire-repro/0' }), /'tagwire-repro\/0'/],
    ['half.json', JSON.stringify(good), /expected an instance and its settings/],
    [
      'other.json',
      JSON.stringify({ ...good, instance: { caseId: 'a/b' }, settings: { nic: 'rtl' } }),
      /has no case 'a\/b'/,
    ],
  ])('%s is refused with exit code 2', (name, text, message) => {
    const file = join(mkdtempSync(join(tmpdir(), 'tagwire-repro-')), name);
    if (text !== undefined) writeFileSync(file, text);
    const r = tagwire(['repro', file]);
    expect(r.stderr).toMatch(message);
    expect(r.status).toBe(2);
  });
});
