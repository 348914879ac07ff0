// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/harness/run_report.ts';
import { runJson } from '../lib/cli.ts';

/** What every run of the built-in scenarios on real RTL must show. */
function expectMainJob(r: RunReport, packets: number): void {
  expect(r.packets.sent).toBe(packets);
  expect(r.packets.delivered + r.packets.lost + r.packets.dropped).toBe(packets);
  expect(r.compared).toBe(r.packets.delivered);
  expect(r.mismatches).toBe(0);
  expect(r.plaintextLeaks).toBe(0);
  expect(r.violations).toEqual([]);
  expect(r.packets.offloadedTx).toBe(packets);
  expect(r.packets.offloadedRx).toBe(packets - r.packets.lost);
  expect(r.packets.software).toBe(0);
  expect(r.tags).toEqual({
    txAllocsPerPacket: 1,
    rxAllocsPerPacket: 1,
    handoverAllocs: 0,
    leaked: 0,
  });
}

describe('the main job on real RTL: ESP by the cards, one private tag', () => {
  it('tunnel, 2000 packets of 1400 B, AES-GCM-128', () => {
    const r = runJson('tunnel', '--packets', '2000', '--size', '1400');
    expectMainJob(r, 2000);
    expect(r.packets.delivered).toBe(2000);
    expect(r.ffi.callsPerPacket).toBeLessThanOrEqual(0.2);
    expect(r.rtl.bitsPerCycle).toBeGreaterThanOrEqual(100);
  });

  it('transport with AES-GCM-256', () => {
    expectMainJob(runJson('transport', '--packets', '400', '--alg', 'aes-gcm-256'), 400);
  });

  it.each([1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 63, 64, 511, 1472, 4000, 8899, 8900])(
    'payloads of %i B, tunnel and transport',
    (bytes) => {
      for (const mode of ['tunnel', 'transport'])
        expectMainJob(runJson(mode, '--packets', '40', '--size', String(bytes)), 40);
    },
  );

  it('the Internet mix of sizes', () => {
    expectMainJob(runJson('tunnel', '--packets', '600', '--size', 'imix'), 600);
  });

  it('a wire that loses 5 %: the lost are lost, the rest arrive whole', () => {
    const r = runJson('tunnel', '--packets', '1000', '--loss', '5');
    expectMainJob(r, 1000);
    expect(r.packets.lost).toBeGreaterThan(20);
    expect(r.packets.lost).toBeLessThan(100);
    expect(r.packets.dropped).toBe(0);
  });

  it('without offload the same packets go by software ESP', () => {
    const r = runJson('tunnel', '--packets', '200', '--offload', 'off');
    expect(r.packets).toMatchObject({ sent: 200, delivered: 200, offloadedTx: 0, offloadedRx: 0 });
    expect(r.packets.software).toBe(400);
    expect(r.notOffloaded.length).toBeGreaterThan(0);
    expect(r.mismatches + r.plaintextLeaks + r.tags.leaked).toBe(0);
  });

  it('the functional model does what the RTL does', () => {
    const rtl = runJson('tunnel', '--packets', '300', '--loss', '3');
    const model = runJson('tunnel', '--packets', '300', '--loss', '3', '--nic', 'model');
    expectMainJob(model, 300);
    expect(model.packets).toEqual(rtl.packets);
  });
});

describe('determinism: one seed, one run', () => {
  const args = ['tunnel', '--packets', '200', '--size', 'imix', '--loss', '2', '--seed', '42'];

  it('the same seed gives the same digest: twice, with waves, with the other binding', () => {
    const first = runJson(...args);
    expect(first.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(runJson(...args).digest).toBe(first.digest);
    expect(runJson(...args, '--waves', 'fst').digest).toBe(first.digest);
    expect(runJson(...args, '--ffi', 'ffi-napi').digest).toBe(first.digest);
  }, 300_000); // with waves it is another library, which may have to be built

  it('another seed gives another digest', () => {
    const other = [...args.slice(0, -1), '43'];
    expect(runJson(...other).digest).not.toBe(runJson(...args).digest);
  });
});
