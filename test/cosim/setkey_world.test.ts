// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import { addressOf, OUTER } from '../../src/harness/topology.ts';

const KEY = '0x000102030405060708090a0b0c0d0e0f11223344';
const SA = `add 10.0.0.1 10.0.0.2 esp 0x2000 -m transport -E aes-gcm-16 ${KEY};`;
const protect = (direction: string) =>
  `spdadd 10.0.0.1 10.0.0.2[5001] udp -P ${direction} ipsec esp/transport//require;`;

it('worlds take setkey(8) files: port 5001 goes by ESP, the rest in clear, and both arrive', async () => {
  const world = await createWorld({
    mode: 'transport',
    setkey: [`${SA}\n${protect('out')}\n`, `${SA}\n${protect('in')}\n`],
  });
  const [alice, bob] = world.hosts;
  let clear = 0;
  bob!
    .udp()
    .bind(0, 9)
    .onMessage(() => clear++);
  const socket = alice!.udp();
  for (let i = 0; i < 10; i++) socket.sendTo(Buffer.from('in clear'), addressOf(OUTER[1]), 9);
  await world.flow(0, { packets: 30, size: 100 });
  const report = await finishRun(world, 'setkey');
  expect(clear).toBe(10);
  expect(report.packets).toMatchObject({ sent: 30, delivered: 30, offloadedTx: 30 });
  expect(world.oracle!.figures).toMatchObject({ frames: 40, esp: 30, decrypted: 30 });
  expect(report.violations).toEqual([]);
});

it('RFC 4301 §5.2: what policy protects and comes in clear is not let in', async () => {
  const world = await createWorld({
    mode: 'transport',
    oracles: false,
    setkey: ['', `${SA}\n${protect('in')}\n`],
  });
  await world.flow(0, { packets: 10, size: 100 });
  const report = await finishRun(world, 'setkey');
  expect(report.packets).toMatchObject({ sent: 10, delivered: 0, dropped: 10 });
  expect(report.drops['host1.ipsec.inPolicy']).toBe(10);
});

it('what files say against themselves, and the keys they use twice, is told in the report', async () => {
  const both = 'spdadd 0.0.0.0/0 0.0.0.0/0 any -P out none;';
  const world = await createWorld({
    ...{ mode: 'transport', nic: 'model' },
    setkey: [`${SA}\n${both}\n${protect('out')}\n`, SA],
  });
  const { notes } = await finishRun(world, 'setkey');
  expect(notes).toEqual([
    'setkey of host 0:3:1: line 2 says "none" to all these packets, and comes first',
  ]);
});

it.each([4, 6] as const)(
  'RFC 4301 §4.4.2.1: a rekey in IPv%i, by one call for both hosts and the oracle',
  async (family) => {
    const world = await createWorld({ mode: 'transport', nic: 'model', outer: family });
    const old = world.hosts[0]!.ipsec.sadb.list().find((sa) => sa.direction === 'out')!;
    await world.flow(0, { packets: 10, size: 100 });
    const { src, dst } = old;
    world.addSa({ src, dst, spi: 0x7001, cipher: 'aes-gcm-16', key: new Uint8Array(20).fill(7) });
    await world.flow(0, { packets: 10, size: 100 });
    expect([old.seq, world.hosts[0]!.ipsec.sadb.find(dst, 0x7001)!.seq]).toEqual([10, 10]);
    // The report knows what SAs did that are no more.
    for (const { ipsec } of world.hosts) ipsec.sadb.delete(ipsec.sadb.find(dst, old.spi)!);
    const report = await finishRun(world, 'rekey');
    const { offloadedTx, offloadedRx, software } = report.packets;
    expect(offloadedTx + offloadedRx + software).toBe(40);
    expect(report.tags).toMatchObject({ txAllocsPerPacket: 1, rxAllocsPerPacket: 1 });
    expect(report.packets).toMatchObject({ sent: 20, delivered: 20 });
    expect(report.violations).toEqual([]);
  },
);

it('fail closed: policy says protect and there is no SA', async () => {
  const world = await createWorld({ mode: 'transport', setkey: [protect('out'), ''] });
  await world.flow(0, { packets: 10, size: 100 });
  const report = await finishRun(world, 'setkey');
  expect(world.totals().wireFrames).toBe(0);
  expect(report.drops['host0.ipsec.noSa']).toBe(10);
});
