// SPDX-License-Identifier: BSD-2-Clause
import type { PacketSize } from '../../harness/sizes.ts';
import type { Algorithm } from '../../harness/topology.ts';
import type { Case } from '../case.ts';

const PACKETS = 256;

/** Cycles a packet, through both cards, at most: what the card takes, and a tenth more. */
const BUDGETS: readonly [Algorithm, PacketSize, number][] = [
  ['aes-gcm-128', 64, 20],
  ['aes-gcm-128', 'imix', 42],
  ['aes-gcm-128', 1400, 112],
  ['aes-gcm-128', 8800, 600],
  ['aes-gcm-256', 64, 20],
  ['aes-gcm-256', 'imix', 42],
  ['aes-gcm-256', 1400, 112],
  ['aes-gcm-256', 8800, 600],
];

const pace: readonly Case[] = BUDGETS.map(
  ([alg, size, budget]): Case => ({
    id: `performance/cycles-${alg}-${size}`,
    title: `${alg}, ${size} bytes: at most ${budget} cycles a packet`,
    checks: 'performance budget',
    parameters: { alg, size, budget },
    onlyNic: 'rtl',
    async run(c) {
      const world = await c.world({ alg, tagsan: false });
      await world.flow(0, { packets: PACKETS, size });
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, PACKETS);
      c.between('cycles a packet', r.rtl.cyclesPerPacket, 1, budget);
    },
  }),
);

const LATENCIES: readonly [PacketSize, number][] = [
  [64, 1350],
  [1400, 1800],
  [8800, 4300],
];

const latency: readonly Case[] = LATENCIES.map(
  ([size, budget]): Case => ({
    id: `performance/latency-${size}`,
    title: `one packet of ${size} bytes is on the wire, and in the memory of its receiver, within ${budget} cycles`,
    checks: 'performance budget: wire of 500 cycles, memory of 200',
    parameters: { size, budget },
    onlyNic: 'rtl',
    async run(c) {
      const card = { itrCount: 1, itrIntervalCycles: 0 };
      const world = await c.world({ tagsan: false, card });
      await world.flow(0, { packets: 1, size });
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, 1);
      c.between('cycles', r.rtl.cycles, 500, budget);
    },
  }),
);

const rest: readonly Case[] = [
  {
    id: 'performance/calls',
    title: 'native code is called far less than once a packet',
    checks: 'performance budget: never a call per cycle',
    onlyNic: 'rtl',
    async run(c) {
      const world = await c.world({ tagsan: false });
      await world.flow(0, { packets: PACKETS, size: 1400 });
      const r = await c.finish(world);
      c.between('calls a packet', r.ffi.callsPerPacket, 0, 0.4);
    },
  },
  {
    id: 'performance/interrupts',
    title: 'interrupts are moderated: 256 packets in a stream cause few',
    checks: 'performance budget: ITR',
    onlyNic: 'rtl',
    async run(c) {
      const world = await c.world({ tagsan: false });
      let interrupts = 0;
      const { nic } = world.hosts[1]!;
      const intr = nic.intr.bind(nic);
      nic.intr = (budget) => {
        interrupts++;
        return intr(budget);
      };
      await world.flow(0, { packets: PACKETS, size: 1400 });
      c.between('interrupts of the receiver', interrupts, 1, PACKETS / 8);
      await c.finish(world);
    },
  },
  ...([64, 'imix', 1400, 8800] as const).map(
    (size): Case => ({
      id: `performance/tags-${size}`,
      title: `packets of ${size} bytes: one tag out, one in, and none for the hand-over`,
      checks: 'pact: the request travels in the one tag',
      parameters: { size },
      async run(c) {
        const world = await c.world();
        await world.flow(0, { packets: 64, size });
        const r = await c.finish(world);
        c.equal('tags', r.tags, {
          ...{ txAllocsPerPacket: 1, rxAllocsPerPacket: 1, handoverAllocs: 0, leaked: 0 },
        });
      },
    }),
  ),
];

export const PERFORMANCE: readonly Case[] = [...pace, ...latency, ...rest];
