// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../dev/nic/nic_regs.ts';
import type { World } from '../../harness/world.ts';
import type { CaseRun } from '../case_run.ts';
import type { Fault } from './fault.ts';
import { dropped, faultWorld, flowWith, worksAgain } from './scene.ts';

const PACKETS = 100;

/** From now on the card of host n stores every SA of a window with one parity bit wrong. */
async function damaged(c: CaseRun, n: 0 | 1, window: number): Promise<World> {
  const world = await faultWorld(c);
  const bus = world.sim.buses[n]!;
  const write = bus.writeReg.bind(bus);
  let bit = 0;
  bus.writeReg = (offset, value) => {
    if (offset === window + R.SA_IDX && value >= R.SA_WRITE)
      write(window + R.SA_PARITY, 1 << (bit++ % 11));
    write(offset, value);
  };
  world.hosts[n]!.detach();
  world.hosts[n]!.attach();
  bus.writeReg = write;
  return world;
}

/** The card says what it found: a counter, and an interrupt of which the driver asks why. */
function reported(c: CaseRun, world: World, n: 0 | 1): number {
  const host = world.hosts[n]!;
  const { keyErrors } = host.nic.stats();
  c.ok(keyErrors > 0, 'the card counts it');
  c.ok(host.counters.get('nic.dmaErrors') > 0, 'an interrupt says it');
  return keyErrors;
}

/** When the SAs are written again the card does the crypto again. */
async function restored(c: CaseRun, world: World, n: 0 | 1, name: string): Promise<void> {
  const host = world.hosts[n]!;
  host.detach();
  host.attach();
  const before = host.counters.get(name);
  await worksAgain(c, world);
  c.ok(host.counters.get(name) > before, 'the card does crypto again');
}

export const KEY_FAULTS: readonly Fault[] = [
  {
    id: 'key-parity-sender',
    title: 'the memory of a transmit key has a flipped bit',
    injected: 'SA_PARITY before the SAs are written: one parity bit of each is wrong',
    promise: {
      delivered: 'all but what was posted before the driver heard of it; the rest goes by software',
      counted: 'nic.txKeyErr: each descriptor that the card refused; its number is not used again',
      never: 'a frame in clear, or under a key that is not the right one',
    },
    needsOwnRegisters: true,
    async run(c) {
      const world = await damaged(c, 0, R.SA_TX);
      await flowWith(world, PACKETS, () => {}, 300);
      const found = reported(c, world, 0);
      c.ok(world.hosts[0]!.counters.get('nic.txFinishedInSoftware') > 0, 'software sends the rest');
      await restored(c, world, 0, 'nic.txOffloaded');
      const r = await c.finish(world);
      c.equal('nic.txKeyErr', dropped(r, 'host0.nic.txKeyErr'), found);
      c.equal('packets missing', r.packets.sent - r.packets.delivered, found);
    },
  },
  {
    id: 'key-parity-receiver',
    title: 'the memory of a receive key has a flipped bit',
    injected: 'SA_PARITY before the SAs are written: one parity bit of each is wrong',
    promise: {
      delivered: 'all: what the card leaves encrypted is decrypted by software',
      counted: 'nic.rxKeyErr: each frame',
      never: 'plaintext under a key that is not the right one',
    },
    needsOwnRegisters: true,
    async run(c) {
      const world = await damaged(c, 1, R.SA_RX);
      await flowWith(world, PACKETS, () => {}, 300);
      c.equal('keyErrors', reported(c, world, 1), PACKETS);
      c.equal('nic.rxKeyErr', world.hosts[1]!.counters.get('nic.rxKeyErr'), PACKETS);
      await restored(c, world, 1, 'nic.rxOffloaded');
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
      c.equal('drops', r.drops, {});
    },
  },
];
