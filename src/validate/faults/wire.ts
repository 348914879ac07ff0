// SPDX-License-Identifier: BSD-2-Clause
import { TAP_INJECTED } from '../../harness/tap.ts';
import type { World } from '../../harness/world.ts';
import type { Fault } from './fault.ts';
import { dropped, faultWorld, worksAgain } from './scene.ts';

const PACKETS = 100;

/** What host 0 sends, as it is on the wire: copies. */
async function sentFrames(world: World, packets: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  world.onFrame = (f) => {
    if ((f.flags & TAP_INJECTED) === 0) frames.push(f.bytes.slice(f.offset, f.offset + f.lenBytes));
  };
  await world.flow(0, { packets, size: 300 });
  world.onFrame = null;
  return frames;
}

/** Puts frames on the wire towards host 1, a few at a time. */
async function inject(world: World, frames: readonly Uint8Array[]): Promise<void> {
  for (const [i, frame] of frames.entries()) {
    world.sim.inject(1, frame, 0);
    if (i % 32 === 31) await world.settle();
  }
  await world.settle();
}

const ETHER_BYTES = 14;

export const WIRE_FAULTS: readonly Fault[] = [
  {
    id: 'wire-bit-flip',
    title: 'one bit of every fifth frame is flipped on the wire',
    injected: 'flip_ppm 200000: the lone bit is the hardest to see',
    promise: {
      delivered: 'all that was not hit',
      counted:
        'a frame that was hit: nic.rxAuthFail, esp.noSa, a counter of ip or ether, rxFiltered',
      never: 'a packet that differs from what was sent',
    },
    async run(c) {
      const world = await faultWorld(c, { wire: { flipPpm: 200_000 } });
      await world.duplex({ packets: PACKETS, size: 'imix' });
      const { wireFlipped } = world.totals();
      const r = await c.finish(world);
      c.between('frames that were hit', wireFlipped, 20, 80);
      const missing = r.packets.sent - r.packets.delivered;
      c.between(
        'packets missing, one for a frame',
        missing,
        Math.ceil(wireFlipped / 2),
        wireFlipped,
      );
    },
  },
  {
    id: 'wire-truncation',
    title: 'frames are cut off on the wire, at every length',
    injected: 'a sent ESP frame again, cut to each length from 1 byte to one less than all',
    promise: {
      delivered: 'nothing of them',
      counted: 'rxLenBad, rxFiltered, ip.tooShort, nic.rxAuthFail: one for each',
      never: 'a read beyond the end; a packet made of a part',
    },
    async run(c) {
      const world = await faultWorld(c);
      const [frame] = await sentFrames(world, 5);
      const cut = Array.from({ length: frame!.length - 1 }, (_, i) => frame!.slice(0, i + 1));
      await inject(world, cut);
      await worksAgain(c, world);
      const { host1 } = { host1: world.hosts[1]! };
      const sum = Object.values(host1.nic.stats()).reduce((a, b) => a + b, 0);
      c.ok(sum > 0, 'the card has counted');
      const r = await c.finish(world);
      const counted = Object.entries(r.drops).reduce(
        (n, [name, k]) => n + (name === '' ? 0 : k),
        0,
      );
      c.equal('frames dropped under a name', counted, cut.length);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
    },
  },
  {
    id: 'wire-padding',
    title: 'frames grow on the wire: bytes behind the packet',
    injected: 'sent ESP frames again, each with 1 to 20 bytes behind its packet',
    promise: {
      delivered: 'nothing of them: their numbers are known',
      counted: 'esp.replay or nic.rxAuthFail: each',
      never: 'bytes behind the packet taken for part of it',
    },
    async run(c) {
      const world = await faultWorld(c);
      const frames = await sentFrames(world, 20);
      const padded = frames.map((f, i) => {
        const long = new Uint8Array(f.length + 1 + i);
        long.set(f);
        return long;
      });
      await inject(world, padded);
      await worksAgain(c, world);
      const r = await c.finish(world);
      const names = ['host1.esp.replay', 'host1.nic.rxAuthFail', 'host1.esp.badIcv'];
      c.equal('frames dropped', dropped(r, ...names), padded.length);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
    },
  },
  {
    id: 'wire-replay',
    title: 'frames come a second time, and a third',
    injected: 'all sent ESP frames again, in order and backwards',
    promise: {
      delivered: 'each packet once (RFC 4303 §3.4.3)',
      counted: 'esp.replay: each copy',
      never: 'a packet twice',
    },
    async run(c) {
      const world = await faultWorld(c);
      const frames = await sentFrames(world, 60);
      await inject(world, frames);
      await inject(world, [...frames].reverse());
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('esp.replay', dropped(r, 'host1.esp.replay'), 2 * frames.length);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
    },
  },
  {
    id: 'wire-runts',
    title: 'frames shorter than an Ethernet header, and longer than the card takes',
    injected: 'frames of 1 to 13 bytes, and of 9,216',
    promise: {
      delivered: 'nothing of them',
      counted: 'rxLenBad: each, or rxFiltered where there is no whole address',
      never: 'a completion for them',
    },
    async run(c) {
      const world = await faultWorld(c);
      const [frame] = await sentFrames(world, 1);
      const huge = new Uint8Array(9216);
      huge.set(frame!);
      const bad = [
        ...Array.from({ length: ETHER_BYTES - 1 }, (_, i) => frame!.slice(0, i + 1)),
        huge,
      ];
      await inject(world, bad);
      const { rxLenBad = 0, rxFiltered = 0 } = world.hosts[1]!.nic.stats();
      // Another card may leave it to its driver, or to the stack.
      if (c.driver === null) c.equal('rxLenBad and rxFiltered', rxLenBad + rxFiltered, bad.length);
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
      const counted = Object.values(r.drops).reduce((a, b) => a + b, 0);
      if (c.driver !== null) c.equal('frames dropped under a name', counted, bad.length);
    },
  },
  {
    id: 'wire-loss',
    title: 'the wire loses every fifth frame',
    injected: 'loss_ppm 200000',
    promise: {
      delivered: 'all others',
      counted: "lost: each, by the wire; the receiver's window moves on",
      never: 'a packet that is missing and was not lost',
    },
    async run(c) {
      const world = await faultWorld(c, { wire: { lossPercent: 20 } });
      await world.duplex({ packets: PACKETS, size: 'imix' });
      const r = await c.finish(world);
      c.between('frames lost', r.packets.lost, 15, 70);
      c.equal('delivered and lost', r.packets.delivered + r.packets.lost, r.packets.sent);
    },
  },
  {
    id: 'wire-reordering',
    title: 'frames overtake each other on the wire',
    injected: 'reorder_ppm 300000, by up to 1,000 cycles',
    promise: {
      delivered: 'all that lie within the replay window',
      counted: 'esp.replay: those that came too late for it',
      never: 'a packet lost without a name',
    },
    async run(c) {
      const world = await faultWorld(c, { wire: { reorderPpm: 300_000, reorderCycles: 1000 } });
      await world.duplex({ packets: PACKETS, size: 'imix' });
      const { wireReordered } = world.totals();
      const r = await c.finish(world);
      c.between('frames that were late', wireReordered, 30, 90);
      const late = dropped(r, 'host0.esp.replay', 'host1.esp.replay');
      c.equal('delivered and too late', r.packets.delivered + late, r.packets.sent);
    },
  },
];
