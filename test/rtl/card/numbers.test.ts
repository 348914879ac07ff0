// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import { BareCard, BUFFERS, brief, CTRL_ON, piece, QUEUED, WIDTHS } from './bare_card.ts';
import { random, randomBytes, randomSa, seal } from './esp_frames.ts';
import { inMatch, install, long, state } from './rows.ts';

/**
 * Packet offload with numbers, windows, keys, SPIs, addresses and rows of any bits: what the card puts on
 * the wire and takes off it by node:crypto, its windows by RFC 4303 §3.4.3 with BigInt.
 */
const ALL = (1n << 128n) - 1n;
const HEADERS = 34;
const INTO = BUFFERS + 0x10000;

let card: BareCard;
afterEach(() => card.world.close());

/** Ethernet and IPv4 to dst, of a packet with so much behind its header. */
function headers(dst: number, behindBytes: number, next: () => number): Uint8Array {
  const frame = randomBytes(HEADERS, next);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, 20 + behindBytes);
  view.setUint16(20, 0x4000);
  view.setUint8(23, 50);
  view.setUint32(30, dst);
  return frame;
}

/** RFC 4303 §2, RFC 4106 §3: the whole packet, not yet encrypted. */
function packet(
  head: Uint8Array,
  spi: number,
  number: bigint,
  payload: Uint8Array,
  proto: number,
): Uint8Array {
  const pad = -(payload.length + 2) & 3;
  const esp = Buffer.alloc(16);
  esp.writeUInt32BE(spi, 0);
  esp.writeUInt32BE(Number(number & 0xffffffffn), 4);
  esp.writeBigUInt64BE(number, 8);
  const trailer = [...Array(pad).keys()].map((i) => i + 1);
  return new Uint8Array(Buffer.concat([head, esp, payload, Buffer.from([...trailer, pad, proto])]));
}
const onWire = (payloadBytes: number): number =>
  16 + payloadBytes + (-(payloadBytes + 2) & 3) + 2 + 16;

describe.each([WIDTHS[0]!, ...QUEUED])('%s', (_name, make) => {
  const begin = (seed: number) => {
    card = new BareCard(make);
    const next = random(seed);
    const wide = (): bigint => long([next(), next()]);
    const each = (i: number) => {
      const esn = i % 2 === 1;
      const sa = randomSa(i % 4 < 2 ? 16 : 32, next, esn);
      return { esn, sa, idx: next() & 1023, spi: next(), dst: next() };
    };
    return { next, wide, each };
  };

  test('RFC 4303 §3.3.3: what is sent has the number after the last one, to the end of numbers', () => {
    const { next, wide, each } = begin(81);
    for (let i = 0; i < 64; i++) {
      const { esn, sa, idx, spi, dst } = each(i);
      const end = esn ? (1n << 64n) - 1n : (1n << 32n) - 1n;
      const last = i % 8 < 2 ? end - BigInt(i % 8) : wide() & end & ~1n;
      install(card.host, { window: R.SA_TX, idx, sa, packet: true, spi, seq: last });
      const payload = randomBytes(1 + (next() % 200), next);
      const head = headers(dst, onWire(payload.length), next);
      card.world.arena.set([...head, ...payload], BUFFERS);
      const proto = next() & 255;
      const flags = R.TXD_IPSEC | R.TXD_PACKET | (esn ? R.TXD_ESN : 0);
      const cookie = next();
      const fields = { flags, saIdx: idx, espOffset: HEADERS, next: proto, esnHi: next(), cookie };
      card.host.postFrame([piece(BUFFERS, HEADERS + payload.length)], fields);
      card.go();
      const [done] = card.host.sent();
      const wire = card.wire();
      if (last === end) {
        expect([i, done!.status & R.CPL_CODE_MASK, wire]).toEqual([i, R.CODE_SEQ_END, []]);
        continue;
      }
      const number = last + 1n;
      const esnHi = Number(number >> 32n);
      const sealed = seal(packet(head, spi, number, payload, proto), sa, esnHi);
      expect([i, wire]).toEqual([i, [Buffer.from(sealed).toString('hex')]]);
      expect(done).toMatchObject({ cookie, saIdx: idx, lenBytes: sealed.length });
      expect(state(card.host, R.SA_TX, idx)).toEqual({
        seq: number,
        packets: 1n,
        bytes: BigInt(sealed.length),
        errors: 0n,
      });
    }
  });

  test('RFC 4303 §3.4.3: the window takes each number once, wherever among all numbers it is', () => {
    const { next, wide, each } = begin(82);
    for (let i = 0; i < 48; i++) {
      const { esn, sa, idx, spi, dst } = each(i);
      const room = esn ? (1n << 64n) - 1000n : (1n << 32n) - 1000n;
      // Some beside a turn of the low half.
      const near = esn && i % 6 === 1 ? (wide() & ~0xffffffffn) + BigInt(next() % 100) : wide();
      let top = (near % room) + 200n;
      let seen = long([next() | 1, next(), next(), next()]);
      const window = 1 + (next() % R.SA_PACKET_WINDOW_MAX);
      const known = { ...sa, window };
      install(card.host, { window: R.SA_RX, idx, sa: known, packet: true, spi, seq: top, seen });
      inMatch(card.host, { idx, spi, dst, way: next() & 7 });
      let [packets, bytes, replays, errors] = [0n, 0n, 0n, 0n];
      const ahead = BigInt(1 + (next() % 160));
      for (const step of [ahead, 0n, -BigInt(next() % 128), -BigInt(next() % 128), -128n, 3n]) {
        const number = top + step;
        const payload = randomBytes(1 + (next() % 100), next);
        const head = headers(dst, onWire(payload.length), next);
        const proto = next() & 255;
        const frame = packet(head, spi, number, payload, proto);
        card.host.supply(piece(INTO, 2048), next());
        card.host.flush();
        card.world.inject(0, seal(frame, sa, Number(number >> 32n)), 0);
        card.settle();
        const [done] = card.host.received();
        const isLeft = step <= -BigInt(window);
        const isNew = step > 0n || (!isLeft && ((seen >> -step) & 1n) === 0n);
        const code = done!.status & R.CPL_CODE_MASK;
        expect(done!.saIdx).toBe(idx);
        // Left of the window, with ESN, it is taken for one of the next half (§A2.2): no ICV is good there.
        const isOther = esn && isLeft;
        const refused = isOther ? R.CODE_AUTH_FAIL : R.CODE_REPLAY;
        expect([i, step, code]).toEqual([i, step, isNew ? R.CODE_OK : refused]);
        if (!isNew) {
          if (isOther) errors++;
          else replays++;
          continue;
        }
        packets++;
        bytes += BigInt(frame.length + 16);
        if (step > 0n) {
          seen = step >= 128n ? 1n : ((seen << step) | 1n) & ALL;
          top = number;
        } else seen |= 1n << -step;
        const got = card.world.arena.slice(INTO, INTO + done!.lenBytes);
        expect(Buffer.compare(got, Buffer.concat([head, payload]))).toBe(0);
        expect(done!.status & R.CPL_PACKET).toBe(R.CPL_PACKET);
        expect((done!.status >>> R.CPL_NEXT_SHIFT) & 255).toBe(proto);
        expect(done!.esnHi).toBe(Number(number & 0x7fffffffn));
      }
      const expected = { seq: top, seen, replays, packets, bytes, errors };
      expect([i, state(card.host, R.SA_RX, idx)]).toEqual([i, expected]);
      expect(brief(card.host.received())).toEqual([]);
    }
    expect(card.read(R.REG_CTRL)).toBe(CTRL_ON);
  });
});
