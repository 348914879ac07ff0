// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import { CPL_ESP_SEEN, CPL_SECP } from '../../src/dev/nic/nic_regs.ts';
import {
  ESP_DST,
  ESP_DST6,
  ESP_DST6_WORDS,
  type EspShape,
  espClear,
  espSealed,
  hex,
  pattern,
  placesOf,
  testSa,
} from '../../src/validate/frames.ts';
import { install, sendOffload, withoutIcv } from '../../src/validate/offload_frames.ts';
import { type MakeWorld, Rig } from '../../src/validate/rig.ts';

/** ESP through the card, both ways. */
export function espContract(makeWorld: MakeWorld): void {
  describe('inline ESP', () => {
    let rig: Rig;
    afterEach(() => rig.close());

    test.each([16, 32])(
      'payloads of 1..8900 bytes, key of %i bytes: sealed on the wire, open behind',
      (keyBytes) => {
        rig = new Rig(makeWorld, { options: { log2Tx: 8, log2Rx: 8, log2Txc: 8, log2Rxc: 8 } });
        const wire: Uint8Array[] = [];
        const more = { key: pattern(keyBytes, 5) };
        const sa = testSa('out', 0x1001, more);
        const cardSa = install(rig.a, sa);
        const inSa = { ...testSa('in', 0x1001, more), saHandle: 33, generation: 4 };
        install(rig.b, inSa);
        const sizes = [
          1, 2, 3, 4, 5, 14, 15, 16, 17, 18, 30, 31, 32, 33, 34, 64, 100, 255, 256, 257,
        ];
        sizes.push(511, 512, 513, 1000, 1400, 1420, 1472, 2000, 4000, 4096, 8000, 8899, 8900);
        const shapes = sizes.map((payloadBytes, i) => ({
          to: 1,
          spi: sa.spi,
          seq: i + 1,
          payloadBytes,
          optionWords: i % 5 === 4 ? (i % 10) + 1 : 0,
        }));
        for (const shape of shapes) expect(sendOffload(rig.a, shape, sa, cardSa)).toBe(0);
        rig.settle();
        for (const [i, shape] of shapes.entries()) {
          const got = rig.b.received[i]!;
          expect(withoutIcv(got.bytes), `${shape.payloadBytes} bytes`).toEqual(
            withoutIcv(espClear(shape)),
          );
          wire.push(got.bytes.slice(-16));
          expect(wire[i], 'ICV as on the wire').toEqual(espSealed(shape, sa).slice(-16));
          expect(got.report).toMatchObject({
            spi: sa.spi,
            proto: 50,
            family: 4,
            saHandle: 33,
            generation: 4,
            ifIndex: 2,
            espOffset: 20 + 4 * shape.optionWords,
            dst0: ESP_DST,
            esnHi: 0,
          });
        }
        expect(rig.b.received.length).toBe(sizes.length);
        expect(rig.a.nic.handoverAllocs).toBe(0);
        expect(rig.a.count('nic.txOffloaded')).toBe(sizes.length);
        expect(rig.b.count('nic.rxOffloaded')).toBe(sizes.length);
        expect(rig.a.nic.sa.saCounters('out', cardSa).packets).toBe(sizes.length);
        expect(rig.a.nic.stats()).toMatchObject({ txIpsec: sizes.length, txDrop: 0 });
        expect(rig.b.nic.stats()).toMatchObject({ rxIpsecOk: sizes.length, rxIcvBad: 0 });
      },
    );

    test('keys and key sizes change with every packet, plain frames between them', () => {
      rig = new Rig(makeWorld);
      const sas = [0, 1, 2, 3].map((i) =>
        testSa('out', 0x2000 + i, { key: pattern(i % 2 === 0 ? 16 : 32, 50 + i) }),
      );
      const cards = sas.map((sa) => install(rig.a, sa));
      for (const sa of sas) install(rig.b, { ...sa, direction: 'in' });
      const want: Uint8Array[] = [];
      for (let i = 0; i < 40; i++) {
        const sa = sas[i % 4]!;
        const shape = { to: 1, spi: sa.spi, seq: i + 1, payloadBytes: (i * 37) % 300 };
        if (i % 5 === 2) {
          const plain = espSealed({ ...shape, spi: 0x9999 }, sa);
          want.push(plain);
          expect(rig.a.send(plain)).toBe(0);
        } else {
          want.push(espClear(shape));
          expect(sendOffload(rig.a, shape, sa, cards[i % 4]!)).toBe(0);
        }
      }
      rig.settle();
      expect(rig.b.received.length).toBe(40);
      for (let i = 0; i < 40; i++)
        expect(withoutIcv(rig.b.received[i]!.bytes), `frame ${i}`).toEqual(withoutIcv(want[i]!));
    });

    test('ESN: the high half of the sequence number is authenticated (RFC 4303 §2.2.1)', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0x3003, { esn: true });
      const cardSa = install(rig.a, sa);
      const shape = { to: 1, spi: sa.spi, seq: 77, payloadBytes: 100 };
      expect(sendOffload(rig.a, shape, sa, cardSa, { esnHi: 5 })).toBe(0);
      rig.settle();
      expect(hex(rig.b.received.map((x) => x.bytes))).toEqual(hex([espSealed(shape, sa, 5)]));
    });

    test('ESN: the receiver finds the high half, also past its turn (RFC 4303 §A2)', () => {
      rig = new Rig(makeWorld);
      const receivedSeq = 5 * 2 ** 32 - 3;
      const sa = testSa('in', 0x3004, { esn: true, receivedSeq });
      install(rig.b, sa);
      const seqs = [-2, -1, 1, 0, 2, 70, 69, 7, 6].map((n) => 5 * 2 ** 32 + n);
      const shapeOf = (seq: number) => ({
        to: 1,
        spi: sa.spi,
        seq: seq % 2 ** 32,
        payloadBytes: 40,
      });
      for (const seq of seqs) {
        rig.inject(1, espSealed(shapeOf(seq), sa, Math.floor(seq / 2 ** 32)), 0);
        // A guess knows the verdicts that are there by then.
        rig.settle();
      }
      // The last of them is left of the window of 64: its high half is not found.
      const taken = seqs.slice(0, -1);
      expect(rig.b.received.map((r) => withoutIcv(r.bytes))).toEqual(
        taken.map((seq) => withoutIcv(espClear(shapeOf(seq)))),
      );
      expect(rig.b.received.map((r) => r.report?.esnHi)).toEqual(
        taken.map((seq) => Math.floor(seq / 2 ** 32)),
      );
      expect(rig.b.count('nic.rxAuthFail')).toBe(1);
    });

    const forms: readonly (readonly [string, Partial<EspShape>])[] = [
      ['IPv6', { family: 6 }],
      ['UDP (RFC 3948)', { udpPort: 4500 }],
      ['UDP to a port of its own', { udpPort: 5999 }],
      ['a VLAN tag', { vlan: true }],
      ['a VLAN tag and IPv6', { vlan: true, family: 6 }],
    ];
    test.each(forms)('ESP in %s: GCM and GMAC, with ESN and without, both ways', (_name, form) => {
      rig = new Rig(makeWorld);
      const { family = 4, udpPort = 0 } = form;
      const to = family === 6 ? { dst: ESP_DST6 } : {};
      let n = 0;
      const want: Uint8Array[] = [];
      const handles: number[] = [];
      const cards: number[] = [];
      for (const alg of ['aes-gcm-16', 'aes-gmac']) {
        for (const esn of [false, true]) {
          const more = { ...to, family, udpPort, alg, esn, key: pattern(esn ? 32 : 16, n) };
          const sa = testSa('out', 0x4100 + n, more);
          const cardSa = install(rig.a, sa);
          cards.push(cardSa);
          install(rig.b, { ...sa, direction: 'in' });
          for (const payloadBytes of [1, 10, 14, 33, 700, 1400, 8000]) {
            const shape = { to: 1, spi: sa.spi, seq: ++n, payloadBytes, ...form };
            expect(sendOffload(rig.a, shape, sa, cardSa)).toBe(0);
            want.push(espClear(shape), espSealed(shape, sa).subarray(-16));
            handles.push(sa.saHandle);
          }
        }
      }
      rig.settle();
      const got = rig.b.received;
      expect(hex(got.flatMap((r) => [withoutIcv(r.bytes), r.bytes.slice(-16)]))).toEqual(
        hex(want.map((bytes, i) => (i % 2 === 0 ? withoutIcv(bytes) : bytes))),
      );
      expect(got.map((r) => r.report?.saHandle)).toEqual(handles);
      const [dst0, dst1, dst2, dst3] = family === 6 ? ESP_DST6_WORDS : [ESP_DST, 0, 0, 0];
      const { ip, esp } = placesOf({ to: 1, spi: 0, seq: 0, payloadBytes: 0, ...form });
      const about = { family, espOffset: esp - ip, dst0, dst1, dst2, dst3 };
      for (const { report } of got) expect(report).toMatchObject(about);
      // What the card counts is what the driver counts.
      for (const [i, cardSa] of cards.entries()) {
        for (const host of [rig.a, rig.b]) {
          const direction = host === rig.a ? 'out' : 'in';
          const name = host === rig.a ? cardSa : got[i * 7]!.report!.cardSa;
          const counted = host.nic.sa.cardCounters(direction, name);
          expect(counted).toEqual(host.nic.sa.saCounters(direction, name));
          expect(counted.packets).toBe(7);
        }
      }
    });

    test('unknown SPI: delivered as it came, without a report', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x4004);
      install(rig.b, sa);
      const other = espSealed({ to: 1, spi: 0x4005, seq: 1, payloadBytes: 80 }, sa);
      const elsewhere = espSealed({ to: 1, spi: 0x4004, seq: 1, payloadBytes: 80, dst: 1 }, sa);
      rig.inject(1, other, 0);
      rig.inject(1, elsewhere, 0);
      rig.settle();
      expect(rig.b.received).toEqual([
        { bytes: other, report: null },
        { bytes: elsewhere, report: null },
      ]);
      expect(rig.b.nic.stats()).toMatchObject({ rxNoSa: 2, rxIpsecOk: 0 });
    });

    test('fragments and other protocols are not touched (RFC 4303 §3.4.1)', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x4004);
      install(rig.b, sa);
      const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes: 80 };
      const first = espSealed(shape, sa);
      first[20] = 0x20; // MF
      const later = espSealed(shape, sa);
      later[21] = 8; // offset 64
      const udp = espSealed(shape, sa);
      udp[23] = 17;
      const v6 = espSealed(shape, sa);
      v6[12] = 0x86;
      v6[13] = 0xdd;
      for (const f of [first, later, udp, v6]) rig.inject(1, f, 0);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex([first, later, udp, v6]));
      expect(rig.b.received.every((r) => r.report === null)).toBe(true);
      expect(rig.b.completions.filter((c) => (c[2] & (CPL_SECP | CPL_ESP_SEEN)) !== 0)).toEqual([]);
    });

    test('a wrong ICV, or one bit wrong anywhere under it: no byte reaches the host', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x5005);
      const cardSa = install(rig.b, sa);
      const shape = { to: 1, spi: sa.spi, seq: 9, payloadBytes: 200 };
      const good = espSealed(shape, sa);
      const at = [38, 41, 42, 49, 50, 100, good.length - 17, good.length - 16, good.length - 1];
      for (const i of at) {
        const bad = good.slice();
        bad[i]! ^= 0x10;
        rig.inject(1, bad, 0);
      }
      rig.inject(1, good, 0);
      const marker = good.subarray(34, 42);
      rig.settle();
      expect(rig.b.received.length).toBe(1);
      expect(withoutIcv(rig.b.received[0]!.bytes)).toEqual(withoutIcv(espClear(shape)));
      expect(rig.b.count('nic.rxAuthFail')).toBe(at.length);
      expect(rig.b.nic.sa.saCounters('in', cardSa)).toMatchObject({
        packets: 1,
        authFailed: at.length,
      });
      expect(rig.b.nic.stats()).toMatchObject({ rxIcvBad: at.length, rxIpsecOk: 1 });
      expect(marker.length).toBe(8);
    });

    test('text that is no multiple of 4 bytes is delivered as it came (RFC 4303 §2.4)', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x5006);
      install(rig.b, sa);
      const whole = espSealed({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 100 }, sa);
      const cut = whole.slice(0, whole.length - 1);
      new DataView(cut.buffer).setUint16(16, cut.length - 14);
      rig.inject(1, cut, 0);
      rig.settle();
      expect(rig.b.received).toEqual([{ bytes: cut, report: null }]);
    });

    test('bytes behind the IP packet (Ethernet padding) pass as they are', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x5007);
      install(rig.b, sa);
      const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes: 33 };
      const padded = new Uint8Array(espClear(shape).length + 7).fill(0xaa);
      padded.set(espSealed(shape, sa));
      rig.inject(1, padded, 0);
      rig.settle();
      const got = rig.b.received[0]!.bytes;
      expect(got.slice(-7)).toEqual(new Uint8Array(7).fill(0xaa));
      expect(got.slice(0, -23)).toEqual(withoutIcv(espClear(shape)));
    });

    test('no tag left: the decrypted frame is dropped and counted, never passed untagged', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('in', 0x5008);
      install(rig.b, sa);
      rig.b.tags.failNext = 1;
      for (const seq of [1, 2])
        rig.inject(1, espSealed({ to: 1, spi: sa.spi, seq, payloadBytes: 50 }, sa), 0);
      rig.settle();
      expect(rig.b.received.length).toBe(1);
      expect(rig.b.received[0]!.report).not.toBeNull();
      expect(rig.b.count('nic.rxNoTag')).toBe(1);
    });
  });
}
