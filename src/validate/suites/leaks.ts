// SPDX-License-Identifier: BSD-2-Clause
import type { RunReport } from '../../harness/run_report.ts';
import type { Mode } from '../../harness/topology.ts';
import { UdpFlow } from '../../harness/udp_flow.ts';
import type { World } from '../../harness/world.ts';
import type { WorldOptions } from '../../harness/world_options.ts';
import { Rng } from '../../kern/rng.ts';
import type { Case } from '../case.ts';
import type { CaseRun } from '../case_run.ts';

const PACKETS = 40;
const MODES: readonly Mode[] = ['tunnel', 'transport'];

/** Nothing in clear, nothing left, and what did not arrive is lost by the wire or has a name. */
function expectAccounted(c: CaseRun, r: RunReport): void {
  c.equal('plaintext leaks', r.plaintextLeaks, 0);
  c.equal('mbufs, tags and descriptors left', r.tags.leaked, 0);
  c.equal('packets compared byte for byte', r.compared, r.packets.delivered);
  const named = Object.values(r.drops).reduce((sum, n) => sum + n, r.packets.lost);
  const missing = r.packets.sent - r.packets.delivered;
  c.ok(named >= missing, `each of ${missing} packets that did not arrive has a name`);
}

interface BadWire {
  readonly name: string;
  readonly title: string;
  readonly wire: NonNullable<WorldOptions['wire']>;
}

const WIRES: readonly BadWire[] = [
  { name: 'loss-5', title: 'a wire that loses 5 %', wire: { lossPercent: 5 } },
  { name: 'loss-50', title: 'a wire that loses half', wire: { lossPercent: 50 } },
  { name: 'loss-all', title: 'a wire that loses everything', wire: { lossPercent: 100 } },
  { name: 'flips', title: 'a bit wrong in every fifth frame', wire: { flipPpm: 200_000 } },
  { name: 'all-flipped', title: 'a bit wrong in every frame', wire: { flipPpm: 1_000_000 } },
  {
    ...{ name: 'reorder', title: 'frames that overtake each other' },
    wire: { reorderPpm: 300_000, reorderCycles: 3000 },
  },
  {
    ...{ name: 'all-at-once', title: 'loss, wrong bits and disorder together' },
    wire: { lossPercent: 10, flipPpm: 100_000, reorderPpm: 100_000, reorderCycles: 2000 },
  },
];

const wires: readonly Case[] = WIRES.flatMap(({ name, title, wire }) =>
  MODES.map(
    (mode): Case => ({
      id: `leaks/wire-${name}-${mode}`,
      title: `${title}, ${mode} mode: nothing in clear, nothing left, each loss has a name`,
      checks: 'fail closed; every drop has a counter',
      parameters: { name, mode },
      isRandom: true,
      async run(c) {
        const world = await c.world({ mode, wire });
        await world.duplex({ packets: PACKETS, size: 'imix' });
        expectAccounted(c, await c.finish(world));
      },
    }),
  ),
);

/** A flow, and something that happens when half of it is on its way. */
async function half(world: World, act: () => void): Promise<void> {
  const options = { packets: PACKETS / 2, size: 400 };
  const [from, to] = world.flowEnds;
  const flow = new UdpFlow(world, from!, to!, options);
  flow.pump();
  world.step(900);
  act();
  options.packets = PACKETS;
  flow.pump();
  await world.settle();
}

/** Allocations that fail while packets are in every stage. */
const SHORTAGES: readonly [string, string, (world: World, n: number) => void][] = [
  ['mbufs-tx', 'mbufs of the sender', (w, n) => (w.hosts[0]!.mbufs.failNext = n)],
  ['mbufs-rx', 'mbufs of the receiver', (w, n) => (w.hosts[1]!.mbufs.failNext = n)],
  ['tags-tx', 'tags of the sender', (w, n) => (w.hosts[0]!.tags.failNext = n)],
  ['tags-rx', 'tags of the receiver', (w, n) => (w.hosts[1]!.tags.failNext = n)],
];

const shortages: readonly Case[] = SHORTAGES.flatMap(([name, what, fail]) =>
  [1, 10].map(
    (n): Case => ({
      id: `leaks/no-${name}-${n}`,
      title: `${what} run out ${n} times: packets are dropped under a name, none leaves in clear`,
      checks: 'fail closed; H5',
      parameters: { name, n },
      async run(c) {
        const world = await c.world({ mode: 'transport', mtu: 1500 });
        await half(world, () => fail(world, n));
        expectAccounted(c, await c.finish(world));
      },
    }),
  ),
);

const PLACES: readonly [string, string, (world: World) => void][] = [
  ['sender', 'the sender', (w) => w.hosts[0]!.nic.detach()],
  ['receiver', 'the receiver', (w) => w.hosts[1]!.nic.detach()],
  ['both', 'both hosts', (w) => w.hosts.forEach(({ nic }) => void nic.detach())],
];

const removals: readonly Case[] = PLACES.map(
  ([name, what, remove]): Case => ({
    id: `leaks/card-gone-${name}`,
    title: `the card of ${what} goes away with packets in its rings: all of them are given back`,
    checks: 'driver contract: detach(); H16',
    parameters: { name },
    async run(c) {
      const world = await c.world({ mode: 'transport', mtu: 1500 });
      const { hosts } = world;
      const options = { packets: PACKETS, size: 400 };
      const [from, to] = world.flowEnds;
      new UdpFlow(world, from!, to!, options).pump();
      world.step(900);
      remove(world);
      for (let i = 0; i < 20; i++) world.step(2000);
      for (const host of hosts) {
        if (host.nic.txOutstanding > 0 || host.nic.rxOutstanding > 0) host.nic.detach();
        host.drain();
      }
      c.equal(
        'left',
        hosts.map((h) => h.leaks()),
        [
          { mbufs: 0, tags: 0, descriptors: 0 },
          { mbufs: 0, tags: 0, descriptors: 0 },
        ],
      );
      c.equal('plaintext leaks', world.oracle!.figures.plaintextLeaks, 0);
      c.record(
        'counters',
        hosts.map((h) => h.counters.nonZero()),
      );
      world.close();
    },
  }),
);

const resets: readonly Case[] = MODES.map(
  (mode): Case => ({
    id: `leaks/card-back-${mode}`,
    title: `the sender's card goes away and comes back, ${mode} mode: the flow goes on, protected`,
    checks: 'driver contract: attach() after detach()',
    parameters: { mode },
    async run(c) {
      const world = await c.world({ mode });
      const [host] = world.hosts;
      await world.flow(0, { packets: PACKETS, size: 200 });
      host!.detach();
      host!.attach();
      await world.flow(0, { packets: PACKETS, size: 200 });
      const r = await c.finish(world);
      c.figures('packets', r.packets, { delivered: 2 * PACKETS, software: 0 });
      expectAccounted(c, r);
    },
  }),
);

type Mutation = (frame: Uint8Array, rng: Rng) => Uint8Array;

const MUTATIONS: readonly [string, string, Mutation][] = [
  [
    ...(['bits', 'bits wrong anywhere'] as const),
    (f, rng) => {
      const bad = f.slice();
      for (let n = 1 + rng.below(4); n > 0; n--) bad[rng.below(bad.length)]! ^= 1 << rng.below(8);
      return bad;
    },
  ],
  ['cut', 'frames cut short', (f, rng) => f.slice(0, 1 + rng.below(f.length - 1))],
  [
    ...(['longer', 'bytes behind the frame'] as const),
    (f, rng) => new Uint8Array(Buffer.concat([f, Buffer.alloc(1 + rng.below(200), 0xee)])),
  ],
  [
    ...(['headers', 'edge values in the headers'] as const),
    (f, rng) => {
      const bad = f.slice();
      const edges = [0, 1, 0x7f, 0x80, 0xff];
      for (let n = 1 + rng.below(3); n > 0; n--) bad[12 + rng.below(40)] = edges[rng.below(5)]!;
      return bad;
    },
  ],
  [
    ...(['noise', 'noise behind a good Ethernet header'] as const),
    (f, rng) => f.map((byte, i) => (i < 14 ? byte : rng.below(256))),
  ],
];

const hostile: readonly Case[] = MUTATIONS.map(
  ([name, what, mutate]): Case => ({
    id: `leaks/hostile-${name}`,
    title: `foreign frames with ${what}, among good ones: dropped under a name, and nothing is left`,
    checks: 'robustness: every frame has one end',
    parameters: { name },
    isRandom: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const world = await c.world({ mode: 'transport', mtu: 1500 });
      const frames: Uint8Array[] = [];
      world.onFrame = (f) => frames.push(f.bytes.slice(f.offset, f.offset + f.lenBytes));
      await world.flow(0, { packets: 20, size: 'imix' });
      world.onFrame = null;
      for (let i = 0; i < 60; i++) {
        world.sim.inject(1, mutate(frames[rng.below(frames.length)]!, rng), rng.below(5000));
      }
      await world.flow(0, { packets: 20, size: 'imix' });
      // Pieces of frames that nobody sent wait for the rest of them.
      const r = await c.finish(world);
      c.equal('delivered', r.packets.delivered, 40);
      c.equal('mbufs, tags and descriptors left', r.tags.leaked, 0);
    },
  }),
);

export const LEAKS: readonly Case[] = [...wires, ...shortages, ...removals, ...resets, ...hostile];
