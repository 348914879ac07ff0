// SPDX-License-Identifier: BSD-2-Clause
// Engines from elsewhere in the place of nic_gcm: the starting point of `tagwire new-engine`, which
// does one message at a time and a block in some 18 cycles, and the same behind ports that pause.
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explain } from '../../../src/cli/explain.ts';
import { createWorld } from '../../../src/harness/create_world.ts';
import { finishRun } from '../../../src/harness/finish_run.ts';
import { cardLibrary, engineLibrary } from '../../../src/harness/library.ts';
import { openLoneCard } from '../../../src/harness/lone_card.ts';
import type { OwnRtl } from '../../../src/harness/own_rtl.ts';
import { addressOf, OUTER } from '../../../src/harness/topology.ts';
import { EspCard } from '../../../src/harness/vectors/esp_card.ts';
import { readVectors } from '../../../src/harness/vectors/read_vectors.ts';
import { openRtlEngine, type RtlEngine } from '../../../src/harness/vectors/rtl_engine.ts';
import { runVectors } from '../../../src/harness/vectors/run_vectors.ts';
import { tagwire } from '../../cli/tagwire.ts';
import { GcmEngine, root } from '../gcm_engine.ts';
import { expectCases, makeCase, random, randomCases } from '../gcm_messages.ts';

const VECTORS = join(root, '../shared/vectors');
const MY: OwnRtl = { fileList: join(root, 'rtl/own/engine/my_engine.f'), top: 'my_engine' };
const SLOW: OwnRtl = {
  fileList: join(root, 'test/rtl/own/slow_engine.f'),
  top: 'slow_engine',
  clocks: { fast: 2.7 },
};
/** The same, and 4000 / 2.7 edges of its own clock in 1000 cycles. */
const SLOW_ALONE: OwnRtl = { ...SLOW, defines: { RATE: 1481 } };
const WRONG: OwnRtl = {
  fileList: join(root, 'test/rtl/own/wrong_engine.f'),
  top: 'wrong_engine',
  flags: ['-Wno-fatal'],
};
/** UDP payload that becomes 1312 bytes of text, at which slow_engine goes dumb. */
const DUMB_PAYLOAD_BYTES = 1282;

describe('the starting point, alone', () => {
  let engine: RtlEngine;
  beforeAll(async () => {
    engine = await openRtlEngine('koffi', undefined, undefined, MY);
  });
  afterAll(() => engine?.close());

  it.for([
    ['gcmEncryptExtIV128.rsp', 375],
    ['gcmEncryptExtIV256.rsp', 375],
    ['gcmDecrypt128.rsp', 375],
    ['gcmDecrypt256.rsp', 375],
    ['aes_gcm_test.json', 133],
    ['aes_gmac_test.json', 138],
  ] as const)('known answers of NIST CAVP and Wycheproof: %s', ([name, passed], { skip }) => {
    const file = join(VECTORS, name);
    if (!existsSync(file)) skip('the vectors are not beside the repository');
    const result = runVectors(readVectors(file), engine);
    expect(result).toMatchObject({ passed, failed: 0 });
  });
});

describe('back to back, both ways, keys and sizes mixed, as node:crypto has it', () => {
  const none = { seed: 0, cmd: 0, input: 0, expected: 0, out: 0, tag: 0 };
  it.each([
    ['the starting point', MY, none],
    [
      'the starting point, the card pauses',
      MY,
      { ...none, seed: 3, input: 500, out: 500, tag: 700 },
    ],
    ['an engine that pauses, by a clock of its own', SLOW_ALONE, none],
    [
      'both pause',
      SLOW_ALONE,
      { seed: 4, cmd: 800, input: 500, expected: 900, out: 500, tag: 800 },
    ],
  ])('%s', async (_what, rtl, stalls) => {
    const engine = new GcmEngine((await engineLibrary({ rtl })).library);
    expectCases(engine, randomCases(150, 100, random(7)), stalls);
    expectCases(engine, randomCases(4, 3000, random(8)), stalls);
    engine.close();
  });
});

describe('an engine that breaks its contract is named, with the cycle', () => {
  it.each([
    [1, /wrong_engine: no answer for 50000 cycles/],
    [2, /wrong_engine: m_axis_tkeep is 0007 with 2 bytes left/],
    [259, /wrong_engine: m_axis: a beat that waits was changed or withdrawn/],
    [260, /wrong_engine: m_axis: a beat that waits was changed or withdrawn/],
    [17, /wrong_engine: m_axis_tlast is 1 with 17 bytes left/],
    [6, /wrong_engine: m_axis: a beat that belongs to no message/],
    [8, /wrong_engine: m_icv: an ICV that belongs to no message/],
  ])('text of %i bytes', async (textBytes, message) => {
    const { library } = await engineLibrary({ rtl: WRONG });
    const engine = new GcmEngine(library);
    const shape = { keyBytes: 16, aadBytes: 0, textBytes, direction: 'encrypt' } as const;
    const stalls = {
      seed: 1,
      cmd: 0,
      input: 0,
      expected: 0,
      out: textBytes > 17 ? 990 : 0,
      tag: 0,
    };
    expect(() => engine.run([makeCase(shape, random(1)).message], stalls)).toThrow(message);
    engine.close();
  });
});

describe('in the card', () => {
  beforeAll(() => cardLibrary({ rtl: SLOW }));

  it('whole ESP packets with known answers, with ESN too (RFC 4106, RFC 4303 §2.2.1)', async (context) => {
    const file = join(VECTORS, 'esp_packets.json');
    if (!existsSync(file)) context.skip('the vectors are not beside the repository');
    const sim = await openLoneCard({ rtl: SLOW }, 1 << 16);
    const card = new EspCard(sim);
    const { transmit, receive } = card.run(readVectors(file));
    expect([transmit.failed, receive.failed]).toEqual([0, 0]);
    expect(transmit.passed).toBeGreaterThanOrEqual(15);
    expect(receive.passed).toBeGreaterThanOrEqual(4);
    card.close();
    sim.close();
  }, 120_000);

  it('UDP both ways in every size, then under keys that replace the first', async () => {
    const world = await createWorld({ rtl: SLOW, mode: 'transport' });
    await world.duplex({ packets: 60, size: 'imix' });
    for (const from of [0, 1] as const) {
      const [src, dst] = [addressOf(OUTER[from]), addressOf(OUTER[1 - from]!)];
      const key = new Uint8Array(36).fill(0x51 + from);
      world.addSa({ src, dst, spi: 0x7001 + from, cipher: 'aes-gcm-16', key });
    }
    await world.duplex({ packets: 60, size: 'imix' });
    const report = await finishRun(world, 'own engine');
    expect(report.violations).toEqual([]);
    expect(report.packets).toMatchObject({
      sent: 240,
      delivered: 240,
      offloadedTx: 240,
      software: 0,
    });
    expect(report.compared).toBe(240);
    expect(report.tags.leaked).toBe(0);
  });

  it('an engine that never answers ends the run, by name, with exit code 1', async () => {
    const world = await createWorld({ rtl: SLOW });
    const failed = await world.flow(0, { packets: 3, size: DUMB_PAYLOAD_BYTES }).catch((e) => e);
    expect(explain(failed)).toMatchObject({
      code: 1,
      message: expect.stringMatching(
        /cycle \d+, card0: .*slow_engine: no answer for 50000 cycles/s,
      ),
    });
    world.close();
  });

  it('tagwire validate runs its cases on it, and says how each is repeated', async () => {
    const out = mkdtempSync(join(tmpdir(), 'tagwire-own-'));
    const rtl = ['--rtl', SLOW.fileList, '--top', SLOW.top, '--clock', 'fast=2.7'];
    const only = ['--grep', '^esp/(duplex-tunnel|gateways|lengths-blocks)', '--json', '--out', out];
    const { code, stdout, stderr } = await tagwire('validate', ...rtl, ...only);
    expect(code, stderr).toBe(0);
    const { passed, failed, skipped } = JSON.parse(stdout);
    expect({ failed, skipped }).toEqual({ failed: 0, skipped: 0 });
    expect(passed).toBeGreaterThanOrEqual(8);
    const { results } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    expect(results[0].repeat).toContain(
      `--rtl ${SLOW.fileList} --top slow_engine --clock=fast=2.7`,
    );
  }, 120_000);
});
