// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import type { BareHost, Piece } from '../../../src/validate/bare_host.ts';
import { plainFrame } from '../../../src/validate/frames.ts';
import { BareCard, BUFFERS, brief, CTRL_ON, piece, QUEUED, WIDTHS } from './bare_card.ts';
import { random } from './esp_frames.ts';

/**
 * All 64 bits of addresses. Host memory is a window at 0: what lies elsewhere answers DECERR, so a
 * bit that the card lost would show as a frame that it reads, or memory that it writes.
 */
const ONE = WIDTHS.map(([name, make]) => [name, make, 1] as const);
const FOUR = QUEUED.map(([name, make]) => [name, make, 4] as const);
const RTL = [...ONE, FOUR[0]!];

let card: BareCard;
afterEach(() => card.world.close());

const next = random(64);
/** One bit of the upper 40 alone, then any of them. */
const far = (i: number, at: number): number =>
  i < 39 ? at + 2 ** (25 + i) : at + (next() | 1) * 2 ** 32 + (next() >>> 26) * 2 ** 26;
const TIMES = 56;
const FRAME = 100;

/** As many at once as a ring takes. */
const inLots = (each: (i: number) => void): void => {
  for (let i = 0; i < TIMES; i++) {
    each(i);
    if (i % 14 === 13) card.go();
  }
};

describe.each([...ONE, ...FOUR])('buffers: %s', (_name, make, queues) => {
  const sentCodes = (q: number): number[][] => brief(card.hosts[q]!.sent());

  test('a frame at an address beyond memory is not sent, the frame behind it is', () => {
    card = new BareCard(make, { queues, log2: 8 });
    card.world.arena.set(plainFrame(1, FRAME, 1), BUFFERS);
    inLots((i) => {
      for (const host of card.hosts) {
        host.postFrame([piece(far(i, BUFFERS), FRAME)], { cookie: 2 * i });
        host.postFrame([piece(BUFFERS, FRAME)], { cookie: 2 * i + 1 });
      }
    });
    card.go();
    const expected = Array.from({ length: TIMES }, (_, i) => [
      [2 * i, R.CODE_DMA_ERR, 0],
      [2 * i + 1, R.CODE_OK, FRAME],
    ]).flat();
    for (let q = 0; q < queues; q++) expect(sentCodes(q)).toEqual(expected);
    expect(card.wire().length).toBe(TIMES * queues);
    expect(card.stat('dmaErrors')).toBeGreaterThanOrEqual(TIMES * queues);
  });

  test('nor is one of which any part lies there', () => {
    card = new BareCard(make, { queues, log2: 8 });
    card.world.arena.set(plainFrame(1, FRAME, 1), BUFFERS);
    inLots((i) => {
      for (const host of card.hosts) {
        const parts: Piece[] = Array.from({ length: 1 + (i % 3) }, () => piece(BUFFERS, FRAME));
        parts.splice(next() % (parts.length + 1), 0, piece(far(i, BUFFERS), FRAME));
        host.postFrame(parts, { cookie: i });
      }
    });
    card.go();
    const expected = Array.from({ length: TIMES }, (_, i) => [i, R.CODE_DMA_ERR, 0]);
    for (let q = 0; q < queues; q++) expect(sentCodes(q)).toEqual(expected);
    expect(card.wire()).toEqual([]);
  });

  test('a frame for a buffer beyond memory is lost, with a status; no memory changes', () => {
    card = new BareCard(make, { ctrl: CTRL_ON | R.CTRL_RX_SCATTER });
    card.world.arena.fill(0xee, BUFFERS);
    const before = Buffer.from(card.world.arena.slice(BUFFERS));
    for (let i = 0; i < TIMES; i++) {
      // Of every length that a descriptor can say, all longer than the frame.
      const lenBytes = FRAME + 2 ** (i % 32) + (i % 2 ? next() & 0xffff : 0);
      card.host.supply(piece(far(i, BUFFERS), lenBytes), i);
      card.host.flush();
      card.world.inject(0, plainFrame(0, FRAME, i), 0);
      card.settle();
      expect(brief(card.host.received())).toEqual([[i, R.CODE_DMA_ERR, 0]]);
    }
    expect(Buffer.compare(before, card.world.arena.subarray(BUFFERS))).toBe(0);
    card.host.supply(piece(BUFFERS, FRAME), 99);
    card.host.flush();
    card.world.inject(0, plainFrame(0, FRAME, 5), 0);
    card.settle();
    expect(brief(card.host.received())).toEqual([[99, R.CODE_OK, FRAME]]);
    expect([...card.world.arena.subarray(BUFFERS, BUFFERS + FRAME)]).toEqual([
      ...plainFrame(0, FRAME, 5),
    ]);
  });
});

describe.each(RTL)('rings: %s', (_name, make, queues) => {
  const BLOCKS = { tx: R.RING_TX, rx: R.RING_RX, txc: R.RING_TXC, rxc: R.RING_RXC } as const;
  type Name = keyof typeof BLOCKS;
  /** Empty, and elsewhere. */
  const move = (host: BareHost, name: Name, by: number): void => {
    const block = R.queueBlock(BLOCKS[name], card.hosts.indexOf(host));
    host[name].enable();
    const base = 4 * host[name].base + by;
    host.bus.writeReg(block + R.RING_CTRL, 0);
    host.bus.writeReg(block + R.RING_BASE_LO, base % 2 ** 32);
    host.bus.writeReg(block + R.RING_BASE_HI, Math.floor(base / 2 ** 32));
    host.bus.writeReg(block + R.RING_CTRL, R.RING_ENABLE);
  };
  const moves = [...Array.from({ length: 41 }, (_, i) => far(i, 0)), 0];
  const tailOf = (name: Name, q: number): number =>
    card.read(R.queueBlock(BLOCKS[name], q) + R.RING_TAIL);

  test('descriptors beyond memory: a frame each that cannot be read', () => {
    card = new BareCard(make, { queues });
    for (const by of moves) {
      const code = by === 0 ? R.CODE_OK : R.CODE_DMA_ERR;
      for (const host of card.hosts) {
        move(host, 'tx', by);
        for (let i = 0; i < 3; i++) host.postFrame([piece(BUFFERS, FRAME)], { cookie: i });
      }
      move(card.host, 'rx', by);
      for (let i = 0; i < 2; i++) card.host.supply(piece(BUFFERS + 4096, FRAME), i);
      card.go();
      for (let i = 0; i < 2; i++) card.world.inject(0, plainFrame(0, FRAME, i), 0);
      card.settle();
      for (const host of card.hosts)
        expect([by, host.sent().map((c) => c.status & R.CPL_CODE_MASK)]).toEqual([
          by,
          [code, code, code],
        ]);
      const got = card.host.received().map((c) => c.status & R.CPL_CODE_MASK);
      expect([by, got]).toEqual([by, [code, code]]);
    }
  });

  test('completions beyond memory: counted by the card, seen by nobody; no memory changes', () => {
    card = new BareCard(make, { queues });
    for (const by of moves) {
      const errors = card.stat('dmaErrors');
      for (const host of card.hosts) {
        move(host, 'tx', 0);
        for (const name of ['txc', 'rxc'] as const) move(host, name, by);
        host.postFrame([piece(BUFFERS, FRAME)]);
      }
      move(card.host, 'rx', 0);
      card.host.supply(piece(BUFFERS + 4096, FRAME), 1);
      const rings = Buffer.from(card.world.arena.slice(0, BUFFERS));
      card.go();
      card.world.inject(0, plainFrame(0, FRAME, 1), 0);
      card.settle();
      const queue = card.hosts.map((_, q) => q);
      expect([by, queue.map((q) => tailOf('txc', q))]).toEqual([by, queue.map(() => 1)]);
      expect([by, tailOf('rxc', 0)]).toEqual([by, 1]);
      const lost = by === 0 ? 0 : queues + 1;
      expect([by, card.stat('dmaErrors') - errors]).toEqual([by, lost]);
      const same = Buffer.compare(rings, card.world.arena.subarray(0, BUFFERS)) === 0;
      expect([by, same]).toEqual([by, by !== 0]);
    }
  });
});
