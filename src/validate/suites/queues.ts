// SPDX-License-Identifier: BSD-2-Clause
import { FAULT_WRITE_ERROR, STOP_BUDGET, STOP_IRQ } from '../../dev/nic/nic_bus.ts';
import { spiQueue } from '../../dev/nic/nic_flow.ts';
import * as R from '../../dev/nic/nic_regs.ts';
import { Rng } from '../../kern/rng.ts';
import type { Case } from '../case.ts';
import { espClear, testSa } from '../frames.ts';
import { install, sendOffload } from '../offload_frames.ts';
import type { Rig } from '../rig.ts';

const SAS = 20;
const PACKETS = 200;

/** Completions of a queue, as the card counts them. */
function written(rig: Rig, card: number, block: number, queue: number): number {
  return rig.world.buses[card]!.readReg(R.queueBlock(block, queue) + R.RING_TAIL);
}

/** An SPI whose frames go to a queue of four. */
function spiOf(queue: number): number {
  let spi = 256;
  while (spiQueue(spi, 4) !== queue) spi++;
  return spi;
}

const spread: readonly Case[] = [2, 3, 4].map(
  (queues): Case => ({
    id: `rings/queues-${queues}`,
    needsQueues: true,
    title: `${SAS} SAs over ${queues} queues: by SPI both ways, each in order, numbers used once`,
    checks: 'register contract: queues, indirection table',
    parameters: { queues },
    isRandom: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const rig = await c.ownRig({ options: { queues, log2Tx: 4 + rng.below(3) } });
      const spis = Array.from({ length: SAS }, () => 256 + rng.below(0x7fff_0000));
      const sas = spis.map((spi) => install(rig.a, testSa('out', spi)));
      for (const spi of spis) install(rig.b, testSa('in', spi));
      const seqs = spis.map(() => 0);
      const perQueue = new Array<number>(queues).fill(0);
      for (let n = 0; n < PACKETS; n++) {
        const i = rng.below(SAS);
        const shape = { to: 1, spi: spis[i]!, seq: ++seqs[i]!, payloadBytes: 40 + rng.below(400) };
        const errno = sendOffload(rig.a, shape, testSa('out', spis[i]!), sas[i]!);
        c.equal('errno of transmit', errno, 0);
        perQueue[spiQueue(spis[i]!, queues)]!++;
        if (rig.a.nic.txOutstanding > 12) rig.settle();
      }
      rig.settle();
      const all = perQueue.map((_, q) => q);
      c.equal(
        'sent, by queue',
        all.map((q) => written(rig, 0, R.RING_TXC, q)),
        perQueue,
      );
      c.equal(
        'received, by queue',
        all.map((q) => written(rig, 1, R.RING_RXC, q)),
        perQueue,
      );
      const came = spis.map(() => 0);
      for (const { bytes, report } of rig.b.received) {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const i = spis.indexOf(view.getUint32(34));
        c.ok(report !== null, 'the card decrypted it');
        c.equal(`number under SPI ${spis[i]}`, view.getUint32(38), ++came[i]!);
      }
      c.equal('received, by SA', came, seqs);
    },
  }),
);

export const QUEUE_RINGS: readonly Case[] = [
  ...spread,
  {
    id: 'rings/queues-world',
    needsQueues: true,
    title: 'whole hosts on cards with four queues: all is delivered, nothing in clear',
    checks: 'driver contract: option queues',
    needsOwnRegisters: true,
    async run(c) {
      const world = await c.world({ mode: 'transport', card: { queues: 4 } });
      await world.duplex({ packets: 80, size: 'imix' });
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
      c.equal('drops', r.drops, {});
      c.ok(r.packets.offloadedTx > 0 && r.packets.offloadedRx > 0, 'the cards did the crypto');
    },
  },
  {
    id: 'rings/queues-fair',
    needsQueues: true,
    title: 'few frames of one queue do not wait for the many of another',
    checks: 'register contract: queues take turns',
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.rig({ options: { queues: 4 } });
      // All that is received comes to one queue, so that it is seen in the order of the wire.
      for (let i = 0; i < R.RSS_ENTRIES; i += 4) rig.world.buses[1]!.writeReg(R.RSS + i, 0);
      const post = (queue: number, packets: number, payloadBytes: number): void => {
        const sa = testSa('out', spiOf(queue));
        const cardSa = install(rig.a, sa);
        for (let seq = 1; seq <= packets; seq++)
          sendOffload(rig.a, { to: 1, spi: sa.spi, seq, payloadBytes }, sa, cardSa);
      };
      // Long frames: the next descriptor of the busy queue is there before one is sent.
      post(1, 60, 1400);
      post(2, 6, 200);
      rig.settle();
      const queues = rig.b.received.map(({ bytes }) =>
        spiQueue(new DataView(bytes.buffer, bytes.byteOffset).getUint32(34), 4),
      );
      c.equal('frames received', queues.length, 66);
      c.between('place of the last of the few', queues.lastIndexOf(2), 6, 20);
    },
  },
  {
    id: 'rings/queues-lost-completion',
    needsQueues: true,
    title: 'a completion of another queue than the first does not reach memory: found and counted',
    checks: 'driver contract: lost completions',
    async run(c) {
      const rig = await c.rig({ options: { queues: 4 } });
      for (let queue = 0; queue < 4; queue++) {
        const sa = testSa('out', spiOf(queue));
        const cardSa = install(rig.a, sa);
        rig.world.run(200);
        rig.world.fault(0, FAULT_WRITE_ERROR, 1);
        sendOffload(rig.a, { to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 }, sa, cardSa);
        rig.settle();
        c.equal(`nic.txDmaErr, queue ${queue}`, rig.a.count('nic.txDmaErr'), queue + 1);
        c.equal('descriptors out', rig.a.nic.txOutstanding, 0);
      }
      c.equal('frames received', rig.b.received.length, 4);
    },
  },
  {
    id: 'rings/queues-off',
    needsQueues: true,
    title: 'a frame for a queue whose rings are off comes to queue 0',
    checks: 'register contract: indirection table',
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig({ options: { queues: 2 } });
      const bus = rig.world.buses[1]!;
      for (let i = 0; i < R.RSS_ENTRIES; i += 4) bus.writeReg(R.RSS + i, 0x02020202);
      rig.inject(1, espClear({ to: 1, spi: 0x1234, seq: 1, payloadBytes: 64 }), 0);
      rig.settle();
      c.equal(
        'received, by queue',
        [0, 1].map((q) => written(rig, 1, R.RING_RXC, q)),
        [1, 0],
      );
    },
  },
];

export const QUEUE_INTERRUPTS: readonly Case[] = [
  {
    id: 'interrupts/queue-causes',
    needsQueues: true,
    title: 'each queue has causes and masks of its own; what came while masked rises with the mask',
    checks: 'register contract: EICR, EIMS, EIMC',
    needsOwnRegisters: true,
    async run(c) {
      const options = { queues: 4, itrCount: 1, itrIntervalCycles: 0 };
      const rig = await c.ownRig({ options });
      const bus = rig.world.buses[1]!;
      for (let q = 1; q < 4; q++) {
        const spi = spiOf(q);
        bus.writeReg(R.REG_EIMC, R.irqRxc(q));
        rig.inject(1, espClear({ to: 1, spi, seq: 1, payloadBytes: 64 }), 0);
        c.equal(`masked, queue ${q}`, rig.world.run(3000), STOP_BUDGET);
        c.equal('causes', bus.readReg(R.REG_EICR) & ~R.IRQ_SCRUB_DONE, R.irqRxc(q));
        bus.writeReg(R.REG_EIMS, R.irqRxc(q));
        c.equal(`unmasked, queue ${q}`, rig.world.run(3000), STOP_IRQ);
        c.equal('frames served', rig.b.nic.intr(), 1);
        c.equal('afterwards', rig.world.run(3000), STOP_BUDGET);
      }
    },
  },
];
