// SPDX-License-Identifier: BSD-2-Clause
import { addFlowSa, fillCard, flowSa, secretOf } from '../../harness/hazards/sas.ts';
import type { UdpFlow } from '../../harness/udp_flow.ts';
import type { Fault } from './fault.ts';
import { catchUp, dropped, faultWorld, flowWith, lossIs, worksAgain } from './scene.ts';

const PACKETS = 100;
const FAIL = 7;
const RINGS = { log2Tx: 6, log2Rx: 6, log2Txc: 6, log2Rxc: 6 };

/** Every name under which something was dropped, and how much. */
function total(drops: Readonly<Record<string, number>>): number {
  return Object.values(drops).reduce((a, b) => a + b, 0);
}

export const ALLOCATION_FAULTS: readonly Fault[] = [
  {
    id: 'mbuf-sender',
    title: 'the sender gets no mbuf, seven times',
    injected: 'MbufPool.failNext = 7 in mid-flow',
    promise: {
      delivered: 'all that got one',
      counted: 'what asked and got none, where it was asked for',
      never: 'half a packet; a tag without its packet',
    },
    async run(c) {
      const world = await faultWorld(c);
      await flowWith(world, PACKETS, (step) => {
        if (step === 2) world.hosts[0]!.mbufs.failNext = FAIL;
      });
      world.hosts[0]!.mbufs.failNext = 0;
      await worksAgain(c, world);
      const r = await c.finish(world);
      const missing = r.packets.sent - r.packets.delivered;
      c.between('packets missing, each with a name', missing, 0, total(r.drops));
    },
  },
  {
    id: 'mbuf-receiver',
    title: 'the receiver has no mbuf to refill its ring with',
    injected: 'MbufPool.failNext without end at host 1, until all is sent; ring of 64',
    promise: {
      delivered: 'what the ring had buffers for, and all that comes afterwards',
      counted: 'nic.rxNoMbuf; card.rxOverflow: frames for which there was no buffer',
      never: 'a frame in a buffer that was given back',
    },
    async run(c) {
      const world = await faultWorld(c, { card: RINGS });
      const { mbufs } = world.hosts[1]!;
      mbufs.failNext = Number.POSITIVE_INFINITY;
      const until = (_: number, flow: UdpFlow): void => {
        if (!flow.isSent) return;
        mbufs.failNext = 0;
        catchUp(world);
      };
      await flowWith(world, 3 * PACKETS, until, 1000);
      const { rxOverflow } = world.hosts[1]!.nic.stats();
      await worksAgain(c, world);
      const r = await c.finish(world);
      // A card slower than its wire holds the sender back.
      if (c.driver === null) c.ok(rxOverflow > 0, 'the card had to drop frames');
      c.ok(dropped(r, 'host1.nic.rxNoMbuf') > 0, 'nic.rxNoMbuf was counted');
      lossIs(c, r, 'host1.card.rxOverflow', 'host0.nic.txRingFull');
    },
  },
  {
    id: 'tag-sender',
    title: 'the sender gets no tag for its packet, seven times',
    injected: 'MTagPool.failNext = 7 in mid-flow',
    promise: {
      delivered: 'all that got one',
      counted: 'one for each packet without a tag',
      never: 'a packet without its tag on the wire, in clear',
    },
    async run(c) {
      const world = await faultWorld(c);
      await flowWith(world, PACKETS, (step) => {
        if (step === 2) world.hosts[0]!.tags.failNext = FAIL;
      });
      world.hosts[0]!.tags.failNext = 0;
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('packets missing', r.packets.sent - r.packets.delivered, FAIL);
      c.equal('drops', total(r.drops), FAIL);
    },
  },
  {
    id: 'tag-receiver',
    title: 'the receiver gets no tag for what its card has decrypted, seven times',
    injected: 'MTagPool.failNext = 7 at host 1, in mid-flow',
    promise: {
      delivered: 'all that got one',
      counted: 'nic.rxNoTag: each',
      never: 'plaintext passed up without the tag that says how it was protected',
    },
    async run(c) {
      const world = await faultWorld(c);
      const fail = (step: number): void => {
        if (step === 2) world.hosts[1]!.tags.failNext = FAIL;
      };
      await flowWith(world, PACKETS, fail, 300);
      world.hosts[1]!.tags.failNext = 0;
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('packets missing', r.packets.sent - r.packets.delivered, FAIL);
      c.equal('nic.rxNoTag', dropped(r, 'host1.nic.rxNoTag'), FAIL);
    },
  },
  ...(
    [
      ['out', 0, 'encrypts'],
      ['in', 1, 'decrypts'],
    ] as const
  ).map(
    ([direction, n, does]): Fault => ({
      id: `sa-table-full-${direction}`,
      title: `the card has no place for the SA that it ${does} with, and then has one`,
      injected: 'all places of the table taken by SAs with others before the SA is made',
      promise: {
        delivered: 'all: software has the SA until a place falls free, the card from then on',
        counted: "notOffloaded saTableFull: each of software's packets",
        never: 'a number of the SA that software and the card both use',
      },
      async run(c) {
        const world = await faultWorld(c);
        const host = world.hosts[n]!;
        const { spi } = flowSa(host);
        const secret = secretOf(flowSa(host));
        host.ipsec.sadb.delete(flowSa(host));
        const fillers = fillCard(host, direction);
        addFlowSa(host, spi, secret);
        c.equal('free places in the card', host.nic.sa[direction].freeCount, 0);
        // Small: a receiver whose engine is slower than the wire has room for all of them.
        await world.flow(0, { packets: PACKETS, size: 100 });
        c.equal('packets of software', flowSa(host).swPackets, PACKETS);
        host.ipsec.sadb.delete(fillers[3]!);
        await world.flow(0, { packets: PACKETS, size: 300 });
        c.equal('packets of the card', flowSa(host).hwPackets, PACKETS);
        await worksAgain(c, world);
        const r = await c.finish(world);
        c.equal('packets delivered', r.packets.delivered, r.packets.sent);
        const full = r.notOffloaded.filter((row) => row.reason === 'saTableFull');
        c.equal(
          'saTableFull',
          full.reduce((sum, row) => sum + row.count, 0),
          PACKETS,
        );
      },
    }),
  ),
];
