// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import { FAULT_READ_ERROR, FAULT_WRITE_ERROR } from '../../src/dev/nic/nic_bus.ts';
import * as R from '../../src/dev/nic/nic_regs.ts';
import { ESP_DST, espSealed, hex, plainFrame, testSa } from '../../src/validate/frames.ts';
import { install, sendOffload } from '../../src/validate/offload_frames.ts';
import { type MakeWorld, Rig } from '../../src/validate/rig.ts';

/** What the card does where a good driver never takes it: settings, sizes and tables of its own. */
export function rawContract(makeWorld: MakeWorld): void {
  describe('the card by itself', () => {
    let rig: Rig;
    afterEach(() => rig.close());

    test('a frame larger than its buffer: nothing written, error completion, the next one comes', () => {
      rig = new Rig(makeWorld, { frameBytes: 1500 });
      const sa = testSa('in', 0x61);
      install(rig.b, sa);
      const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes: 1600 };
      rig.inject(1, plainFrame(1, 2000, 1), 0);
      rig.inject(1, espSealed(shape, sa), 0);
      const fits = plainFrame(1, 1500, 2);
      rig.inject(1, fits, 0);
      rig.settle();
      expect(rig.b.count('nic.rxTooBig')).toBe(2);
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex([fits]));
      // Nothing of them in memory, the decrypted one least of all.
      expect(rig.b.completions.map((c) => c[1])).toEqual([0, 0, 1500]);
    });

    test('IPSEC_TX_EN off: a frame that asks for encryption does not leave (fail closed)', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0x62);
      const cardSa = install(rig.a, sa);
      const ctrl = R.CTRL_TX_EN | R.CTRL_RX_EN | R.CTRL_IPSEC_RX_EN;
      rig.world.buses[0]!.writeReg(R.REG_CTRL, ctrl);
      sendOffload(rig.a, { to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 }, sa, cardSa);
      const plain = plainFrame(1, 64, 1);
      rig.a.send(plain);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex([plain]));
      expect(rig.a.count('nic.txNoSa')).toBe(1);
    });

    test('IPSEC_RX_EN off: ESP is delivered as it came, and that it is ESP', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x63);
      install(rig.b, sa);
      rig.world.buses[1]!.writeReg(R.REG_CTRL, R.CTRL_TX_EN | R.CTRL_RX_EN);
      const frame = espSealed({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 }, sa);
      rig.inject(1, frame, 0);
      rig.settle();
      expect(rig.b.received).toEqual([{ bytes: frame, report: null }]);
      expect(rig.b.completions).toEqual([
        [1, frame.length, R.CPL_ESP_SEEN | (34 << 8), R.NO_SA_IDX],
      ]);
      expect(rig.b.nic.stats()).toMatchObject({ rxNoSa: 0, rxIpsecOk: 0 });
    });

    test('TX_EN and RX_EN off: nothing leaves, nothing comes in; on again, it goes on', () => {
      rig = new Rig(makeWorld);
      const all = R.CTRL_TX_EN | R.CTRL_RX_EN;
      for (const bus of rig.world.buses) bus.writeReg(R.REG_CTRL, 0);
      const frame = plainFrame(1, 100, 1);
      rig.a.send(frame);
      rig.inject(1, plainFrame(1, 100, 2), 0);
      rig.settle();
      expect(rig.a.nic.txOutstanding).toBe(1);
      expect(rig.b.received).toEqual([]);
      for (const bus of rig.world.buses) bus.writeReg(R.REG_CTRL, all);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex([frame]));
    });

    test('an SA that is matched but not valid is not used: delivered as it came, NO_SA', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x64);
      const bus = rig.world.buses[1]!;
      bus.writeReg(R.SA_RX + R.SA_CTRL, R.SA_ESN);
      bus.writeReg(R.SA_RX + R.SA_IDX, (3 | R.SA_WRITE) >>> 0);
      bus.writeReg(R.SA_RX + R.SA_SPI, sa.spi);
      bus.writeReg(R.SA_RX + R.SA_DST, ESP_DST);
      bus.writeReg(R.SA_RX + R.MATCH_SA, 3);
      bus.writeReg(R.SA_RX + R.MATCH_IDX, ((R.matchBucket1(sa.spi) * 4 + 2) | R.SA_WRITE) >>> 0);
      const frame = espSealed({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 }, sa);
      rig.inject(1, frame, 0);
      rig.settle();
      expect(rig.b.received).toEqual([{ bytes: frame, report: null }]);
      const status = R.CODE_NO_SA | R.CPL_ESP_SEEN | (34 << 8);
      expect(rig.b.completions).toEqual([[1, frame.length, status, R.NO_SA_IDX]]);
      expect(rig.b.nic.stats().rxNoSa).toBe(1);
    });

    test('MAX_FRAME counts the ICV: a frame that would be too long with it is refused', () => {
      rig = new Rig(makeWorld, { options: { maxFrameBytes: 400 } });
      const sa = testSa('out', 0x65);
      const cardSa = install(rig.a, sa);
      install(rig.b, testSa('in', 0x65));
      // 14 + 20 + 16 + payload + 2 + 16 bytes.
      sendOffload(rig.a, { to: 1, spi: sa.spi, seq: 1, payloadBytes: 330 }, sa, cardSa);
      expect(
        sendOffload(rig.a, { to: 1, spi: sa.spi, seq: 2, payloadBytes: 334 }, sa, cardSa),
      ).toBe(40);
      rig.inject(1, plainFrame(1, 400, 1), 0);
      rig.inject(1, plainFrame(1, 401, 1), 0);
      rig.settle();
      expect(rig.b.received.length).toBe(2);
      expect(rig.b.nic.stats().rxLenBad).toBe(1);
    });

    test('bad bytes of descriptor rings: an error completion each, and the card goes on', () => {
      rig = new Rig(makeWorld, { options: { log2Tx: 4, log2Rx: 4 } });
      rig.world.run(500);
      rig.world.fault(0, FAULT_READ_ERROR, 1);
      for (let i = 0; i < 8; i++) rig.a.send(plainFrame(1, 64, i));
      rig.settle();
      // One fetch fails, of four descriptors at most; the rest is sent.
      const lost = rig.a.count('nic.txDmaErr');
      expect(lost).toBeGreaterThanOrEqual(1);
      expect(lost).toBeLessThanOrEqual(4);
      expect(rig.b.received.length).toBe(8 - lost);
      expect(rig.a.nic.txOutstanding).toBe(0);
    });

    test('a completion that cannot be written: reported, its descriptor ends in an error', () => {
      rig = new Rig(makeWorld);
      rig.world.run(500);
      rig.world.fault(0, FAULT_WRITE_ERROR, 1);
      for (let i = 0; i < 5; i++) rig.a.send(plainFrame(1, 64, i));
      rig.settle();
      expect(rig.a.nic.stats().dmaErrors).toBe(1);
      expect(rig.a.count('nic.dmaErrors')).toBe(1);
      expect(rig.b.received.length).toBe(5);
      expect(rig.a.nic.txOutstanding).toBe(0);
      expect(rig.a.count('nic.txDmaErr')).toBe(1);
    });

    test('the same on receive: the frame without a completion is dropped, the others come', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x67);
      install(rig.b, sa);
      const forged = espSealed({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 }, sa);
      forged[60]! ^= 1;
      rig.world.run(500);
      // A forged frame writes nothing but its completion.
      rig.world.fault(1, FAULT_WRITE_ERROR, 1);
      rig.inject(1, forged, 0);
      const next = plainFrame(1, 64, 2);
      rig.inject(1, next, 0);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex([next]));
      expect(rig.b.count('nic.rxDmaErr')).toBe(1);
    });

    test('a receive SA removed under traffic: each frame is decrypted, as it came, or dropped', () => {
      rig = new Rig(makeWorld, { options: { log2Rx: 8, log2Rxc: 8 } });
      const sa = testSa('in', 0x66);
      const cardSa = install(rig.b, sa);
      rig.world.run(500);
      for (let seq = 1; seq <= 60; seq++)
        rig.world.inject(1, espSealed({ to: 1, spi: sa.spi, seq, payloadBytes: 700 }, sa), 0);
      rig.world.run(1200);
      rig.b.nic.poll();
      const before = rig.b.received.length;
      rig.b.nic.sa.saRemove('in', cardSa);
      rig.settle();
      const later = rig.b.received.slice(before);
      expect(before).toBeGreaterThan(0);
      expect(later.length + before + rig.b.count('nic.rxSaGone')).toBe(60);
      expect(later.every((r) => r.report === null)).toBe(true);
      for (const r of later) {
        const seq = new DataView(r.bytes.buffer).getUint32(38);
        expect(r.bytes).toEqual(espSealed({ to: 1, spi: sa.spi, seq, payloadBytes: 700 }, sa));
      }
    });
  });
}
