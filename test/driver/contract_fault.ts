// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import {
  BusError,
  FAULT_MEM_SILENT,
  FAULT_READ_ERROR,
  FAULT_REG_SILENT,
  FAULT_WRITE_ERROR,
} from '../../src/dev/nic/nic_bus.ts';
import * as R from '../../src/dev/nic/nic_regs.ts';
import { hex, plainFrame, testSa } from '../../src/validate/frames.ts';
import { install, sendOffload } from '../../src/validate/offload_frames.ts';
import { type MakeWorld, Rig } from '../../src/validate/rig.ts';

function busError(action: () => void): BusError {
  try {
    action();
  } catch (e) {
    if (e instanceof BusError) return e;
    throw e;
  }
  throw new Error('expected a BusError');
}

/** Cards and memory that misbehave. */
export function faultContract(makeWorld: MakeWorld): void {
  describe('faults', () => {
    let rig: Rig;
    afterEach(() => rig.close());

    test('a card that never answers: attach fails in bounded time, with text and cycle', () => {
      rig = new Rig(makeWorld, { attach: false });
      rig.world.fault(0, FAULT_REG_SILENT, 1);
      const e = busError(() => rig.a.nic.attach());
      expect(e.kind).toBe('timeout');
      expect(e.message).toMatch(/nic0 does not attach: .*not answered/);
      expect(e.cycle).toBeGreaterThanOrEqual(2000);
      expect(rig.a.pool.inUse).toBe(0);
      rig.world.fault(0, FAULT_REG_SILENT, 0);
      rig.a.nic.attach();
    });

    test('a card that falls silent: the posted write fails, detach still frees everything', () => {
      rig = new Rig(makeWorld);
      rig.a.send(plainFrame(1, 64, 1));
      rig.a.nic.flush();
      rig.world.fault(0, FAULT_REG_SILENT, 1);
      expect(busError(() => rig.world.run(10_000)).kind).toBe('timeout');
      expect(busError(() => rig.a.nic.detach()).kind).toBe('timeout');
      expect(rig.a.pool.inUse).toBe(0);
      rig.world.fault(0, FAULT_REG_SILENT, 0);
    });

    test('a register that does not exist is a bus error, and the next access works', () => {
      rig = new Rig(makeWorld);
      const bus = rig.world.buses[0]!;
      const e = busError(() => bus.readReg(0x0f00));
      expect(e.kind).toBe('bus');
      expect(e.message).toMatch(/0x0?f00/);
      expect(bus.readReg(R.REG_ID)).toBe(R.ID_VALUE);
      bus.writeReg(0x0f04, 1);
      expect(busError(() => rig.world.run(100)).kind).toBe('bus');
      expect(bus.readReg(R.REG_ID)).toBe(R.ID_VALUE);
    });

    test('read error: the frame is not sent, counted, and the next one is', () => {
      rig = new Rig(makeWorld);
      rig.world.fault(0, FAULT_READ_ERROR, 1);
      rig.a.send(plainFrame(1, 600, 1));
      rig.settle();
      expect(rig.b.received).toEqual([]);
      expect(rig.a.count('nic.txDmaErr')).toBe(1);
      expect(rig.a.nic.stats()).toMatchObject({ txFrames: 0, txDrop: 1, dmaErrors: 1 });
      expect(rig.world.irq(0)).toBe(false);
      const next = plainFrame(1, 600, 2);
      rig.a.send(next);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex([next]));
    });

    test('buffer outside the host’s memory: error completion, nothing sent', () => {
      rig = new Rig(makeWorld);
      const m = rig.a.mbuf(plainFrame(1, 64, 1));
      const at = rig.a.pool.off[m]!;
      // Memory of the other host: the card's window does not reach it.
      rig.a.pool.off[m] = at + 0xc00000;
      rig.a.nic.transmit(m);
      rig.settle();
      expect(rig.a.count('nic.txDmaErr')).toBe(1);
      expect(rig.b.received).toEqual([]);
    });

    test('write error on receive: the frame is dropped and counted, the next one comes', () => {
      rig = new Rig(makeWorld);
      rig.world.fault(1, FAULT_WRITE_ERROR, 1);
      rig.inject(1, plainFrame(1, 64, 1), 0);
      rig.settle();
      expect(rig.b.received).toEqual([]);
      expect(rig.b.count('nic.rxDmaErr')).toBe(1);
      const next = plainFrame(1, 64, 2);
      rig.inject(1, next, 0);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex([next]));
      expect(rig.world.irq(1)).toBe(false);
    });

    test('memory that does not answer: the watchdog sees it; when it answers again nothing is lost', () => {
      rig = new Rig(makeWorld);
      rig.world.fault(0, FAULT_MEM_SILENT, 1);
      const sent = Array.from({ length: 20 }, (_, i) => plainFrame(1, 300, i));
      for (const f of sent) rig.a.send(f);
      rig.a.nic.flush();
      rig.a.nic.stalled(rig.world.cycle, 5000);
      rig.world.run(10_000);
      expect(rig.a.nic.stalled(rig.world.cycle, 5000)).toBe(true);
      rig.world.fault(0, FAULT_MEM_SILENT, 0);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex(sent));
    });

    test('an SA whose descriptors do not come back: removal gives up with an error, the slot rests', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0x77);
      const cardSa = install(rig.a, sa);
      rig.world.run(200);
      rig.world.fault(0, FAULT_MEM_SILENT, 1);
      sendOffload(rig.a, { to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 }, sa, cardSa);
      const e = busError(() => rig.a.nic.sa.saRemove('out', cardSa));
      expect(e.message).toMatch(/do not come back/);
      rig.world.fault(0, FAULT_MEM_SILENT, 0);
      rig.settle();
      // The SA was cleared: what was posted under it did not leave.
      expect(rig.a.nic.stats()).toMatchObject({ txFrames: 0, txDrop: 1 });
      expect(rig.a.count('nic.txNoSa')).toBe(1);
      expect(rig.a.nic.sa.out.freeCount).toBe(1024);
    });

    test('error completions: the card checks what a driver writes, and fails closed', () => {
      rig = new Rig(makeWorld, { options: { log2Tx: 4 } });
      const sa = testSa('out', 0x78);
      const cardSa = install(rig.a, sa);
      const esn = install(rig.a, testSa('out', 0x79, { esn: true }));
      const words = new Uint32Array(rig.world.arena.buffer, rig.world.arena.byteOffset, 16 * 8);
      const at = 0x200000;
      const ipsec = R.TXD_IPSEC << 16;
      const descriptors: [number, number, number][] = [
        [13, 0, R.CODE_BAD_LEN],
        [9019, 0, R.CODE_BAD_LEN],
        [64 | ipsec, cardSa | (33 << 16), R.CODE_BAD_LEN],
        [53 | ipsec, cardSa | (34 << 16), R.CODE_BAD_LEN],
        [55 | ipsec, cardSa | (34 << 16), R.CODE_BAD_LEN],
        [9006 | ipsec, cardSa | (34 << 16), R.CODE_BAD_LEN],
        [54 | ipsec, 999 | (34 << 16), R.CODE_NO_SA],
        [54 | ipsec, 2048 | (34 << 16), R.CODE_NO_SA],
        [54 | ipsec, esn | (34 << 16), R.CODE_NO_SA],
        [54 | ipsec | (R.TXD_ESN << 16), cardSa | (34 << 16), R.CODE_NO_SA],
        [54 | ipsec, cardSa | (34 << 16), R.CODE_OK],
      ];
      for (const [i, [lenFlags, saWord]] of descriptors.entries())
        words.set([at, 0, lenFlags, saWord, 0, 0x1000 + i, 0, 0], i * 8);
      rig.world.buses[0]!.writeReg(R.REG_EIMC, R.IRQ_TXC);
      rig.world.buses[0]!.writeReg(R.RING_TX + R.RING_TAIL, descriptors.length);
      rig.world.run(4000);
      const cpl = new DataView(rig.world.arena.buffer, rig.world.arena.byteOffset);
      // Rings lie behind one another: TX 16 * 32, RX 64 * 16, then TXC.
      const txc = 16 * 32 + 64 * 16;
      const got = descriptors.map((_, i) => [
        cpl.getUint32(txc + 16 * i, true),
        cpl.getUint32(txc + 16 * i + 8, true) & 15,
      ]);
      expect(got).toEqual(descriptors.map(([, , code], i) => [0x1000 + i, code]));
      expect(rig.a.nic.stats()).toMatchObject({ txFrames: 1, txIpsec: 1, txDrop: 10 });
      rig.a.nic.detach();
      rig.a.nic.attach();
    });
  });
}
