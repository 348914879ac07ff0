// SPDX-License-Identifier: BSD-2-Clause
import type { Hazard } from './hazard.ts';
import { sayNow } from './lab.ts';

const PACKETS = 10;

/** Lengths, buffers, and a card that goes away. */
export const CARD_HAZARDS: readonly Hazard[] = [
  {
    id: 'H16',
    title: 'an interface goes away with packets in its rings',
    rule: 'detach-frees',
    reason: 'the driver frees what the card had; else mbufs and tags are left for ever',
    expected: {
      withRule: { leaked: 0, 'host0.nic.txDiscarded': PACKETS },
      withoutRule: { leaked: 2 * PACKETS, 'host0.nic.txDiscarded': PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const [host] = world.hosts;
      sayNow(host!, PACKETS);
      host!.nic.detach();
      return lab.figures();
    },
  },
  {
    id: 'H26',
    title: 'with ESP the packet does not fit the MTU',
    rule: 'fragment',
    reason:
      'a packet that must be cut is software’s from the start, and the gate finishes what still waits ' +
      'before it is cut; else its fragments leave with the payload in clear',
    expected: {
      withRule: { delivered: PACKETS, software: PACKETS },
      withoutRule: { delivered: 0, plaintextLeaks: PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      await world.flow(0, { packets: PACKETS, size: 1465 });
      return lab.figures();
    },
  },
  {
    id: 'H28',
    title: 'short ESP packets are lost',
    rule: 'any-length',
    reason: 'UDP with one byte is 44 bytes of ESP; the card takes them, the frame is padded',
    expected: {
      withRule: { delivered: PACKETS, hardware: PACKETS },
      withoutRule: { delivered: 0, 'host0.nic.txTooShort': PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      await world.flow(0, { packets: PACKETS, size: 1 });
      return lab.figures();
    },
  },
  {
    id: 'H29',
    title: 'jumbo frames break the path that frees a packet',
    rule: 'free-once',
    reason:
      'frames of 9000 bytes arrive where buffers hold 1500; each buffer comes back with an error and ' +
      'is freed by one owner. A second free is found by the pool, which stops the host',
    expected: {
      withRule: { 'host1.nic.rxTooBig': PACKETS, panics: 0 },
      withoutRule: { panics: 1 },
    },
    async run(lab) {
      const world = await lab.world({ card: { maxFrameBytes: 9100 } });
      const frame = new Uint8Array(9014);
      frame.set(world.hosts[1]!.nic.lladdr, 0);
      frame.set([8, 0, 0x45], 12);
      for (let i = 0; i < PACKETS; i++) world.sim.inject(1, frame, 3000 * (i + 1));
      try {
        await world.settle();
      } catch (error) {
        if (!(error as Error).message.includes('freed twice')) throw error;
        return { panics: 1 };
      }
      return lab.figures();
    },
  },
];
