// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import type { RunReport } from '../../src/harness/run_report.ts';

const KEY = `0x${'2a'.repeat(20)}`;
const PACKETS = 12;

/** A flow of two hosts whose one SA has these words in its line. */
async function run(proto: string, words: string, size: number, key = KEY): Promise<RunReport> {
  const sa = `add 10.0.0.1 10.0.0.2 ${proto} 0x2000 -m transport -r 512 ${words} -E aes-gcm-16 ${key};`;
  const policy = (d: string) =>
    `spdadd 10.0.0.1 10.0.0.2 udp -P ${d} ipsec esp/transport//require;`;
  const world = await createWorld({
    ...{ nic: 'model', mode: 'transport', mtu: 1500 },
    setkey: [`${sa}\n${policy('out')}\n`, `${sa}\n${policy('in')}\n`],
  });
  await world.flow(0, { packets: PACKETS, size });
  const report = await finishRun(world, 'ladder');
  expect(report.violations).toEqual([]);
  expect(report.packets.delivered).toBe(PACKETS);
  return report;
}

it('"why is this not offloaded?": -hwif names no card', async () => {
  const r = await run('esp', '-hwif nic7', 100);
  expect(r.packets.offloadedTx + r.packets.offloadedRx).toBe(0);
  const texts = ['-hwif nic7: no card has this name'];
  expect(r.notOffloaded).toEqual([{ reason: 'hwifOther', count: 2 * PACKETS, texts }]);
});

it('-hwif names a card without the algorithm', async () => {
  const r = await run('esp', '-hwif nic0', 100, `0x${'2a'.repeat(28)}`);
  const texts = ['nic0: the card does not do keys of 192 bits'];
  expect(r.notOffloaded).toEqual([{ reason: 'algorithmNotSupported', count: 2 * PACKETS, texts }]);
});

it('packet offload asked for: crypto offload, and one reason for each SA', async () => {
  const r = await run('esp', '-offload packet', 100);
  expect([r.packets.offloadedTx, r.packets.offloadedRx]).toEqual([PACKETS, PACKETS]);
  expect(r.notOffloaded).toHaveLength(1);
  expect(r.notOffloaded[0]).toMatchObject({ reason: 'noPacketOffload', count: 2 });
  expect(r.notOffloaded[0]!.texts[0]).toMatch(/^nic0: the card does crypto only/);
});

it('extended sequence numbers: the card encrypts, software decrypts and says why', async () => {
  const r = await run('esp', '-esn', 100);
  expect([r.packets.offloadedTx, r.packets.offloadedRx]).toEqual([PACKETS, 0]);
  const texts = ['nic0: the card does not decrypt with ESN'];
  expect(r.notOffloaded).toEqual([{ reason: 'algorithmNotSupported', count: PACKETS, texts }]);
});

it.each([100, 3000])('RFC 3948: ESP in UDP is software, datagrams of %i bytes', async (size) => {
  const r = await run('esp-udp', '', size);
  expect(r.packets.software).toBeGreaterThan(0);
  expect(r.notOffloaded[0]!.texts).toEqual(['nic0: the card does no ESP in UDP']);
});
