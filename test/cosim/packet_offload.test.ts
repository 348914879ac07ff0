// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import type { Nic } from '../../src/dev/nic/if_nic.ts';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import type { World } from '../../src/harness/world.ts';
import type { WorldOptions } from '../../src/harness/world_options.ts';

const KEY = `0x${'2a'.repeat(20)}`;

/** One SA from host 0 to host 1 with these words in its line, under packet offload where it can be. */
function sa(words: string): Pick<WorldOptions, 'setkey'> {
  const line = `add 10.0.0.1 10.0.0.2 esp 0x2000 -m transport ${words} -offload packet -E aes-gcm-16 ${KEY};`;
  const policy = (d: string) =>
    `spdadd 10.0.0.1 10.0.0.2 udp -P ${d} ipsec esp/transport//require;`;
  return { setkey: [`${line}\n${policy('out')}\n`, `${line}\n${policy('in')}\n`] };
}

const world = (more: WorldOptions): Promise<World> =>
  createWorld({ nic: 'model', mode: 'transport', mtu: 1500, tagsan: true, ...more });

async function end(w: World) {
  const r = await finishRun(w, 'packet offload');
  expect(r.violations).toEqual([]);
  return r;
}

it.each(['', '-esn'])(
  'setkey "-offload packet -strict %s": the cards do all of ESP',
  async (esn) => {
    const w = await world(sa(`-r 16 ${esn}`));
    await w.flow(0, { packets: 40, size: 900 });
    const r = await end(w);
    expect(r.packets).toMatchObject({
      delivered: 40,
      offloadedTx: 40,
      offloadedRx: 40,
      software: 0,
    });
    expect(r.tags).toMatchObject({ txAllocsPerPacket: 1, rxAllocsPerPacket: 1, handoverAllocs: 0 });
    expect(r.notOffloaded).toEqual([]);
  },
);

it('RFC 4303 §2.6, §2.7: dummies and TFC padding go by the card too', async () => {
  const tunnel = (d: string, words: string) =>
    `add 10.0.0.1 10.0.0.2 esp 0x2000 -m tunnel -r 16 ${words} -offload packet -strict -E aes-gcm-16 ${KEY};\n` +
    `spdadd 192.168.1.1 192.168.2.1 udp -P ${d} ipsec esp/tunnel/10.0.0.1-10.0.0.2/require;\n`;
  const words = '-tfcpad 600 -dummy 4';
  const setkey: [string, string] = [tunnel('out', words), tunnel('in', '')];
  // The oracle takes padding behind the inner packet for a fault.
  const w = await world({ mode: 'tunnel', oracles: false, setkey });
  await w.flow(0, { packets: 20, size: 50 });
  const r = await end(w);
  expect(r.packets).toMatchObject({ delivered: 20, offloadedTx: 25, software: 0 });
  expect(w.hosts[1]!.counters.get('esp.dummy')).toBe(5);
});

it('a rekey and a delete under packet offload: the key’s last number is the card’s', async () => {
  const w = await world(sa('-r 16'));
  await w.flow(0, { packets: 12, size: 80 });
  const [alice] = w.hosts;
  const [old] = alice!.ipsec.sadb.list();
  alice!.ipsec.sadb.delete(old!);
  const again = alice!.ipsec.sadb.add({
    ...{ src: old!.src, dst: old!.dst, spi: 0x2000, mode: 'transport', cipher: 'aes-gcm-16' },
    ...{ key: new Uint8Array(20).fill(0x2a), replayPackets: 128, offload: 'packet' },
  });
  expect([again.seq, again.inPacket]).toEqual([12, true]);
  await w.flow(0, { packets: 8, size: 80 });
  expect((await end(w)).packets).toMatchObject({ delivered: 20, offloadedTx: 20 });
});

it('a request that meets the interface’s end is finished in software, numbered behind the card’s', async () => {
  const w = await world(sa('-r 16'));
  await w.flow(0, { packets: 5, size: 80 });
  const [alice] = w.hosts;
  const { nic, ipsec } = alice!;
  const [out] = ipsec.sadb.list();
  const cardSa = ipsec.offloads.cardSa(out!, nic.index);
  // The driver refuses what does not fit, as after a change of the SA between request and ring.
  (nic as Nic).sa.out.generation[cardSa]! ^= 1;
  await w.flow(0, { packets: 5, size: 80 });
  expect([out!.inPacket, out!.seq, out!.swPackets]).toEqual([false, 10, 5]);
  const r = await end(w);
  expect(r.packets).toMatchObject({ delivered: 10, offloadedTx: 5, software: 5 });
});
