// SPDX-License-Identifier: BSD-2-Clause
import { FAULT_READ_ERROR } from '../../dev/nic/nic_bus.ts';
import type { Case } from '../case.ts';
import { hex, plainFrame } from '../frames.ts';

/** What the card, its bus or its memory does wrong, and what is promised all the same. */
export const FAULTS: readonly Case[] = [
  {
    id: 'faults/read-error',
    title: 'a read error: the frame is not sent and counted, and the next one is sent',
    checks: 'descriptor contract: a bus error ends in an error completion',
    async run(c) {
      const rig = await c.rig();
      rig.world.fault(0, FAULT_READ_ERROR, 1);
      rig.a.send(plainFrame(1, 600, 1));
      rig.settle();
      c.equal('frames received', rig.b.received.length, 0);
      c.equal('nic.txDmaErr', rig.a.count('nic.txDmaErr'), 1);
      const next = plainFrame(1, 600, 2);
      rig.a.send(next);
      rig.settle();
      c.equal('the next frame', hex(rig.b.received.map((r) => r.bytes)), hex([next]));
    },
  },
];
