// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../src/dev/nic/nic_regs.ts';
import { EEXIST, EHOSTUNREACH, ENOSPC, EOPNOTSUPP } from '../../src/kern/errno.ts';
import { espClear, espSealed, hex, testSa } from '../../src/validate/frames.ts';
import { install, sendOffload } from '../../src/validate/offload_frames.ts';
import { type MakeWorld, Rig } from '../../src/validate/rig.ts';

/** SPIs that share both match buckets: hash() folds 32 bits into 10, so they are easily found. */
function clashing(count: number): number[] {
  const buckets = (spi: number): string => [R.matchBucket0(spi), R.matchBucket1(spi)].sort().join();
  const first = 0x1000;
  const out = [first];
  for (let spi = first + 1; out.length < count; spi++)
    if (buckets(spi) === buckets(first)) out.push(spi);
  return out;
}

/** SAs in the card: room, life, and requests that do not fit them. */
export function saContract(makeWorld: MakeWorld): void {
  describe('SA tables', () => {
    let rig: Rig;
    afterEach(() => rig.close());

    test('1024 SAs each way; the 1025th is refused with ENOSPC and a reason', () => {
      rig = new Rig(makeWorld);
      let spi = 0x100;
      for (let i = 0; i < 1024; i++) install(rig.a, testSa('out', spi++));
      const no = rig.a.nic.sa.saInstall(testSa('out', spi));
      expect(no).toMatchObject({ ok: false, errno: ENOSPC });
      expect(no.ok ? '' : no.reason).toMatch(/1024 outbound SAs/);

      let n = 0;
      const last = { in: 0, out: 0 };
      for (spi = 0x10000; n < 1024; spi += 7)
        if (rig.b.nic.sa.saInstall(testSa('in', spi)).ok) {
          n++;
          last.in = spi;
        }
      const full = rig.b.nic.sa.saInstall(testSa('in', spi));
      expect(full.ok ? '' : full.reason).toMatch(/1024 inbound SAs/);

      // All of them work: the first and the last.
      const sent = [0x10000, last.in].map((x) =>
        espSealed({ to: 1, spi: x, seq: 1, payloadBytes: 60 }, testSa('in', x)),
      );
      for (const f of sent) rig.inject(1, f, 0);
      rig.settle();
      expect(rig.b.received.map((r) => r.report?.spi)).toEqual([0x10000, last.in]);
    });

    test('both match buckets of an SPI full: refused, and room again after a removal', () => {
      rig = new Rig(makeWorld);
      const spis = clashing(9);
      const cards = spis.slice(0, 8).map((spi) => install(rig.b, testSa('in', spi)));
      const ninth = testSa('in', spis[8]!);
      const no = rig.b.nic.sa.saInstall(ninth);
      expect(no).toMatchObject({ ok: false, errno: ENOSPC });
      expect(no.ok ? '' : no.reason).toMatch(/match buckets/);
      for (const spi of spis.slice(0, 8))
        rig.inject(1, espSealed({ to: 1, spi, seq: 1, payloadBytes: 40 }, testSa('in', spi)), 0);
      rig.settle();
      expect(rig.b.received.map((r) => r.report?.spi)).toEqual(spis.slice(0, 8));
      rig.b.nic.sa.saRemove('in', cards[3]!);
      install(rig.b, ninth);
      rig.inject(1, espSealed({ to: 1, spi: spis[8]!, seq: 1, payloadBytes: 4 }, ninth), 0);
      rig.settle();
      expect(rig.b.received[8]?.report?.spi).toBe(spis[8]);
    });

    test('what the card cannot do is refused with a reason', () => {
      rig = new Rig(makeWorld);
      const { sa } = rig.a.nic;
      const bad = [
        testSa('out', 1, { alg: 'aes-cbc' }),
        testSa('out', 1, { key: new Uint8Array(24) }),
        testSa('out', 1, { icvLenBytes: 12 }),
        testSa('out', 1, { proto: 51 }),
        testSa('out', 1, { alg: 'aes-gmac', key: new Uint8Array(24) }),
        testSa('out', 1, { udpPort: 4500, family: 6, dst: new Uint8Array(16) }),
      ];
      for (const s of bad) expect(sa.saInstall(s)).toMatchObject({ ok: false, errno: EOPNOTSUPP });
      const other = testSa('in', 1, { udpPort: 4501 });
      install(rig.a, testSa('in', 9, { udpPort: 4500 }));
      expect(sa.saInstall(other)).toMatchObject({ ok: false, errno: EOPNOTSUPP });
      install(rig.a, testSa('in', 2));
      expect(sa.saInstall(testSa('in', 2))).toMatchObject({ ok: false, errno: EEXIST });
    });

    test('a request with another interface, generation or handle, or a removed SA, is not the card’s', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0x700);
      const cardSa = install(rig.a, sa);
      const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 };
      sendOffload(rig.a, shape, { ...sa, generation: 8 }, cardSa);
      sendOffload(rig.a, shape, { ...sa, saHandle: sa.saHandle + 1 }, cardSa);
      sendOffload(rig.a, shape, sa, cardSa + 1);
      sendOffload(rig.a, shape, sa, -1);
      sendOffload(rig.a, shape, sa, cardSa, { ifIndex: 2 });
      expect(rig.a.software.length).toBe(5);
      expect(rig.a.count('nic.txFinishedInSoftware')).toBe(5);

      rig.a.nic.sa.saRemove('out', cardSa);
      rig.a.softwareErrno = EHOSTUNREACH;
      expect(sendOffload(rig.a, shape, sa, cardSa)).toBe(EHOSTUNREACH);
      expect(rig.a.count('nic.txOffloadMisfit')).toBe(1);
      rig.settle();
      // The test's "software" does nothing: what counts is that the card never saw a request.
      expect(rig.a.nic.stats()).toMatchObject({ txIpsec: 0, txFrames: 5 });
      expect(rig.a.count('nic.txOffloaded')).toBe(0);
    });

    test('removal waits for the frames in flight; all leave encrypted', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0x800);
      const cardSa = install(rig.a, sa);
      install(rig.b, testSa('in', 0x800));
      for (let seq = 1; seq <= 40; seq++)
        sendOffload(rig.a, { to: 1, spi: sa.spi, seq, payloadBytes: 500 }, sa, cardSa);
      expect(rig.a.nic.sa.outstanding[cardSa]).toBe(40);
      rig.a.nic.sa.saRemove('out', cardSa);
      expect(rig.a.nic.sa.outstanding[cardSa]).toBe(0);
      rig.settle();
      expect(rig.b.received.length).toBe(40);
      expect(rig.b.received.every((r) => r.report !== null)).toBe(true);
      expect(rig.a.nic.stats()).toMatchObject({ txIpsec: 40, txDrop: 0 });
    });

    test('what was decrypted under an SA removed meanwhile is dropped, and its slot rests', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x900);
      const cardSa = install(rig.b, sa);
      const frame = (seq: number): Uint8Array =>
        espSealed({ to: 1, spi: sa.spi, seq, payloadBytes: 100 }, sa);
      for (let seq = 1; seq <= 10; seq++) rig.inject(1, frame(seq), 0);
      // Decrypted and in host memory, but not polled.
      rig.world.run(3000);
      rig.b.nic.sa.saRemove('in', cardSa);
      const again = install(rig.b, { ...sa, generation: 8 });
      expect(again).not.toBe(cardSa);
      rig.settle();
      expect(rig.b.count('nic.rxSaGone')).toBe(10);
      expect(rig.b.received).toEqual([]);
      rig.inject(1, frame(11), 0);
      rig.settle();
      expect(rig.b.received.map((r) => r.report?.generation)).toEqual([8]);
    });

    test('the last free slot is not given away before its frames were read', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x900);
      const cardSa = install(rig.b, sa);
      let spi = 0x10000;
      for (let n = 1; n < 1024; spi += 7) if (rig.b.nic.sa.saInstall(testSa('in', spi)).ok) n++;
      rig.inject(1, espSealed({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 100 }, sa), 0);
      rig.world.run(3000);
      rig.b.nic.sa.saRemove('in', cardSa);
      expect(rig.b.nic.sa.saInstall(sa)).toMatchObject({ ok: false, errno: ENOSPC });
      rig.settle();
      expect(rig.b.count('nic.rxSaGone')).toBe(1);
      expect(rig.b.nic.sa.saInstall(sa)).toEqual({ ok: true, cardSa });
    });

    test('after removal of a receive SA its frames come as they are on the wire', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0xa00);
      const cardSa = install(rig.b, sa);
      rig.b.nic.sa.saRemove('in', cardSa);
      const frame = espSealed({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 100 }, sa);
      rig.inject(1, frame, 0);
      rig.settle();
      expect(rig.b.received).toEqual([{ bytes: frame, report: null }]);
    });

    test('an SA slot is used again after removal, with another key', () => {
      rig = new Rig(makeWorld);
      for (let i = 0; i < 1023; i++) install(rig.a, testSa('out', 0x10000 + i));
      for (let round = 0; round < 3; round++) {
        const sa = testSa('out', 0x20 + round, { generation: round });
        const cardSa = install(rig.a, sa);
        expect(cardSa).toBe(1023);
        const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes: 99 };
        sendOffload(rig.a, shape, sa, cardSa);
        rig.settle();
        expect(rig.b.received[round]?.bytes).toEqual(espSealed(shape, sa));
        rig.a.nic.sa.saRemove('out', cardSa);
      }
    });

    test('keys are write-only: they read 0 before and after the commit, and after RESET', () => {
      rig = new Rig(makeWorld);
      const bus = rig.world.buses[0]!;
      const read = (window: number): number[] =>
        [R.SA_SALT, ...Array.from({ length: 8 }, (_, i) => R.SA_KEY0 + 4 * i)].map((at) =>
          bus.readReg(window + at),
        );
      for (const window of [R.SA_TX, R.SA_RX]) {
        for (let at = R.SA_SALT; at < R.SA_SPI; at += 4)
          if (at !== 0x0c) bus.writeReg(window + at, 0xdeadbeef);
        expect(read(window)).toEqual(new Array(9).fill(0));
        bus.writeReg(window + R.SA_CTRL, R.SA_VALID);
        bus.writeReg(window + R.SA_IDX, (5 | R.SA_WRITE) >>> 0);
        rig.world.run(20);
        expect(bus.readReg(window + R.SA_IDX)).toBe(0);
        expect(read(window)).toEqual(new Array(9).fill(0));
      }
    });

    test('the commit zeroes the key registers: the next one without a key installs zeros', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0xc00);
      install(rig.a, sa);
      const bus = rig.world.buses[0]!;
      bus.writeReg(R.SA_TX + R.SA_CTRL, R.SA_VALID);
      bus.writeReg(R.SA_TX + R.SA_IDX, (9 | R.SA_WRITE) >>> 0);
      const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 };
      const frame = espClear(shape);
      const at = 0x200000;
      rig.world.arena.set(frame, at);
      const words = new Uint32Array(rig.world.arena.buffer, rig.world.arena.byteOffset, 8);
      words.set([at, 0, (frame.length - 16) | (R.TXD_IPSEC << 16), 9 | (34 << 16), 0, 7, 0, 0]);
      bus.writeReg(R.RING_TX + R.RING_TAIL, 1);
      rig.settle();
      const zeros = { ...sa, key: new Uint8Array(16), salt: new Uint8Array(4) };
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex([espSealed(shape, zeros)]));
      expect(rig.a.count('nic.stray')).toBe(1);
      rig.a.nic.detach();
      rig.a.nic.attach();
    });

    test('RESET scrubs the SAs: an SA left in the card encrypts nothing afterwards', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0xb00);
      const cardSa = install(rig.a, sa);
      rig.world.run(100);
      rig.a.nic.detach();
      rig.a.nic.attach();
      // A descriptor for it, written behind the driver's back: the driver itself would not.
      const frame = espClear({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 });
      const at = 0x200000;
      rig.world.arena.set(frame, at);
      const words = new Uint32Array(rig.world.arena.buffer, rig.world.arena.byteOffset, 8);
      words.set([
        at,
        0,
        (frame.length - 16) | (R.TXD_IPSEC << 16),
        cardSa | (34 << 16),
        0,
        7,
        0,
        0,
      ]);
      rig.world.buses[0]!.writeReg(R.RING_TX + R.RING_TAIL, 1);
      rig.world.run(3000);
      expect(rig.a.nic.stats()).toMatchObject({ txFrames: 0, txIpsec: 0, txDrop: 1 });
      rig.a.nic.detach();
      rig.a.nic.attach();
    });
  });
}
