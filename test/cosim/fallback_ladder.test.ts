// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import type { RunReport } from '../../src/harness/run_report.ts';
import { addressOf, OUTER } from '../../src/harness/topology.ts';
import type { Host } from '../../src/host.ts';

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

it('packet offload with a window that the card has not: crypto offload there, and one reason', async () => {
  const r = await run('esp', '-offload packet', 100);
  expect([r.packets.offloadedTx, r.packets.offloadedRx]).toEqual([PACKETS, PACKETS]);
  expect(r.notOffloaded).toHaveLength(1);
  expect(r.notOffloaded[0]).toMatchObject({ reason: 'noPacketOffload', count: 1 });
  expect(r.notOffloaded[0]!.texts[0]).toMatch(/^nic[01]: the card keeps no replay window of more/);
});

it.each([
  ['extended sequence numbers', 'esp', '-esn'],
  ['ESP in UDP (RFC 3948)', 'esp-udp', ''],
  ['ESP in UDP with extended sequence numbers', 'esp-udp', '-esn'],
])('%s: all by the card', async (_name, proto, words) => {
  const r = await run(proto, words, 100);
  expect([r.packets.offloadedTx, r.packets.offloadedRx]).toEqual([PACKETS, PACKETS]);
  expect(r.notOffloaded).toEqual([]);
});

it('ESP in UDP larger than an MTU goes in fragments, which software does', async () => {
  const r = await run('esp-udp', '', 3000);
  expect(r.packets.software).toBeGreaterThan(0);
  expect(r.notOffloaded.map((n) => n.reason)).toContain('needsFragmentation');
});

it.each([100, 3000])('the same over IPv6, with a checksum, datagrams of %i bytes', async (size) => {
  const [a, b] = ['2001:db8::1', '2001:db8::2'];
  const sa = `add ${a} ${b} esp-udp 0x2000 -m transport -r 512 -E aes-gcm-16 ${KEY};`;
  const policy = (d: string) => `spdadd ${a} ${b} udp -P ${d} ipsec esp/transport//require;`;
  const world = await createWorld({
    ...{ nic: 'model', mode: 'transport', mtu: 1500, outer: 6 },
    setkey: [`${sa}\n${policy('out')}\n`, `${sa}\n${policy('in')}\n`],
  });
  await world.flow(0, { packets: PACKETS, size });
  const { figures } = world.oracle!;
  const report = await finishRun(world, 'ladder');
  expect(report.violations).toEqual([]);
  expect([report.packets.delivered, figures.decrypted]).toEqual([PACKETS, PACKETS]);
});

it('IKE passes by on the card as it does in software, before a rekey and after it', async () => {
  const ike = (d: string) => `spdadd 0.0.0.0/0 0.0.0.0/0[500] udp -P ${d} none;`;
  const policy = (d: string) =>
    `spdadd 10.0.0.1 10.0.0.2 udp -P ${d} ipsec esp/transport//require;`;
  const sa = (spi: number) =>
    `add 10.0.0.1 10.0.0.2 esp ${spi} -m transport -r 8 -E aes-gcm-16 0x${'2a'.repeat(19)}${spi & 15}0;\n`;
  const young = sa(0x2001);
  const world = await createWorld({
    ...{ nic: 'model', mode: 'transport', mtu: 1500 },
    setkey: ['out', 'in'].map((d) => `${sa(0x2000)}${ike(d)}\n${policy(d)}\n`) as [string, string],
  });
  const [alice, bob] = world.hosts as [Host, Host];
  const { oracle } = world;
  oracle!.addSa({
    ...{ spi: 0x2001, dst: '10.0.0.2', mode: 'transport', alg: 'aes-gcm-16' },
    ...{ key: Buffer.alloc(16, 0x2a), salt: Buffer.from('2a2a2a10', 'hex') },
  });
  let got = 0;
  bob
    .udp()
    .bind(0, 500)
    .onMessage(() => got++);
  const send = async () => {
    for (let i = 0; i < 5; i++) alice.udp().sendTo(Buffer.from('IKE'), addressOf(OUTER[1]), 500);
    await world.flow(0, { packets: 5, size: 100 });
  };
  await send();
  bob.setkey(young, 'young');
  alice.setkey(young, 'young');
  await send();
  const r = await finishRun(world, 'bypass');
  expect([got, r.packets.delivered, r.packets.offloadedTx]).toEqual([10, 10, 10]);
  expect(oracle!.figures).toMatchObject({ esp: 10, plaintextLeaks: 0 });
  expect(r.violations).toEqual([]);
});
