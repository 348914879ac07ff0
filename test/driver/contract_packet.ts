// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../src/dev/nic/nic_regs.ts';
import type { OffloadSa, SaState } from '../../src/netipsec/pact.ts';
import {
  ESP_DST6,
  type EspShape,
  espSealed,
  hex,
  pattern,
  placesOf,
  testSa,
} from '../../src/validate/frames.ts';
import { bareOf, install, openedOf, sendWhole } from '../../src/validate/offload_frames.ts';
import { type MakeWorld, Rig } from '../../src/validate/rig.ts';

const SIZES = [
  ...[1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 26, 27, 28, 29, 30, 31, 32, 33, 34],
  ...[64, 100, 255, 256, 257, 511, 512, 513, 1000, 1400, 4000, 8900],
];
const BIG_RINGS = { options: { log2Tx: 8, log2Rx: 8, log2Txc: 8, log2Rxc: 8 } };
const whole = (direction: 'in' | 'out', spi: number, more: Partial<OffloadSa> = {}): OffloadSa =>
  testSa(direction, spi, { mode: 'packet', ...more });
const codes = (rig: Rig, host: 0 | 1, ring: 0 | 1): number[] =>
  rig.hosts[host]!.completions.filter((c) => c[0] === ring).map((c) => c[2] & R.CPL_CODE_MASK);

/** Packet offload: the card makes ESP of a packet and numbers it, checks the window and takes ESP off. */
export function packetContract(makeWorld: MakeWorld): void {
  describe('packet offload', () => {
    let rig: Rig;
    afterEach(() => rig.close());

    /** What is on the wire when a sends these: a receiver without SAs hands it up as it came. */
    function onWire(sa: OffloadSa, shapes: readonly EspShape[]): Uint8Array[] {
      const cardSa = install(rig.a, sa);
      for (const shape of shapes) expect(sendWhole(rig.a, shape, sa, cardSa)).toBe(0);
      rig.settle();
      return rig.b.received.map((r) => r.bytes);
    }

    test.each<[string, Partial<OffloadSa>, Partial<EspShape>]>([
      ['AES-GCM-128', {}, {}],
      ['AES-GCM-256', { key: pattern(32, 9) }, { optionWords: 3 }],
      ['IPv6', { family: 6, dst: ESP_DST6 }, { family: 6 }],
      ['VLAN', {}, { vlan: true }],
      ['GMAC (RFC 4543)', { alg: 'aes-gmac' }, {}],
    ])(
      '%s: SPI, number, IV, padding and trailer as software makes them (RFC 4303 §2)',
      (_, sa, shape) => {
        rig = new Rig(makeWorld, BIG_RINGS);
        const out = whole('out', 0x801, sa);
        const shapes = SIZES.map((payloadBytes, i) => ({
          ...{ to: 1, spi: out.spi, seq: i + 1, payloadBytes, ...shape },
        }));
        expect(hex(onWire(out, shapes))).toEqual(hex(shapes.map((s) => espSealed(s, out))));
        expect(rig.a.nic.stats()).toMatchObject({ txIpsec: SIZES.length, txDrop: 0 });
      },
    );

    test('ESN: the high half goes into the IV and the ICV, and over its edge (RFC 4303 §2.2.1)', () => {
      rig = new Rig(makeWorld);
      const sa = whole('out', 0x802, { esn: true, sentSeq: 7 * 2 ** 32 - 3 });
      const shape = { to: 1, spi: sa.spi, seq: 0, payloadBytes: 77, seed: 4 };
      const wire = onWire(sa, [shape, shape, shape, shape]);
      const want = [-2, -1, 0, 1].map((d) => {
        const at = 7 * 2 ** 32 + d;
        return espSealed(
          { ...shape, seq: at >>> 0, seqHi: Math.floor(at / 2 ** 32) },
          sa,
          Math.floor(at / 2 ** 32),
        );
      });
      expect(hex(wire)).toEqual(hex(want));
    });

    test('the last number is given once, then the card refuses: it never cycles (RFC 4303 §3.3.3)', () => {
      rig = new Rig(makeWorld);
      const sa = whole('out', 0x803, { sentSeq: 0xffff_fffe });
      const shape = { to: 1, spi: sa.spi, seq: 0xffff_ffff, payloadBytes: 60 };
      expect(hex(onWire(sa, [shape, shape, shape]))).toEqual(hex([espSealed(shape, sa)]));
      expect(codes(rig, 0, 0)).toEqual([R.CODE_OK, R.CODE_SEQ_END, R.CODE_SEQ_END]);
      expect(rig.a.count('nic.txSeqEnd')).toBe(2);
      const end = { ...sa, esn: true, spi: 0x813, sentSeq: 2 ** 53 };
      const cardSa = install(rig.a, end);
      rig.world.buses[0]!.writeReg(R.SA_TX + R.SA_SEQ_LO, 0xffff_ffff);
      rig.world.buses[0]!.writeReg(R.SA_TX + R.SA_SEQ_HI, 0xffff_ffff);
      rig.world.buses[0]!.writeReg(R.SA_TX + R.SA_IDX, (cardSa | R.SA_WRITE) >>> 0);
      sendWhole(rig.a, { ...shape, spi: end.spi }, end, cardSa);
      rig.settle();
      expect(codes(rig, 0, 0).at(-1)).toBe(R.CODE_SEQ_END);
    });

    test('two SAs by turns: a counter each; a frame that cannot be read uses its number up', () => {
      rig = new Rig(makeWorld);
      const sas = [whole('out', 0x804), whole('out', 0x805)];
      const cards = sas.map((sa) => install(rig.a, sa));
      for (let i = 0; i < 6; i++)
        sendWhole(
          rig.a,
          { to: 1, spi: 0, seq: 1, payloadBytes: 40 + i },
          sas[i & 1]!,
          cards[i & 1]!,
        );
      rig.settle();
      const seqs = rig.b.received.map(({ bytes }) =>
        new DataView(bytes.buffer, bytes.byteOffset).getUint32(38),
      );
      expect(seqs).toEqual([1, 1, 2, 2, 3, 3]);
      const state = rig.a.nic.sa.saRemove('out', cards[0]!) as SaState;
      expect(state.seq).toBe(3);
    });

    test('a descriptor that says packet and an SA that does not, or the other way: nothing leaves', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0x806);
      const cardSa = install(rig.a, sa);
      const { out } = rig.a.nic.sa;
      out.packet[cardSa] = 1; // the driver errs
      sendWhole(rig.a, { to: 1, spi: sa.spi, seq: 1, payloadBytes: 100 }, sa, cardSa);
      rig.settle();
      expect(codes(rig, 0, 0)).toEqual([R.CODE_NO_SA]);
      expect(rig.b.received).toEqual([]);
      // And the driver, when it does not: the request is not for this SA.
      out.packet[cardSa] = 0;
      sendWhole(rig.a, { to: 1, spi: sa.spi, seq: 1, payloadBytes: 100 }, sa, cardSa);
      expect(rig.a.software.length).toBe(1);
    });

    test.each<[string, Partial<OffloadSa>, Partial<EspShape>]>([
      ['IPv4', {}, {}],
      ['IPv4 with options', {}, { optionWords: 5 }],
      ['IPv6', { family: 6, dst: ESP_DST6 }, { family: 6 }],
      ['VLAN', {}, { vlan: true }],
      ['GMAC', { alg: 'aes-gmac' }, {}],
    ])(
      'receive, %s: ESP header, padding, trailer and ICV are gone; the report says what was inside',
      (_, sa, shape) => {
        rig = new Rig(makeWorld, BIG_RINGS);
        const into = whole('in', 0x811, { replayPackets: 128, ...sa });
        install(rig.b, into);
        const shapes = SIZES.map((payloadBytes, i) => ({
          ...{ to: 1, spi: into.spi, seq: i + 1, payloadBytes, ...shape },
        }));
        for (const s of shapes) rig.inject(1, espSealed(s, into), 0);
        rig.settle();
        expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex(shapes.map(openedOf)));
        const { ip, esp } = placesOf(shapes[0]!);
        for (const { report } of rig.b.received)
          expect(report).toMatchObject({ spi: into.spi, next: 17, espOffset: esp - ip, esnHi: 0 });
        expect(rig.b.count('nic.rxOffloaded')).toBe(SIZES.length);
      },
    );

    test('paddings of 0..255 bytes come off; one wrong byte anywhere in it refuses the packet (RFC 4303 §2.4)', () => {
      rig = new Rig(makeWorld, BIG_RINGS);
      const into = whole('in', 0x812, { replayPackets: 0 });
      install(rig.b, into);
      const pads = [
        0, 1, 2, 3, 7, 11, 12, 13, 14, 15, 16, 29, 30, 31, 32, 33, 100, 239, 240, 254, 255,
      ];
      const shapes = pads.map((pad, i) => {
        const payloadBytes = (-(pad + 2) & 3) + 4 * (i % 5);
        return { to: 1, spi: into.spi, seq: i + 1, payloadBytes, pad };
      });
      for (const s of shapes) rig.inject(1, espSealed(s, into), 0);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex(shapes.map(openedOf)));
      let bad = 0;
      for (const s of shapes)
        for (const at of new Set([1, s.pad >> 1, s.pad])) {
          if (at < 1 || at > s.pad) continue;
          rig.inject(1, espSealed({ ...s, wrongPad: at }, into), 0);
          bad++;
          if (bad % 20 === 0) rig.settle();
        }
      // Longer than the text: 4 bytes of it, and the last but one says 3.
      rig.inject(
        1,
        espSealed({ to: 1, spi: into.spi, seq: 99, payloadBytes: 2, pad: 0, padLength: 3 }, into),
        0,
      );
      rig.inject(1, espSealed({ to: 1, spi: into.spi, seq: 100, payloadBytes: 50 }, into), 0);
      rig.settle();
      expect(rig.b.received.length).toBe(shapes.length + 1);
      expect(rig.b.count('nic.rxBadPad')).toBe(bad + 1);
      expect(rig.b.nic.stats()).toMatchObject({ rxBadPad: bad + 1, rxIcvBad: 0 });
    });

    test('the window: a number once, too old never, in any order within (RFC 4303 §3.4.3, App. A)', () => {
      rig = new Rig(makeWorld, BIG_RINGS);
      const into = whole('in', 0x813, { replayPackets: 64 });
      const slot = install(rig.b, into);
      const got = (seqs: readonly number[]): number[] => {
        const from = rig.b.completions.length;
        for (const seq of seqs)
          rig.inject(
            1,
            espSealed({ to: 1, spi: into.spi, seq, payloadBytes: 20 + (seq % 30) }, into),
            0,
          );
        rig.settle();
        return rig.b.completions.slice(from).map((c) => c[2] & R.CPL_CODE_MASK);
      };
      const ok = R.CODE_OK;
      const no = R.CODE_REPLAY;
      // Back to back, so that the second is in the card while the first has no verdict yet.
      expect(got([5, 5, 5, 3, 5, 3, 4, 0])).toEqual([ok, no, no, ok, no, no, ok, no]);
      expect(got([100, 37, 36, 100, 38, 38])).toEqual([ok, ok, no, no, ok, no]);
      expect(got([164, 101, 100, 164, 99])).toEqual([ok, ok, no, no, no]);
      expect(got([1000, 164, 937, 936, 0xffff_ffff, 1000])).toEqual([ok, no, ok, no, ok, no]);
      expect(rig.b.nic.sa.cardCounters('in', slot)).toMatchObject({ packets: 11, replayed: 14 });
      expect(rig.b.nic.stats()).toMatchObject({ rxReplay: 14, rxIpsecOk: 11 });
      expect(rig.b.count('nic.rxReplay')).toBe(14);
    });

    test('a forged packet does not move the window (RFC 4303 §3.4.3)', () => {
      rig = new Rig(makeWorld);
      const into = whole('in', 0x814);
      const slot = install(rig.b, into);
      const forged = espSealed({ to: 1, spi: into.spi, seq: 5000, payloadBytes: 40 }, into);
      forged[forged.length - 1]! ^= 1;
      const good = espSealed({ to: 1, spi: into.spi, seq: 7, payloadBytes: 40 }, into);
      for (const f of [forged, good, forged, good]) rig.inject(1, f, 0);
      rig.settle();
      expect(codes(rig, 1, 1)).toEqual([
        R.CODE_AUTH_FAIL,
        R.CODE_OK,
        R.CODE_AUTH_FAIL,
        R.CODE_REPLAY,
      ]);
      const state = rig.b.nic.sa.saRemove('in', slot) as SaState;
      expect([state.seq, ...state.seen]).toEqual([7, 1, 0, 0, 0]);
    });

    test('ESN: the window goes over the edge of the low half (RFC 4303 App. A2)', () => {
      rig = new Rig(makeWorld);
      const top = 3 * 2 ** 32 - 2;
      const seen = Uint32Array.of(1, 0, 0, 0);
      const into = whole('in', 0x815, { esn: true, receivedSeq: top, seen });
      const slot = install(rig.b, into);
      const frame = (d: number): Uint8Array => {
        const seq = top + d;
        const seqHi = Math.floor(seq / 2 ** 32);
        return espSealed(
          { to: 1, spi: into.spi, seq: seq >>> 0, seqHi, payloadBytes: 44 },
          into,
          seqHi,
        );
      };
      for (const d of [0, -1, 3, 1, 3, 2, -60, -61]) rig.inject(1, frame(d), 0);
      rig.settle();
      const [ok, no] = [R.CODE_OK, R.CODE_REPLAY];
      // Left of the window it is taken for a number of the next half, with which the ICV is wrong.
      expect(codes(rig, 1, 1)).toEqual([no, ok, ok, ok, no, ok, ok, R.CODE_AUTH_FAIL]);
      const state = rig.b.nic.sa.saRemove('in', slot) as SaState;
      expect(state.seq).toBe(top + 3);
      expect([...state.seen]).toEqual([0b11111, 0x8000_0000, 0, 0]);
    });

    test('handed back and forth: numbers and window go on where they were', () => {
      rig = new Rig(makeWorld, BIG_RINGS);
      const out = whole('out', 0x816);
      const into = whole('in', 0x816, { replayPackets: 128 });
      const shape = { to: 1, spi: out.spi, seq: 1, payloadBytes: 33 };
      let cardOut = install(rig.a, out);
      let cardIn = install(rig.b, into);
      for (let i = 0; i < 5; i++) sendWhole(rig.a, shape, out, cardOut);
      // Undrained: removal has to wait for them.
      const sent = rig.a.nic.sa.saRemove('out', cardOut) as SaState;
      rig.settle();
      const got = rig.b.nic.sa.saRemove('in', cardIn) as SaState;
      expect([sent.seq, got.seq, got.seen[0]]).toEqual([5, 5, 0b11111]);
      cardOut = install(rig.a, { ...out, sentSeq: sent.seq });
      cardIn = install(rig.b, { ...into, receivedSeq: got.seq, seen: got.seen });
      sendWhole(rig.a, shape, out, cardOut);
      rig.inject(1, espSealed({ ...shape, seq: 3 }, into), 0);
      rig.settle();
      expect(rig.b.received.length).toBe(6);
      expect(rig.b.nic.stats()).toMatchObject({ rxReplay: 1, rxIpsecOk: 6 });
    });

    test('a card that was reset has lost the state, and says so', () => {
      rig = new Rig(makeWorld);
      const cardSa = install(rig.a, whole('out', 0x817));
      rig.a.nic.detach();
      expect(rig.a.nic.sa.saRemove('out', cardSa)).toBe(null);
      rig.a.nic.attach();
    });

    test('what the card does not take whole: ESP in UDP, a window that is too large', () => {
      rig = new Rig(makeWorld);
      const { sa } = rig.b.nic;
      expect(sa.saInstall(whole('in', 1, { udpPort: 4500 }))).toMatchObject({ ok: false });
      expect(sa.saInstall(whole('in', 2, { replayPackets: 129 }))).toMatchObject({ ok: false });
      expect(sa.saInstall(whole('in', 3, { replayPackets: 128 }))).toMatchObject({ ok: true });
    });

    test('empty payloads, and frames shorter than their headers: made, or refused (fail closed)', () => {
      rig = new Rig(makeWorld);
      const sa = whole('out', 0x818);
      const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes: 0 };
      expect(hex(onWire(sa, [shape]))).toEqual(hex([espSealed(shape, sa)]));
      expect(bareOf(shape).length).toBe(34);
    });
  });
}
