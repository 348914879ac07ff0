// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../dev/nic/nic_regs.ts';
import type { Fault } from './fault.ts';
import { dropped, faultWorld, flowWith, worksAgain } from './scene.ts';

const PACKETS = 100;

export const INTERRUPT_FAULTS: readonly Fault[] = [
  {
    id: 'interrupt-lost',
    title: 'no interrupt reaches the hosts any more',
    injected: 'EIMC masks every cause of both cards in mid-flow',
    promise: {
      delivered: 'all: the poll that comes now and then finds them',
      counted: 'nothing',
      never: 'a completion that waits for the next interrupt',
    },
    needsOwnRegisters: true,
    async run(c) {
      const world = await faultWorld(c);
      await flowWith(world, PACKETS, (step) => {
        if (step !== 1) return;
        for (const bus of world.sim.buses) bus.writeReg(R.REG_EIMC, 0xffffffff);
      });
      c.ok(!world.sim.irq(0) && !world.sim.irq(1), 'the interrupt lines are low');
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
      c.equal('drops', r.drops, {});
    },
  },
  {
    id: 'interrupt-spurious',
    title: 'interrupts come for which there is no reason',
    injected: 'EICS raises IRQ_SW at both cards at every step, with nothing to take and with',
    promise: {
      delivered: 'all, once',
      counted: 'nothing',
      never: 'a line that stays high; a completion taken before it is there',
    },
    needsOwnRegisters: true,
    async run(c) {
      const world = await faultWorld(c);
      for (const bus of world.sim.buses) bus.writeReg(R.REG_EIMS, R.IRQ_SW);
      const raise = (): void => {
        for (const bus of world.sim.buses) bus.writeReg(R.REG_EICS, R.IRQ_SW);
      };
      raise();
      for (let n = 0; n < 4; n++) world.step();
      await flowWith(world, PACKETS, raise);
      await world.settle();
      for (let n = 0; n < 4; n++) world.step();
      c.ok(!world.sim.irq(0) && !world.sim.irq(1), 'the interrupt lines are low in the end');
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
      c.equal('drops', r.drops, {});
    },
  },
  {
    id: 'interrupt-spurious-error',
    title: 'the card reports an error that did not happen',
    injected: 'EICS raises IRQ_ERR, five times, with the rings at rest',
    promise: {
      delivered: 'all',
      counted: 'nic.dmaErrors: each report',
      never: 'a packet given up for it',
    },
    needsOwnRegisters: true,
    async run(c) {
      const world = await faultWorld(c);
      for (let n = 0; n < 5; n++) {
        world.sim.buses[0]!.writeReg(R.REG_EICS, R.IRQ_ERR);
        await world.settle();
      }
      c.equal('nic.dmaErrors', world.hosts[0]!.counters.get('nic.dmaErrors'), 5);
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
      c.equal('nic.txDmaErr', dropped(r, 'host0.nic.txDmaErr'), 0);
    },
  },
  ...(
    [
      ['storm', 'every completion interrupts', { itrCount: 1, itrIntervalCycles: 1 }],
      ['late', 'interrupts are held back for long', { itrCount: 255, itrIntervalCycles: 65_535 }],
    ] as const
  ).map(
    ([name, title, card]): Fault => ({
      id: `interrupt-${name}`,
      title,
      injected: `ITR: count ${card.itrCount}, interval ${card.itrIntervalCycles} cycles`,
      promise: { delivered: 'all', counted: 'nothing', never: 'a wake-up that is lost' },
      async run(c) {
        const world = await faultWorld(c, { card });
        await world.duplex({ packets: 60, size: 'imix' });
        const r = await c.finish(world);
        c.equal('packets delivered', r.packets.delivered, r.packets.sent);
        c.equal('drops', r.drops, {});
      },
    }),
  ),
];
