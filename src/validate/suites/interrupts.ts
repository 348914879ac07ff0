// SPDX-License-Identifier: BSD-2-Clause
import { STOP_BUDGET, STOP_IRQ } from '../../dev/nic/nic_bus.ts';
import * as R from '../../dev/nic/nic_regs.ts';
import { Rng } from '../../kern/rng.ts';
import type { Case } from '../case.ts';
import { plainFrame } from '../frames.ts';

const CONTRACT = 'register contract: EICR, EIMS, EIMC, EICS, ITR';

const byCount: readonly Case[] = [2, 8, 32].map(
  (itrCount): Case => ({
    id: `interrupts/count-${itrCount}`,
    title: `the line rises with completion ${itrCount} of a batch, long before the interval`,
    checks: CONTRACT,
    parameters: { itrCount },
    async run(c) {
      const rig = await c.rig({ options: { itrCount, itrIntervalCycles: 60_000 } });
      for (let i = 1; i < itrCount; i++) rig.inject(1, plainFrame(1, 64, i), 0);
      c.equal('one completion short', rig.world.run(8000), STOP_BUDGET);
      const begun = rig.world.cycle;
      rig.inject(1, plainFrame(1, 64, 0), 0);
      c.equal('the last completion', rig.world.run(8000), STOP_IRQ);
      c.between('cycles to the interrupt', rig.world.cycle - begun, 1, 8000);
      c.equal('frames served', rig.b.nic.intr(), itrCount);
    },
  }),
);

const byAge: readonly Case[] = [200, 1000, 3000, 20_000].map(
  (itrIntervalCycles): Case => ({
    id: `interrupts/interval-${itrIntervalCycles}`,
    title: `a lonely completion is announced ${itrIntervalCycles} cycles later, once`,
    checks: CONTRACT,
    parameters: { itrIntervalCycles },
    async run(c) {
      const rig = await c.rig({ options: { itrCount: 32, itrIntervalCycles } });
      rig.inject(1, plainFrame(1, 64, 1), 0);
      const begun = rig.world.cycle;
      c.equal('the line', rig.world.run(40_000), STOP_IRQ);
      const after = rig.world.cycle - begun;
      c.between('cycles', after, itrIntervalCycles, itrIntervalCycles + 1500);
      rig.b.nic.intr();
      c.equal('afterwards', rig.world.run(itrIntervalCycles + 8000), STOP_BUDGET);
    },
  }),
);

/** Completions that come while others are served, with a budget that leaves some behind. */
const noneLost: readonly Case[] = [1, 2, 3, 5, 8, 13].map(
  (budget): Case => ({
    id: `interrupts/none-lost-${budget}`,
    title: `frames at random times, served ${budget} at a time: no wake-up is lost`,
    checks: 'register contract: pending completions keep the line up',
    parameters: { budget },
    isRandom: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const options = { itrCount: rng.below(20), itrIntervalCycles: rng.below(2500) };
      const rig = await c.rig({ options });
      let got = 0;
      rig.b.nic.input = (m) => {
        got++;
        rig.b.pool.free(m);
      };
      rig.world.run(0);
      for (let i = 0; i < 60; i++) rig.world.inject(1, plainFrame(1, 64, i), rng.below(6000));
      let stops = 0;
      for (; rig.world.run(30_000) === STOP_IRQ; stops++) {
        rig.b.nic.intr(budget);
        c.ok(stops < 1000, 'the line falls when all is served');
      }
      c.record('interrupts', stops);
      c.equal('frames', got, 60);
      c.equal('frames that nobody announced', rig.b.nic.poll(), 0);
    },
  }),
);

const causes: readonly Case[] = [
  {
    id: 'interrupts/masked',
    title: 'a masked cause is silent, shows in EICR, and rises when it is unmasked',
    checks: CONTRACT,
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.rig({ options: { itrCount: 1, itrIntervalCycles: 0 } });
      const bus = rig.world.buses[1]!;
      bus.writeReg(R.REG_EIMC, R.IRQ_RXC);
      rig.inject(1, plainFrame(1, 64, 1), 0);
      c.equal('masked', rig.world.run(5000), STOP_BUDGET);
      c.ok((bus.readReg(R.REG_EICR) & R.IRQ_RXC) !== 0, 'EICR.RXC is set');
      bus.writeReg(R.REG_EIMS, R.IRQ_RXC);
      c.equal('unmasked', rig.world.run(5000), STOP_IRQ);
      rig.settle();
      c.equal('frames', rig.b.received.length, 1);
    },
  },
  {
    id: 'interrupts/spurious',
    title: 'an interrupt that software raised is acknowledged, and nothing is served',
    checks: CONTRACT,
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.rig();
      const bus = rig.world.buses[0]!;
      bus.writeReg(R.REG_EIMS, R.IRQ_SW);
      bus.writeReg(R.REG_EICS, R.IRQ_SW);
      c.equal('the line', rig.world.run(1000), STOP_IRQ);
      c.equal('frames served', rig.a.nic.intr(), 0);
      c.equal('afterwards', rig.world.run(1000), STOP_BUDGET);
    },
  },
  {
    id: 'interrupts/no-cause',
    title: 'the handler without a cause does nothing, however often it is called',
    checks: 'driver contract: shared lines',
    async run(c) {
      const rig = await c.rig();
      for (let i = 0; i < 20; i++) c.equal('frames served', rig.b.nic.intr(), 0);
      rig.inject(1, plainFrame(1, 64, 1), 0);
      rig.settle();
      c.equal('frames', rig.b.received.length, 1);
    },
  },
  {
    id: 'interrupts/w1c',
    title: 'a sticky cause is cleared by writing 1 to it, and by nothing else',
    checks: CONTRACT,
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.rig();
      const bus = rig.world.buses[0]!;
      const sw = (): number => bus.readReg(R.REG_EICR) & R.IRQ_SW;
      bus.writeReg(R.REG_EICS, R.IRQ_SW);
      c.equal('raised', sw(), R.IRQ_SW);
      bus.writeReg(R.REG_EICR, R.IRQ_ERR);
      c.equal('after a write of another bit', sw(), R.IRQ_SW);
      bus.writeReg(R.REG_EICR, R.IRQ_SW);
      c.equal('after its own bit', sw(), 0);
    },
  },
  {
    id: 'interrupts/tx-completion',
    title: 'a transmit completion is announced as a receive completion is',
    checks: CONTRACT,
    async run(c) {
      const rig = await c.rig({ options: { itrCount: 4, itrIntervalCycles: 60_000 } });
      for (let i = 0; i < 4; i++) rig.a.send(plainFrame(1, 64, i));
      rig.a.nic.flush();
      c.equal('the line', rig.world.run(20_000), STOP_IRQ);
      c.ok(rig.world.irq(0), 'it is the line of the sender');
      rig.a.nic.intr();
      c.equal('descriptors out', rig.a.nic.txOutstanding, 0);
    },
  },
];

export const INTERRUPTS: readonly Case[] = [...byCount, ...byAge, ...noneLost, ...causes];
