// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import { cardLibrary } from '../../../src/harness/library.ts';
import { TW, World } from '../../sim/world.ts';
import { CardHost, CTRL } from './card_host.ts';
import { random } from './esp_frames.ts';

/** Every register of the map of nic_regs.ts: what it keeps of what is written, and that there is no other. */
const libraries = new Map(
  await Promise.all(
    ([1, 4] as const).map(
      async (queues) => [queues, (await cardLibrary({ queues })).library] as const,
    ),
  ),
);

let world: World | undefined;
afterEach(() => {
  world?.destroy();
  world = undefined;
});

const start = (queues: 1 | 4, scrubbed = true): CardHost => {
  world = new World(libraries.get(queues)!, {
    cardCount: 1,
    arenaBytes: 1 << 20,
    tapBytes: 0,
    regTimeoutCycles: 5000,
  });
  const host = new CardHost(world, 0, 4);
  while (scrubbed && host.read(R.REG_STATUS) & R.STATUS_SCRUB_BUSY) host.run(200);
  return host;
};

const RINGS = [R.RING_TX, R.RING_RX, R.RING_TXC, R.RING_RXC];
const blocks = (queues: number): number[] =>
  Array.from({ length: queues }, (_, q) => RINGS.map((block) => R.queueBlock(block, q))).flat();

/** Zeros, ones, small numbers, each bit alone and each alone missing, and what comes. */
const next = random(71);
const VALUES = [
  0,
  0xffffffff,
  ...Array.from({ length: 16 }, (_, i) => i),
  ...Array.from({ length: 32 }, (_, bit) => [2 ** bit, 0xffffffff - 2 ** bit]).flat(),
  ...Array.from({ length: 8 }, () => next()),
];

type Keeps = (value: number) => number;
const bits =
  (mask: number): Keeps =>
  (value) =>
    (value & mask) >>> 0;
const clamp =
  (low: number, high: number): Keeps =>
  (value) =>
    Math.min(Math.max(value, low), high);

/** Registers that read as written, and which bits of it. */
const kept = (queues: number): [number, Keeps][] => [
  [R.REG_CTRL, bits(0x7fffffff & 0xff)],
  [R.REG_MAC_LO, bits(0xffffffff)],
  [R.REG_MAC_HI, bits(0xffff)],
  [R.REG_MAX_FRAME, clamp(0, R.MAX_FRAME_LIMIT)],
  [R.REG_NATT_PORT, bits(0xffff)],
  [R.REG_ITR, bits(0xffffffff)],
  ...blocks(queues).flatMap((block): [number, Keeps][] => [
    [block + R.RING_BASE_LO, bits(0xffffffc0)],
    [block + R.RING_BASE_HI, bits(0xffffffff)],
    [block + R.RING_LOG2_SIZE, clamp(R.RING_LOG2_MIN, R.RING_LOG2_MAX)],
  ]),
  ...[R.SA_TX, R.SA_RX].flatMap((window): [number, Keeps][] => [
    [window + R.SA_CTRL, bits(31)],
    [window + R.SA_SPI, bits(0xffffffff)],
    [window + R.SA_PARITY, bits(R.SA_PARITY_MASK)],
  ]),
  ...[R.SA_DST, R.SA_DST1, R.SA_DST2, R.SA_DST3].map((at): [number, Keeps] => [
    R.SA_RX + at,
    bits(0xffffffff),
  ]),
  [R.SA_RX + R.SA_WINDOW, bits(0xffff)],
  [R.SA_RX + R.MATCH_SA, bits(R.MATCH_V6 + 0x3ff)],
  ...(queues === 1
    ? []
    : Array.from({ length: R.RSS_ENTRIES / 4 }, (_, i): [number, Keeps] => [
        R.RSS + 4 * i,
        bits(0x03030303),
      ])),
];

describe.each([1, 4] as const)('a card of %i queues', (queues) => {
  test('keeps what is written: zeros, ones, each bit, and of others nothing changes', () => {
    const host = start(queues);
    const registers = kept(queues);
    for (const value of VALUES) {
      // Bit 31 of CTRL is the reset.
      const written = (offset: number): number =>
        offset === R.REG_CTRL ? value & 0x7fffffff : value;
      for (const [offset] of registers) host.post(offset, written(offset));
      for (const [offset, keeps] of registers) {
        expect([offset, host.read(offset)]).toEqual([offset, keeps(written(offset))]);
      }
    }
  });

  test('base and size of a ring that is on stay', () => {
    const host = start(queues);
    for (const block of blocks(queues)) {
      host.post(block + R.RING_BASE_LO, 0x1240);
      host.post(block + R.RING_BASE_HI, 0x5678);
      host.post(block + R.RING_LOG2_SIZE, 7);
      host.post(block + R.RING_CTRL, R.RING_ENABLE);
      for (const at of [R.RING_BASE_LO, R.RING_BASE_HI, R.RING_LOG2_SIZE]) host.post(block + at, 9);
      const words = [R.RING_BASE_LO, R.RING_BASE_HI, R.RING_LOG2_SIZE, R.RING_CTRL];
      expect(words.map((at) => host.read(block + at))).toEqual([0x1240, 0x5678, 7, 1]);
      host.post(block + R.RING_CTRL, 0);
      expect(host.read(block + R.RING_CTRL)).toBe(0);
    }
  });

  test('a tail or head that is written to the other side is refused: each bit of it', () => {
    const host = start(queues);
    for (const block of blocks(queues)) {
      host.post(block + R.RING_CTRL, R.RING_ENABLE);
      const own = (block & 0x80) === 0 ? R.RING_TAIL : R.RING_HEAD;
      for (let bit = 5; bit < 16; bit++) {
        host.post(block + own, 2 ** bit);
        expect([block, bit, host.read(block + own)]).toEqual([block, bit, 0]);
        expect(host.read(R.REG_EICR) & R.IRQ_ERR).toBe(R.IRQ_ERR);
        host.post(R.REG_EICR, R.IRQ_ERR);
      }
    }
  });

  test('sets and clears causes and masks bit by bit', () => {
    const host = start(queues);
    const known = Array.from({ length: 2 + 3 + 2 * 7 }, (_, bit) => bit).filter((bit) => {
      const ring = bit >= 8 && bit < 8 + 2 * (queues - 1);
      return bit < 8 || ring;
    });
    const all = known.reduce((sum, bit) => sum + 2 ** bit, 0);
    const sticky = R.IRQ_ERR | R.IRQ_SCRUB_DONE | R.IRQ_SW;
    host.post(R.REG_EIMS, 0xffffffff);
    expect(host.read(R.REG_EIMS)).toBe(all);
    for (const bit of known) {
      host.post(R.REG_EIMC, 2 ** bit);
      expect(host.read(R.REG_EIMS)).toBe(all - 2 ** bit);
      host.post(R.REG_EIMS, 2 ** bit);
    }
    host.post(R.REG_EIMC, 0xffffffff);
    expect(host.read(R.REG_EIMS)).toBe(0);
    host.post(R.REG_EICS, 0xffffffff);
    expect(host.read(R.REG_EICR)).toBe(sticky);
    host.post(R.REG_EICR, R.IRQ_SW);
    expect(host.read(R.REG_EICR)).toBe(sticky - R.IRQ_SW);
    host.post(R.REG_EICR, 0xffffffff);
    expect(host.read(R.REG_EICR)).toBe(0);
  });

  test('answers SLVERR where no register is, to reads and writes', () => {
    const host = start(queues);
    const global = [...Array(10).keys()].map((w) => 4 * w);
    const irq = [0, 4, 8, 12, 16].map((at) => R.REG_EICR + at);
    const rings = blocks(queues).flatMap((block) => [0, 4, 8, 12, 16, 20].map((at) => block + at));
    const stats = R.STAT_NAMES.map((_, i) => R.STATS + 4 * i);
    const both = [R.SA_IDX, R.SA_CTRL, R.SA_SALT, R.SA_SPI, R.SA_SEQ_LO, R.SA_SEQ_HI, R.SA_PARITY];
    const counts = [0, 4, 8, 12, 16].map((at) => R.SA_PACKETS_LO + at);
    const keys = [...Array(8).keys()].map((w) => R.SA_KEY0 + 4 * w);
    const matches = [R.SA_DST, R.MATCH_IDX, R.MATCH_SA, R.SA_DST1, R.SA_DST2, R.SA_DST3];
    const seen = [R.SA_SEEN0, R.SA_SEEN1, R.SA_SEEN2, R.SA_SEEN3, R.SA_REPLAYS, R.SA_WINDOW];
    const windows = [...both, ...counts, ...keys];
    const sas = [
      ...windows.map((at) => R.SA_TX + at),
      ...[...windows, ...matches, ...seen].map((at) => R.SA_RX + at),
    ];
    const rss = queues === 1 ? [] : [...Array(32).keys()].map((w) => R.RSS + 4 * w);
    const known = new Set([...global, ...irq, ...rings, ...stats, ...sas, ...rss]);
    for (let offset = 0; offset < 0x10000; offset += offset < 0x1000 ? 4 : 0x3c) {
      const answer = known.has(offset) ? 0 : TW.errBus;
      expect([offset, host.world.tryRead(0, offset)]).toEqual([offset, answer]);
      if (answer === 0) continue;
      host.post(offset, next());
      expect([offset, host.world.run(20)]).toEqual([offset, TW.errBus]);
    }
    for (const odd of [1, 2, 3]) {
      expect(host.world.tryRead(0, R.REG_MAC_LO + odd)).toBe(TW.errBus);
      host.post(R.REG_MAC_LO + odd, next());
      expect(host.world.run(20)).toBe(TW.errBus);
    }
  });
});

describe('the rows of SAs', () => {
  test('numbers and windows read as they were written with the SA, in any row', () => {
    const host = start(1);
    for (let i = 0; i < 24; i++) {
      const row = next() & 1023;
      const numbers = [R.SA_SEQ_LO, R.SA_SEQ_HI].map((at) => [at, next()] as const);
      const seen = [0, 1, 2, 3].map((w) => [R.SA_SEEN0 + 4 * w, next()] as const);
      for (const window of [R.SA_TX, R.SA_RX]) {
        const words = window === R.SA_TX ? numbers : [...numbers, ...seen];
        host.post(window + R.SA_CTRL, R.SA_VALID | R.SA_PACKET | R.SA_ESN);
        for (const [at, value] of words) host.post(window + at, value);
        host.post(window, R.SA_WRITE + row);
        host.run(10);
        host.post(window, R.SA_READ + row);
        while (host.read(window) !== 0) host.run(1);
        for (const [at, value] of words) expect(host.read(window + at)).toBe(value);
      }
    }
  });

  test('a commit waits while the tables are zeroed, and says so', () => {
    const host = start(1, false);
    expect(host.read(R.REG_STATUS)).toBe(R.STATUS_SCRUB_BUSY);
    for (const [index, bit] of [
      [R.SA_TX, R.SA_WRITE],
      [R.SA_RX, R.SA_CLEAR],
      [R.SA_RX + R.MATCH_IDX, R.SA_WRITE],
    ] as const) {
      host.post(index, bit + 5);
      expect(host.read(index)).toBe(bit);
    }
    host.post(R.SA_RX + R.MATCH_IDX, R.SA_CLEAR);
    expect(host.read(R.SA_RX + R.MATCH_IDX)).toBe(R.SA_CLEAR);
    while (host.read(R.REG_STATUS) & R.STATUS_SCRUB_BUSY) host.run(200);
    for (const index of [R.SA_TX, R.SA_RX, R.SA_RX + R.MATCH_IDX]) expect(host.read(index)).toBe(0);
  });

  test('a reset of the card puts every register back', () => {
    const host = start(4);
    const registers = kept(4);
    const before = registers.map(([offset]) => host.read(offset));
    for (const [offset] of registers) host.post(offset, offset === R.REG_CTRL ? 0xff : 0xffffffff);
    for (const block of blocks(4)) host.post(block + R.RING_CTRL, 1);
    host.run(10);
    host.post(R.REG_CTRL, 2 ** 31 + CTRL.all);
    host.runUntil(() => host.read(R.REG_CTRL) >>> 31 === 0);
    expect(registers.map(([offset]) => host.read(offset))).toEqual(before);
    for (const block of blocks(4)) expect(host.read(block + R.RING_CTRL)).toBe(0);
  });
});
