// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import { FAULT_READ_ERROR } from '../../../src/dev/nic/nic_bus.ts';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import type { BareHost } from '../../../src/validate/bare_host.ts';
import { espClear, espSealed, hex, plainFrame } from '../../../src/validate/frames.ts';
import {
  BareCard,
  BUFFERS,
  brief,
  CARDS,
  CTRL_ON,
  cut,
  NOWHERE,
  piece,
  QUEUED,
  SA,
  SA_ROW,
} from './bare_card.ts';
import { random } from './esp_frames.ts';

/** Frames sent from several buffers, on RTL of every width and on the model: the same of all. */
let card: BareCard;
afterEach(() => card.world.close());
const start = (...options: ConstructorParameters<typeof BareCard>): BareHost => {
  card = new BareCard(...options);
  return card.host;
};

const whole = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(CARDS)('transmit gather: %s', (_name, make) => {
  test('pieces of any length at any address leave as one frame, plain and ESP', () => {
    const host = start(make, { sim: { memStallPermille: 100 } });
    const next = random(5);
    for (let i = 0; i < 120; i++) {
      const isEsp = i % 2 === 1;
      const payloadBytes = i % 10 === 9 ? next() % 8800 : next() % 300;
      const shape = { to: 0, spi: SA.spi, seq: i, payloadBytes };
      const clear = isEsp ? espClear(shape).subarray(0, -16) : plainFrame(0, 14 + payloadBytes, i);
      const sealed = isEsp ? espSealed(shape, SA) : clear;
      const lengths = cut(clear.length, 1 + (next() % R.TXD_PARTS_MAX), next);
      const pieces = card.place(clear, lengths, () => next() % 64);
      const fields = isEsp ? { flags: R.TXD_IPSEC, saIdx: SA_ROW, espOffset: 34 } : {};
      host.postFrame(pieces, { ...fields, cookie: i });
      card.go();
      expect([i, lengths, card.wire()]).toEqual([i, lengths, hex([sealed])]);
      const secp = isEsp ? R.CPL_SECP : 0;
      expect(brief(host.sent())).toEqual([[i, secp, sealed.length]]);
      expect(card.read(R.RING_TX + R.RING_HEAD)).toBe(host.tx.tail);
    }
  });

  test('one byte a piece at each place of a beat, frames back to back', () => {
    const host = start(make);
    const frame = plainFrame(0, 80, 1);
    const pieces = card.place(frame, [1, 1, 33, 1, 15, 16, 0, 13], (i) => (i * 7) % 64);
    for (let i = 0; i < 8; i++) host.postFrame(pieces, { cookie: i });
    card.go();
    expect(card.wire()).toEqual(Array(8).fill(hex([frame])[0]));
    expect(brief(host.sent())).toEqual(whole(8).map((i) => [i, R.CODE_OK, 80]));
  });

  test('a chain wraps the ring, again and again', () => {
    const host = start(make, { log2: 4 });
    const next = random(9);
    for (let i = 0; i < 40; i++) {
      const frame = plainFrame(0, 60 + i, i);
      host.postFrame(
        card.place(frame, cut(frame.length, 1 + (i % 7), next), () => i % 64),
        { cookie: i },
      );
      card.go();
      expect(card.wire()).toEqual(hex([frame]));
      expect(brief(host.sent())).toEqual([[i, R.CODE_OK, frame.length]]);
    }
  });

  test('a ring that ends amid a frame is waited for, then the frame leaves', () => {
    const host = start(make);
    const frame = plainFrame(0, 100, 1);
    const [a, b, c] = card.place(frame, [30, 30, 40], () => 3);
    host.post(a!, R.TXD_MORE, { cookie: 5 });
    host.post(b!, R.TXD_MORE | R.TXD_CONT);
    card.go();
    expect([card.wire(), host.sent()]).toEqual([[], []]);
    expect(card.read(R.REG_STATUS) & R.STATUS_TX_BUSY).toBe(R.STATUS_TX_BUSY);
    host.post(c!, R.TXD_CONT);
    card.go();
    expect(card.wire()).toEqual(hex([frame]));
    expect(brief(host.sent())).toEqual([[5, R.CODE_OK, 100]]);
    expect(card.read(R.REG_STATUS) & R.STATUS_TX_BUSY).toBe(0);
  });

  /** Descriptors by their flags, each with 20 bytes; what completes, the good frame behind it included. */
  const M = R.TXD_MORE;
  const C = R.TXD_CONT;
  const CHAINS: readonly (readonly [string, readonly number[], readonly [number, number][]])[] = [
    ['nine pieces', [M, M | C, M | C, M | C, M | C, M | C, M | C, M | C, C], [[0, R.CODE_BAD_LEN]]],
    ['a chain that does not end', [M, ...Array(30).fill(M | C)], [[0, R.CODE_BAD_LEN]]],
    ['no last piece', [M, M | C], [[0, R.CODE_BAD_LEN]]],
    ['no first piece', [C], [[0, R.CODE_BAD_LEN]]],
    ['no first piece, two of them', [M | C, C], [[0, R.CODE_BAD_LEN]]],
    [
      'two first pieces',
      [M, M, C],
      [
        [0, R.CODE_BAD_LEN],
        [1, R.CODE_OK],
      ],
    ],
  ];
  test.each(CHAINS)(
    '%s: refused, counted, nothing leaves, the next frame does',
    (_, flags, ends) => {
      const host = start(make);
      const frame = plainFrame(0, 40, 1);
      const [a] = card.place(frame.subarray(0, 20), [20], () => 0);
      const isEsp = (i: number) => ((flags[i]! & C) === 0 ? R.TXD_IPSEC : 0);
      flags.forEach((f, i) => {
        const isGood = ends.some(([cookie, code]) => cookie === i && code === R.CODE_OK);
        host.post(a!, f | (isGood ? 0 : isEsp(i)), { cookie: i, saIdx: SA_ROW, espOffset: 34 });
      });
      host.postFrame([a!], { cookie: 99 });
      card.go();
      expect(host.sent().map((c) => [c.cookie, c.status & 31])).toEqual([...ends, [99, R.CODE_OK]]);
      expect(card.wire()).toHaveLength(1 + ends.filter(([, code]) => code === R.CODE_OK).length);
      expect(card.stat('txDrop')).toBe(ends.filter(([, code]) => code !== R.CODE_OK).length);
    },
  );

  test.each([
    ['all of them empty', [0, 0, 0], R.CODE_BAD_LEN],
    ['longer than a frame may be', [9000, 19], R.CODE_BAD_LEN],
    ['longer than 16 bits can say', [60000, 5596], R.CODE_BAD_LEN],
    ['together as long as a frame may be', [0, 9000, 0, 18, 0], R.CODE_OK],
  ])('pieces %s', (_, lengths, code) => {
    const host = start(make);
    host.postFrame(
      lengths.map((n, i) => piece(BUFFERS + 65536 * i, n)),
      { cookie: 1 },
    );
    host.postFrame([piece(BUFFERS, 60)], { cookie: 2 });
    card.go();
    expect(host.sent().map((c) => [c.cookie, c.status])).toEqual([
      [1, code],
      [2, R.CODE_OK],
    ]);
    expect(card.wire()).toHaveLength(code === R.CODE_OK ? 2 : 1);
  });

  test('a bus error in the third of four buffers: DMA_ERR, once, the frames around it leave', () => {
    const host = start(make);
    const frame = plainFrame(0, 120, 1);
    const pieces = card.place(frame, [30, 30, 30, 30], (i) => 5 * i);
    const bad = pieces.map((p, i) => (i === 2 ? piece(NOWHERE, 30) : p));
    for (let i = 0; i < 6; i++) host.postFrame(i === 2 || i === 3 ? bad : pieces, { cookie: i });
    card.go();
    const code = (i: number) => (i === 2 || i === 3 ? R.CODE_DMA_ERR : R.CODE_OK);
    expect(host.sent().map((c) => [c.cookie, c.status])).toEqual(whole(6).map((i) => [i, code(i)]));
    expect(card.wire()).toEqual(Array(4).fill(hex([frame])[0]));
    expect(card.stat('dmaErrors')).toBe(2);
  });

  test('a descriptor in the middle that cannot be read ends its frame; what goes on with it is passed over', () => {
    const host = start(make);
    const pieces = card.place(plainFrame(0, 160, 1), Array(8).fill(20), () => 0);
    pieces.forEach((p, i) => {
      const flags = (i > 0 ? R.TXD_CONT : R.TXD_IPSEC) | (i < 7 ? R.TXD_MORE : 0);
      host.post(p, flags, { cookie: 7, saIdx: SA_ROW, espOffset: 34 });
      if (i === 4) card.world.fault(0, FAULT_READ_ERROR, 1);
      if (i !== 3 && i !== 4 && i !== 7) return;
      card.go();
    });
    host.postFrame([piece(BUFFERS, 60)], { cookie: 8 });
    card.go();
    expect(host.sent().map((c) => [c.cookie, c.status])).toEqual([
      [7, R.CODE_DMA_ERR],
      [8, R.CODE_OK],
    ]);
    expect(card.wire()).toHaveLength(1);
    expect(card.stat('txDrop')).toBe(1);
  });

  test.each(['ring', 'card'])(
    'the %s starts anew amid a chain: nothing of before is left',
    (what) => {
      const host = start(make);
      const frame = plainFrame(0, 60, 1);
      const [a] = card.place(frame, [60], () => 0);
      for (let i = 0; i < 3; i++) {
        host.post(a!, R.TXD_MORE, { cookie: 1 });
        card.go();
        if (what === 'card') host.bus.writeReg(R.REG_CTRL, R.CTRL_RESET);
        card.settle();
        host.start(CTRL_ON);
        host.postFrame([a!], { cookie: 2 });
        card.go();
        expect(card.wire()).toEqual(hex([frame]));
        expect(brief(host.sent())).toEqual([[2, R.CODE_OK, 60]]);
      }
    },
  );
});

describe.each(QUEUED)('transmit gather in several queues: %s', (_name, make) => {
  test('half a frame in one queue holds up no other; all go on when it is whole', () => {
    card = new BareCard(make, { log2: 4, queues: 4 });
    const { hosts, world } = card;
    const frames = hosts.map((_, q) => plainFrame(0, 90, q));
    const pieces = frames.map((f, q) => {
      const at = BUFFERS + 4096 * q;
      world.arena.set(f, at);
      return [piece(at, 40), piece(at + 40, 50)] as const;
    });
    for (const q of [1, 2]) hosts[q]!.post(pieces[q]![0], R.TXD_MORE, { cookie: q });
    for (const q of [0, 3]) hosts[q]!.postFrame(pieces[q]!, { cookie: q });
    card.go();
    expect(hosts.map((h) => brief(h.sent()))).toEqual([[[0, 0, 90]], [], [], [[3, 0, 90]]]);
    for (const q of [2, 1]) {
      hosts[q]!.post(pieces[q]![1], R.TXD_CONT);
      card.go();
      expect(brief(hosts[q]!.sent())).toEqual([[q, 0, 90]]);
    }
    const sent = card.wire();
    expect([...sent].sort()).toEqual(hex(frames).sort());
    expect(sent.slice(2)).toEqual(hex([frames[2]!, frames[1]!]));
  });
});
