// SPDX-License-Identifier: BSD-2-Clause
import { matchBucket0, matchBucket1 } from '../../dev/nic/nic_regs.ts';
import { addressesOf, addressOf, keyMaterial, type Mode, OUTER } from '../../harness/topology.ts';
import { UdpFlow } from '../../harness/udp_flow.ts';
import type { World } from '../../harness/world.ts';
import { EEXIST, ENOSPC } from '../../kern/errno.ts';
import { Rng } from '../../kern/rng.ts';
import type { SaLifetime } from '../../netipsec/sa_lifetime.ts';
import type { Case } from '../case.ts';
import type { CaseRun } from '../case_run.ts';
import { espSealed, hex, testSa } from '../frames.ts';
import { install, sendOffload } from '../offload_frames.ts';

const MODES: readonly Mode[] = ['tunnel', 'transport'];
const PACKETS = 60;

/** One more SA for what host 0 sends: both hosts get it, and the oracle. */
function addSa(c: CaseRun, world: World, spi: number, lifetime: SaLifetime = {}): void {
  const [src, dst] = addressesOf(4, 4).outer.map(addressOf) as [number, number];
  world.addSa({
    ...{ src, dst, spi, mode: world.config.mode, cipher: 'aes-gcm-16', replayPackets: 64 },
    ...{ key: keyMaterial(c.seed, `rekey ${spi}`, 20), lifetime },
  });
}

/** A flow with something done to the world at each of so many packets. */
async function flowWith(world: World, everyPackets: number, act: (n: number) => void) {
  const options = { packets: 0, size: 300 };
  const [from, to] = world.flowEnds;
  const flow = new UdpFlow(world, from!, to!, options);
  for (let n = 0; options.packets < PACKETS; n++) {
    options.packets += everyPackets;
    flow.pump();
    world.step(400);
    act(n);
  }
  await world.settle();
  return flow;
}

const inFlow: readonly Case[] = MODES.flatMap((mode) =>
  [3, 10, 30].flatMap((every) =>
    [false, true].map(
      (preferOld): Case => ({
        id: `rekey/${mode}-every-${every}-${preferOld ? 'old' : 'new'}`,
        title: `${mode} mode, a new SA every ${every} packets, the ${preferOld ? 'oldest' : 'newest'} sends: none is lost`,
        checks: 'RFC 4301 §4.5; one numberer per SA',
        parameters: { mode, every, preferOld },
        async run(c) {
          const world = await c.world({ mode });
          for (const { ipsec } of world.hosts) ipsec.sadb.preferOld = preferOld;
          await flowWith(world, every, (n) => addSa(c, world, 0x4000 + n));
          const r = await c.finish(world);
          c.figures('packets', r.packets, { delivered: PACKETS, lost: 0, dropped: 0 });
          c.equal('ESP by the card', r.packets.offloadedTx, PACKETS);
        },
      }),
    ),
  ),
);

const replaced: readonly Case[] = MODES.map(
  (mode): Case => ({
    id: `rekey/${mode}-old-deleted`,
    title: `${mode} mode, the old SA is deleted with packets of it in flight: each arrives or is counted`,
    checks: 'RFC 4301 §4.4.2.1; H15',
    parameters: { mode },
    async run(c) {
      const world = await c.world({ mode });
      await flowWith(world, 5, (n) => {
        addSa(c, world, 0x4000 + n);
        for (const { ipsec } of world.hosts) {
          const mine = ipsec.sadb.list().filter((sa) => sa.dst === addressOf(OUTER[1]));
          const oldest = mine.sort((x, y) => x.addedCycle - y.addedCycle)[0];
          if (oldest !== undefined && mine.length > 7) ipsec.sadb.delete(oldest);
        }
      });
      const r = await c.finish(world);
      c.equal('mbufs, tags and descriptors left', r.tags.leaked, 0);
      c.between('delivered', r.packets.delivered, PACKETS / 3, PACKETS);
    },
  }),
);

/** Limits of an SA, and how many packets of 100 bytes of UDP payload pass it. */
const LIMITS: readonly [string, SaLifetime, number, string[]][] = [
  ['hard-packets', { hardPackets: 7 }, 7, ['hard packets']],
  ['soft-packets', { softPackets: 4 }, 12, ['soft packets']],
  ['both-packets', { softPackets: 4, hardPackets: 9 }, 9, ['soft packets', 'hard packets']],
  ['hard-bytes', { hardBytes: 5 * 108 }, 5, ['hard bytes']],
  ['both-bytes', { softBytes: 216, hardBytes: 432 }, 4, ['soft bytes', 'hard bytes']],
];

const limits: readonly Case[] = LIMITS.flatMap(([name, lifetime, passed, events]) =>
  [true, false].map(
    (offload): Case => ({
      id: `rekey/lifetime-${name}-${offload ? 'card' : 'software'}`,
      title: `${JSON.stringify(lifetime).replaceAll('"', '')}: ${passed} of 12 packets pass, by ${offload ? 'the card' : 'software'}`,
      checks: 'RFC 4301 §4.4.2.1; H22',
      parameters: { name, offload },
      async run(c) {
        const world = await c.world({ mode: 'transport', mtu: 1500, offload });
        const [a, b] = world.hosts;
        for (const sa of a!.ipsec.sadb.list()) a!.ipsec.sadb.delete(sa);
        addSa(c, world, 0x4000);
        const { sadb } = a!.ipsec;
        const own = sadb.list()[0]!;
        const key = Uint8Array.of(...own.key, ...own.salt);
        sadb.delete(own);
        sadb.add({
          ...{ src: addressOf(OUTER[0]), dst: addressOf(OUTER[1]), spi: 0x4000, mode: 'transport' },
          ...{ cipher: 'aes-gcm-16', key, lifetime },
        });
        const told: string[] = [];
        sadb.onExpire = (_sa, kind, unit) => told.push(`${kind} ${unit}`);
        let heard = 0;
        const server = b!.udp().bind(0, 4242);
        server.onMessage(() => heard++);
        const client = a!.udp().connect(addressOf(OUTER[1]), 4242);
        for (let i = 0; i < 12; i++) {
          client.send(new Uint8Array(100));
          world.step(500);
        }
        await world.settle();
        c.equal('packets that arrived', heard, passed);
        c.equal('what key management was told', told, events);
        c.equal('ipsec.noSa', a!.counters.get('ipsec.noSa'), 12 - passed);
        await c.finish(world);
      },
    }),
  ),
);

/** The receiver's SA ends before the sender's does. */
const receiverLimits: readonly Case[] = [true, false].map(
  (offload): Case => ({
    id: `rekey/lifetime-receiver-${offload ? 'card' : 'software'}`,
    title: `the SA of the receiver ends with its 7th packet: no later one is taken, though ${offload ? 'the card' : 'software'} can open it`,
    checks: 'RFC 4301 §4.4.2.1; H22',
    parameters: { offload },
    async run(c) {
      const world = await c.world({ mode: 'transport', mtu: 1500, offload });
      addSa(c, world, 0x4000);
      const [a, b] = world.hosts;
      const [src, dst] = OUTER.map(addressOf) as [number, number];
      b!.ipsec.sadb.update({
        ...{ src, dst, spi: 0x4000, mode: 'transport', cipher: 'aes-gcm-16', replayPackets: 64 },
        ...{ key: keyMaterial(c.seed, 'rekey 16384', 20), lifetime: { hardPackets: 7 } },
      });
      let heard = 0;
      const server = b!.udp().bind(0, 4242);
      server.onMessage(() => heard++);
      const client = a!.udp().connect(addressOf(OUTER[1]), 4242);
      for (let i = 0; i < 12; i++) {
        client.send(new Uint8Array(100));
        await world.settle();
      }
      c.equal('packets that arrived', heard, 7);
      c.equal('ipsec.expired', b!.counters.get('ipsec.expired'), 1);
      const names = ['esp.noSa', 'esp.reportMisfit', 'nic.rxSaGone'];
      const later = names.reduce((n, name) => n + b!.counters.get(name), 0);
      c.equal('refused for want of an SA', later, 4);
      await c.finish(world);
    },
  }),
);

/** Send, rekey, delete and time in an order that follows from the seed. */
const anyOrder: readonly Case[] = [1, 2, 3, 4, 5, 6].map(
  (n): Case => ({
    id: `rekey/any-order-${n}`,
    title: 'packets, rekeys, deletes and time in a random order: nothing twice, nothing left',
    checks: 'RFC 4301 §4.4.2; H15, H19, H33, H40',
    parameters: { n },
    isRandom: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const mode = MODES[n % 2]!;
      const world = await c.world({ mode, wire: { latencyCycles: 300 } });
      const options = { packets: 0, size: 200 };
      const [from, to] = world.flowEnds;
      const flow = new UdpFlow(world, from!, to!, options);
      let spi = 0x4000;
      for (let i = 0; i < 40; i++) {
        const act = rng.below(4);
        if (act === 0) {
          options.packets += 1 + rng.below(12);
          flow.pump();
        } else if (act === 1) world.step(1 + rng.below(4000));
        else if (act === 2) addSa(c, world, spi++, rng.below(3) === 0 ? { hardPackets: 5 } : {});
        else {
          const { sadb } = world.hosts[rng.below(2)]!.ipsec;
          const sas = sadb.list();
          if (sas.length > 1) sadb.delete(sas[rng.below(sas.length)]!);
        }
      }
      await world.settle();
      const r = await c.finish(world);
      c.equal('packets compared byte for byte', r.compared, r.packets.delivered);
      c.equal('mbufs, tags and descriptors left', r.tags.leaked, 0);
    },
  }),
);

const tables: readonly Case[] = [
  {
    id: 'rekey/next-packet',
    title: 'in a flow that goes on, the packet after a rekey has the SPI of the new SA',
    checks: 'RFC 4301 §4.4.2; setkey(8): the newest SA, or with preferOld the oldest',
    async run(c) {
      const world = await c.world({ mode: 'transport', mtu: 1500 });
      const spis: number[] = [];
      world.onFrame = (f) => {
        if (f.card === 0) spis.push(Buffer.from(f.bytes).readUInt32BE(f.offset + 34));
      };
      const client = world.hosts[0]!.udp().connect(addressOf(OUTER[1]), 4242);
      for (const spi of [0x4000, 0x4001, 0x4002]) {
        addSa(c, world, spi);
        for (let i = 0; i < 2; i++) client.send(new Uint8Array(100));
        await world.settle();
      }
      world.hosts[0]!.ipsec.sadb.preferOld = true;
      client.send(new Uint8Array(100));
      await world.settle();
      const newest = [0x4000, 0x4000, 0x4001, 0x4001, 0x4002, 0x4002];
      c.equal('SPIs', spis.slice(0, -1), newest);
      c.ok(spis.at(-1)! < 0x4000, 'at the end the oldest SA sends');
      await c.finish(world);
    },
  },
  {
    id: 'rekey/table-full',
    title: 'as many SAs each way as the card takes; one more is refused, and all of them work',
    checks: 'card contract: SA tables; H20',
    async run(c) {
      const rig = await c.rig();
      const places = rig.a.nic.sa.out.freeCount;
      for (let i = 0; i < places; i++) install(rig.a, testSa('out', 0x100 + i));
      const no = rig.a.nic.sa.saInstall(testSa('out', 0x100 + places));
      c.figures('one more', no, { ok: false, errno: ENOSPC });
      const spis: number[] = [];
      for (let spi = 0x10000; rig.b.nic.sa.in.freeCount > 0; spi += 7) {
        if (rig.b.nic.sa.saInstall(testSa('in', spi)).ok) spis.push(spi);
      }
      const tried = [spis[0]!, spis[spis.length >> 1]!, spis.at(-1)!];
      for (const spi of tried) {
        rig.inject(1, espSealed({ to: 1, spi, seq: 1, payloadBytes: 60 }, testSa('in', spi)), 0);
      }
      rig.settle();
      const got = rig.b.received.map((r) => r.report?.spi);
      c.equal('opened', got, tried);
    },
  },
  {
    id: 'rekey/same-spi-twice',
    title: 'a second SA with one SPI and destination is refused',
    checks: 'RFC 4301 §4.1: SPI and destination name an SA',
    async run(c) {
      const rig = await c.rig();
      install(rig.a, testSa('in', 2));
      const no = rig.a.nic.sa.saInstall(testSa('in', 2));
      c.figures('the second one', no, { ok: false, errno: EEXIST });
    },
  },
  {
    id: 'rekey/removal-waits',
    title: 'removal waits for frames in flight; all leave encrypted',
    checks: 'driver contract: saRemove()',
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('out', 0x800);
      const cardSa = install(rig.a, sa);
      install(rig.b, testSa('in', 0x800));
      for (let seq = 1; seq <= 40; seq++) {
        sendOffload(rig.a, { to: 1, spi: sa.spi, seq, payloadBytes: 500 }, sa, cardSa);
      }
      rig.a.nic.sa.saRemove('out', cardSa);
      c.equal('descriptors out, all of them of the SA', rig.a.nic.txOutstanding, 0);
      rig.settle();
      const opened = rig.b.received.filter((r) => r.report !== null).length;
      c.equal('frames opened', opened, 40);
      c.stats(rig.a, { txIpsec: 40, txDrop: 0 });
    },
  },
  {
    id: 'rekey/unread-when-removed',
    title: 'what was decrypted under an SA that was removed unread is dropped, and its slot rests',
    checks: 'driver contract; H19, H33',
    async run(c) {
      const rig = await c.rig({ options: { itrCount: 255, itrIntervalCycles: 60_000 } });
      const sa = testSa('in', 0x900);
      const cardSa = install(rig.b, sa);
      const frame = (seq: number): Uint8Array =>
        espSealed({ to: 1, spi: sa.spi, seq, payloadBytes: 100 }, sa);
      for (let seq = 1; seq <= 10; seq++) rig.inject(1, frame(seq), 0);
      rig.world.run(20_000);
      rig.b.nic.sa.saRemove('in', cardSa);
      const again = install(rig.b, { ...sa, generation: 8 });
      c.ok(again !== cardSa, 'the new SA has another slot');
      rig.settle();
      c.equal('nic.rxSaGone', rig.b.count('nic.rxSaGone'), 10);
      c.equal('frames handed up', rig.b.received.length, 0);
      rig.inject(1, frame(11), 0);
      rig.settle();
      c.equal(
        'of the new one',
        rig.b.received.map((r) => r.report?.generation),
        [8],
      );
    },
  },
  {
    id: 'rekey/removed-matches-nothing',
    title:
      'frames for an SA that was removed are delivered as they came, also when its slot is used again',
    checks: 'driver contract: saRemove(); RFC 4301 §4.4.2.1',
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('in', 0xa00);
      const frame = espSealed({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 100 }, sa);
      const cardSa = install(rig.b, sa);
      rig.b.nic.sa.saRemove('in', cardSa);
      rig.inject(1, frame, 0);
      rig.settle();
      // None of the new ones lies where the match entry of the removed one was.
      const gone = [matchBucket0(sa.spi), matchBucket1(sa.spi)];
      const slots: number[] = [];
      for (let spi = 0x10000; rig.b.nic.sa.in.freeCount > 0; spi++) {
        if (gone.includes(matchBucket0(spi)) || gone.includes(matchBucket1(spi))) continue;
        slots.push(install(rig.b, testSa('in', spi)));
      }
      c.ok(slots.includes(cardSa), 'its slot is used again');
      rig.inject(1, frame, 0);
      rig.settle();
      c.equal('frames', hex(rig.b.received.map((r) => r.bytes)), hex([frame, frame]));
      const reports = rig.b.received.map((r) => r.report);
      c.equal('reports', reports, [null, null]);
    },
  },
  {
    id: 'rekey/slot-used-again',
    title: 'a slot is used again with another key, and encrypts with that',
    checks: 'card contract: SA tables; H17',
    async run(c) {
      const rig = await c.rig();
      const { out } = rig.a.nic.sa;
      const slots: number[] = [];
      for (let i = 1; out.freeCount > 1; i++)
        slots.push(install(rig.a, testSa('out', 0x10000 + i)));
      for (let round = 0; round < 4; round++) {
        const sa = testSa('out', 0x20 + round, { generation: round });
        const cardSa = install(rig.a, sa);
        c.ok(!slots.includes(cardSa), 'it is the one slot that was free');
        const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes: 99 };
        sendOffload(rig.a, shape, sa, cardSa);
        rig.settle();
        c.equal('frame', hex([rig.b.received[round]!.bytes]), hex([espSealed(shape, sa)]));
        rig.a.nic.sa.saRemove('out', cardSa);
      }
    },
  },
  {
    id: 'rekey/request-misfits',
    title: 'a request with another interface, generation, handle or slot is not the card’s',
    checks: 'pact: a request names its SA and generation; H15',
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('out', 0x700);
      const cardSa = install(rig.a, sa);
      const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 };
      sendOffload(rig.a, shape, { ...sa, generation: 8 }, cardSa);
      sendOffload(rig.a, shape, { ...sa, saHandle: sa.saHandle + 1 }, cardSa);
      sendOffload(rig.a, shape, sa, cardSa + 1);
      sendOffload(rig.a, shape, sa, -1);
      sendOffload(rig.a, shape, sa, cardSa, { ifIndex: 2 });
      c.equal('given back to software', rig.a.software.length, 5);
      rig.settle();
      c.stats(rig.a, { txIpsec: 0 });
    },
  },
];

export const REKEY: readonly Case[] = [
  ...inFlow,
  ...replaced,
  ...limits,
  ...receiverLimits,
  ...anyOrder,
  ...tables,
];
