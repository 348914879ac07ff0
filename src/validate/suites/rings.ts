// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../dev/nic/nic_regs.ts';
import { ENOBUFS } from '../../kern/errno.ts';
import type { Case } from '../case.ts';
import { hex, plainFrame } from '../frames.ts';

const SMALL = { log2Tx: 4, log2Rx: 4, log2Txc: 4, log2Rxc: 4 };

/** Descriptor rings: wrap, full, empty, and indices that cannot be. */
export const RINGS: readonly Case[] = [
  ...[4, 5, 6, 8].map(
    (log2): Case => ({
      id: `rings/wrap-${1 << log2}`,
      title: `rings of ${1 << log2} entries wrap four times, and the phase bits with them`,
      checks: 'descriptor contract: indices run on, the phase turns at each wrap',
      parameters: { log2 },
      async run(c) {
        const rig = await c.rig({
          options: { log2Tx: log2, log2Rx: log2, log2Txc: log2, log2Rxc: log2 },
        });
        const sent: Uint8Array[] = [];
        for (let i = 0; i < 4 << log2; i++) {
          const frame = plainFrame(1, 60 + (i % 7), i);
          sent.push(frame);
          c.equal('errno of transmit', rig.a.send(frame), 0);
          if (i % 9 === 8) rig.settle();
        }
        rig.settle();
        c.equal('frames received', hex(rig.b.received.map((r) => r.bytes)), hex(sent));
        c.equal(
          'cookies that nobody gave',
          rig.a.count('nic.cookie') + rig.b.count('nic.cookie'),
          0,
        );
      },
    }),
  ),
  {
    id: 'rings/tx-full',
    title: 'a full transmit ring refuses with ENOBUFS and counts; drained, it works again',
    checks: 'driver contract: transmit() never blocks',
    async run(c) {
      const rig = await c.rig({ options: SMALL });
      const results = Array.from({ length: 18 }, (_, i) => rig.a.send(plainFrame(1, 64, i)));
      c.equal('errnos', results, [...new Array(16).fill(0), ENOBUFS, ENOBUFS]);
      c.equal('nic.txRingFull', rig.a.count('nic.txRingFull'), 2);
      rig.settle();
      c.equal('frames received', rig.b.received.length, 16);
      c.equal('errno when drained', rig.a.send(plainFrame(1, 64, 99)), 0);
      rig.settle();
      c.equal('frames received then', rig.b.received.length, 17);
    },
  },
  {
    id: 'rings/doorbell-too-far',
    title: 'a doorbell beyond the ring is ignored and reported as an error',
    checks: 'register contract: TAIL is at most one ring ahead of HEAD',
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.rig({ options: SMALL });
      const bus = rig.world.buses[0]!;
      bus.writeReg(R.RING_TX + R.RING_TAIL, 17);
      rig.world.run(100);
      c.equal('TAIL', bus.readReg(R.RING_TX + R.RING_TAIL), 0);
      c.ok((bus.readReg(R.REG_EICR) & R.IRQ_ERR) !== 0, 'EICR.ERR is set');
      rig.settle();
      c.ok(!rig.world.irq(0), 'the line falls when the driver has seen it');
      c.equal('nic.dmaErrors', rig.a.count('nic.dmaErrors'), 1);
    },
  },
];
