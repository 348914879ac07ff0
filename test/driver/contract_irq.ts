// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { STOP_BUDGET, STOP_IRQ } from '../../src/dev/nic/nic_bus.ts';
import * as R from '../../src/dev/nic/nic_regs.ts';
import { plainFrame } from '../../src/validate/frames.ts';
import { type MakeWorld, Rig } from '../../src/validate/rig.ts';

/** Interrupts and their moderation. */
export function irqContract(makeWorld: MakeWorld): void {
  describe('interrupts', () => {
    let rig: Rig;
    afterEach(() => rig.close());

    test('count: the line rises with the last completion of a batch, long before the interval', () => {
      rig = new Rig(makeWorld, { options: { itrCount: 8, itrIntervalCycles: 60000 } });
      const start = rig.world.cycle;
      for (let i = 0; i < 7; i++) rig.inject(1, plainFrame(1, 64, i), 0);
      expect(rig.world.run(5000)).toBe(STOP_BUDGET);
      expect(rig.world.irq(1)).toBe(false);
      rig.inject(1, plainFrame(1, 64, 7), 0);
      expect(rig.world.run(5000)).toBe(STOP_IRQ);
      expect(rig.world.irq(1)).toBe(true);
      expect(rig.world.cycle - start).toBeLessThan(10000);
      expect(rig.b.nic.intr()).toBe(8);
    });

    test('interval: one lonely completion is announced when it is old enough', () => {
      rig = new Rig(makeWorld, { options: { itrCount: 32, itrIntervalCycles: 3000 } });
      rig.inject(1, plainFrame(1, 64, 1), 0);
      const start = rig.world.cycle;
      expect(rig.world.run(20000)).toBe(STOP_IRQ);
      const after = rig.world.cycle - start;
      expect(after).toBeGreaterThanOrEqual(3000);
      expect(after).toBeLessThan(4000);
      rig.b.nic.intr();
      expect(rig.world.run(8000)).toBe(STOP_BUDGET);
    });

    test('a completion that comes while the last ones are being polled is announced all the same', () => {
      rig = new Rig(makeWorld, { options: { itrCount: 4, itrIntervalCycles: 500 } });
      let got = 0;
      for (let i = 0; i < 120; i++) {
        rig.inject(1, plainFrame(1, 64, i), (i * 97) % 1301);
      }
      rig.b.nic.input = (m) => {
        got++;
        rig.b.pool.free(m);
      };
      let stops = 0;
      while (rig.world.run(100_000) === STOP_IRQ) {
        stops++;
        // A budget of 3 leaves completions behind now and then: they keep the line up.
        rig.b.nic.intr(3);
        expect(stops).toBeLessThan(400);
      }
      expect(got).toBe(120);
    });

    test('whatever the moderation, arrivals and budgets: no wake-up is lost', () => {
      const arrivals = fc.array(fc.nat(3000), { minLength: 1, maxLength: 60 });
      const settings = fc.record({
        itrCount: fc.nat(40),
        itrIntervalCycles: fc.nat(2500),
        budget: fc.integer({ min: 1, max: 20 }),
      });
      fc.assert(
        fc.property(settings, arrivals, ({ budget, ...options }, delays) => {
          rig?.close();
          rig = new Rig(makeWorld, { options });
          let got = 0;
          rig.b.nic.input = (m) => {
            got++;
            rig.b.pool.free(m);
          };
          rig.world.run(0);
          for (const [i, delay] of delays.entries())
            rig.world.inject(1, plainFrame(1, 64, i), delay);
          for (let stops = 0; rig.world.run(20_000) === STOP_IRQ; stops++) {
            rig.b.nic.intr(budget);
            if (stops > 1000) throw new Error('the line does not fall');
          }
          expect(got).toBe(delays.length);
          expect(rig.b.nic.poll()).toBe(0);
        }),
        { numRuns: 12, seed: 20261126 },
      );
    });

    test('masked causes are silent, and there when unmasked', () => {
      rig = new Rig(makeWorld, { options: { itrCount: 1, itrIntervalCycles: 0 } });
      const bus = rig.world.buses[1]!;
      bus.writeReg(R.REG_EIMC, R.IRQ_RXC);
      rig.inject(1, plainFrame(1, 64, 1), 0);
      expect(rig.world.run(5000)).toBe(STOP_BUDGET);
      expect(bus.readReg(R.REG_EICR) & R.IRQ_RXC).toBe(R.IRQ_RXC);
      bus.writeReg(R.REG_EIMS, R.IRQ_RXC);
      expect(rig.world.run(5000)).toBe(STOP_IRQ);
      rig.settle();
      expect(rig.b.received.length).toBe(1);
    });

    test('software can raise an interrupt, and the driver acknowledges what it did not cause', () => {
      rig = new Rig(makeWorld);
      const bus = rig.world.buses[0]!;
      bus.writeReg(R.REG_EIMS, R.IRQ_SW);
      bus.writeReg(R.REG_EICS, R.IRQ_SW);
      expect(rig.world.run(1000)).toBe(STOP_IRQ);
      expect(rig.a.nic.intr()).toBe(0);
      expect(rig.world.run(1000)).toBe(STOP_BUDGET);
    });
  });
}
