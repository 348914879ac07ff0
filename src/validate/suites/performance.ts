// SPDX-License-Identifier: BSD-2-Clause
import type { PacketSize } from '../../harness/sizes.ts';
import type { Algorithm } from '../../harness/topology.ts';
import type { Case } from '../case.ts';

const PACKETS = 256;
/** By then the card has fetched ahead, and each frame costs what it costs. */
const SETTLED = 64;
/** Cycles a packet, on average, that nothing accounts for. */
const IDLE = 0.1;

const SIZES: readonly PacketSize[] = [64, 'imix', 1400, 8800];
const KEYS: readonly Algorithm[] = ['aes-gcm-128', 'aes-gcm-256'];

/**
 * Cycles that a frame of ESP in IPv4 takes at 16 bytes a cycle: Ethernet and IP header, ESP header
 * with IV, text and ICV each begin a beat of their own.
 */
function beatsOf(lenBytes: number): number {
  return Math.ceil((14 + 20) / 16) + 1 + Math.ceil((lenBytes - 14 - 20 - 16 - 16) / 16) + 1;
}

const pace: readonly Case[] = KEYS.flatMap((alg) =>
  SIZES.map(
    (size): Case => ({
      id: `performance/cycles-${alg}-${size}`,
      title: `${alg}, ${size} bytes: the card sends a beat of 16 bytes every cycle`,
      checks: 'performance budget: one AES pipe and one GHASH hold line rate',
      parameters: { alg, size },
      onlyNic: 'rtl',
      async run(c) {
        const world = await c.world({ alg, tagsan: false });
        const cycles: number[] = [];
        let beats = 0;
        world.onFrame = (f) => {
          if (cycles.push(f.cycle) > SETTLED) beats += beatsOf(f.lenBytes);
        };
        await world.flow(0, { packets: PACKETS, size });
        const r = await c.finish(world);
        c.equal('packets delivered', r.packets.delivered, PACKETS);
        const packets = cycles.length - SETTLED;
        const spent = cycles.at(-1)! - cycles[SETTLED - 1]!;
        c.between('idle cycles a packet', (spent - beats) / packets, -IDLE, IDLE);
      },
    }),
  ),
);

const LATENCIES: readonly [PacketSize, number][] = [
  [64, 1250],
  [1400, 1680],
  [8800, 4000],
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
      c.between('calls a packet', r.ffi.callsPerPacket, 0, 0.2);
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
