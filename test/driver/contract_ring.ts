// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../src/dev/nic/nic_regs.ts';
import { ENOBUFS } from '../../src/kern/errno.ts';
import { hex, plainFrame } from '../../src/validate/frames.ts';
import { type MakeWorld, Rig } from '../../src/validate/rig.ts';

const SMALL = { log2Tx: 4, log2Rx: 4, log2Txc: 4, log2Rxc: 4 };

/** Rings: wrap, full, empty, and indices that cannot be. */
export function ringContract(makeWorld: MakeWorld): void {
  describe('rings', () => {
    let rig: Rig;
    afterEach(() => rig.close());

    test('rings wrap many times, and phase bits with them', () => {
      rig = new Rig(makeWorld, { options: SMALL });
      const sent: Uint8Array[] = [];
      for (let i = 0; i < 200; i++) {
        const frame = plainFrame(1, 60 + (i % 7), i);
        sent.push(frame);
        expect(rig.a.send(frame)).toBe(0);
        if (i % 9 === 8) rig.settle();
      }
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex(sent));
      expect(rig.a.count('nic.cookie') + rig.b.count('nic.cookie')).toBe(0);
    });

    test('a full transmit ring refuses with ENOBUFS and counts; it works again when drained', () => {
      rig = new Rig(makeWorld, { options: SMALL });
      const results: number[] = [];
      for (let i = 0; i < 18; i++) results.push(rig.a.send(plainFrame(1, 64, i)));
      expect(results.slice(0, 16)).toEqual(new Array(16).fill(0));
      expect(results.slice(16)).toEqual([ENOBUFS, ENOBUFS]);
      expect(rig.a.count('nic.txRingFull')).toBe(2);
      rig.settle();
      expect(rig.b.received.length).toBe(16);
      expect(rig.a.send(plainFrame(1, 64, 99))).toBe(0);
      rig.settle();
      expect(rig.b.received.length).toBe(17);
    });

    test('a full completion ring makes the card wait, and loses nothing', () => {
      rig = new Rig(makeWorld, { options: { ...SMALL, log2Tx: 6, log2Rx: 6 } });
      const sent = Array.from({ length: 60 }, (_, i) => plainFrame(1, 64, i));
      for (const frame of sent) expect(rig.a.send(frame)).toBe(0);
      rig.a.nic.flush();
      for (let i = 0; i < 20; i++) rig.world.run(1000);
      expect(rig.a.nic.txOutstanding).toBe(60);
      rig.settle();
      expect(rig.a.nic.txOutstanding).toBe(0);
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex(sent));
    });

    test('out of receive buffers: frames wait in the card, and come when there are mbufs', () => {
      rig = new Rig(makeWorld, { options: SMALL, mbufBytes: 24 * 9280 });
      const held: number[] = [];
      for (let m = rig.b.pool.alloc(); m >= 0; m = rig.b.pool.alloc()) held.push(m);
      const sent = Array.from({ length: 20 }, (_, i) => plainFrame(1, 200, i));
      for (const frame of sent) rig.inject(1, frame, 0);
      for (let i = 0; i < 40; i++) {
        rig.world.run(500);
        // Frames are kept by the host, so no mbuf comes back.
        if (i === 0) rig.b.nic.input = (m) => held.push(m);
        rig.b.nic.poll();
      }
      expect(rig.b.count('nic.rxNoMbuf')).toBeGreaterThan(0);
      expect(rig.b.nic.rxOutstanding).toBe(0);
      const kept = held.slice(-16).map((m) => {
        const at = rig.b.pool.off[m]!;
        return rig.b.pool.data.slice(at, at + rig.b.pool.len[m]!);
      });
      expect(hex(kept)).toEqual(hex(sent.slice(0, 16)));
      for (const m of held) rig.b.pool.free(m);
      const rest: Uint8Array[] = [];
      rig.b.nic.input = (m) => {
        const at = rig.b.pool.off[m]!;
        rest.push(rig.b.pool.data.slice(at, at + rig.b.pool.len[m]!));
        rig.b.pool.free(m);
      };
      rig.settle();
      expect(hex(rest)).toEqual(hex(sent.slice(16)));
    });

    test('a doorbell beyond the ring size is ignored and reported as an error', () => {
      rig = new Rig(makeWorld, { options: SMALL });
      const bus = rig.world.buses[0]!;
      bus.writeReg(R.RING_TX + R.RING_TAIL, 17);
      rig.world.run(100);
      expect(bus.readReg(R.RING_TX + R.RING_TAIL)).toBe(0);
      expect(bus.readReg(R.REG_EICR) & R.IRQ_ERR).toBe(R.IRQ_ERR);
      rig.world.run(100);
      expect(rig.world.irq(0)).toBe(true);
      rig.settle();
      expect(rig.world.irq(0)).toBe(false);
      expect(rig.a.count('nic.dmaErrors')).toBe(1);
      expect(rig.a.send(plainFrame(1, 64, 1))).toBe(0);
      rig.settle();
      expect(rig.b.received.length).toBe(1);
    });

    test('the watchdog says when descriptors do not come back', () => {
      rig = new Rig(makeWorld, { options: SMALL });
      const { nic } = rig.a;
      expect(nic.stalled(rig.world.cycle, 1000)).toBe(false);
      rig.a.send(plainFrame(1, 64, 1));
      // No doorbell: the card knows nothing of it.
      rig.world.run(100);
      expect(nic.stalled(rig.world.cycle, 1000)).toBe(false);
      rig.world.run(2000);
      expect(nic.stalled(rig.world.cycle, 1000)).toBe(true);
      rig.settle();
      expect(nic.stalled(rig.world.cycle, 1000)).toBe(false);
    });
  });
}
