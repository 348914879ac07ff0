// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cardLibrary } from '../../../src/harness/library.ts';
import { TW, World } from '../../sim/world.ts';
import { BUFFERS_AT, CardHost, CODE, CTRL, REG, RING } from './card_host.ts';
import { buckets, espFrame, plainFrame, random, randomSa, seal } from './esp_frames.ts';

/** Memory that answers with errors, rings that are full or lied about, reset in the middle. */
let library: string;
beforeAll(async () => {
  library = (await cardLibrary()).library;
}, 600_000);

let world: World | undefined;
afterEach(() => {
  world?.destroy();
  world = undefined;
});

const start = (options: ConstructorParameters<typeof World>[1] = {}, log2 = 6): CardHost => {
  world = new World(library, {
    cardCount: 1,
    arenaBytes: 4 << 20,
    tapBytes: 1 << 20,
    regTimeoutCycles: 5000,
    ...options,
  });
  const host = new CardHost(world, 0, log2);
  host.start();
  return host;
};

const outside = 8 << 20; // beyond every host window: DECERR

const sendPlain = (host: CardHost, count: number, lenBytes = 60): void => {
  for (let i = 0; i < count; i++) host.send({ addr: BUFFERS_AT, lenBytes, cookie: i });
};

describe('errors from memory', () => {
  test('a frame that cannot be read: DMA_ERR, the frames around it are sent', () => {
    const host = start();
    host.world.arena.set(plainFrame(1600, random(1)), BUFFERS_AT);
    const lengths = [1500, 1500, 14, 1500];
    lengths.forEach((lenBytes, i) => {
      host.send({ addr: i === 1 || i === 2 ? outside : BUFFERS_AT, lenBytes, cookie: i });
    });
    const expected = [CODE.ok, CODE.dmaErr, CODE.dmaErr, CODE.ok];
    expect(host.awaitSent(4).map((c) => c.code)).toEqual(expected);
    expect(host.world.frames().length).toBe(2);
    expect(host.read(REG.dmaErrors)).toBeGreaterThanOrEqual(2);
    expect(host.read(REG.status) >>> 31).toBe(1);
    expect(host.read(REG.eicr) & 4).toBe(4);
    host.post(REG.eicr, 4);
    expect(host.read(REG.eicr) & 4).toBe(0);
  });

  test('an error in one burst of an encrypted frame stops that frame alone', () => {
    const host = start({ memLatencyCycles: 100 });
    const next = random(2);
    const sa = randomSa(16, next);
    host.installSa(REG.txSa, 0, sa);
    const frame = espFrame({ textBytes: 1404, spi: 1, dst: 2 }, next);
    host.world.arena.set(frame, BUFFERS_AT);
    const d = { addr: BUFFERS_AT, lenBytes: frame.length, ipsec: true, espOffset: 34 };
    for (let i = 0; i < 3; i++) host.send({ ...d, cookie: i }, false);
    host.post(RING.tx + 20, host.txTail);
    host.run(60);
    host.run(60); // descriptors are there: the next bursts are frame data
    host.world.fault(0, TW.faultReadError, 1);
    const codes = host.awaitSent(3).map((c) => c.code);
    expect(codes.filter((code) => code === CODE.dmaErr).length).toBe(1);
    const wire = host.world.frames();
    expect(wire.length).toBe(2);
    for (const { bytes } of wire) expect(Buffer.compare(bytes, seal(frame, sa))).toBe(0);
  });

  test('an unreadable descriptor: DMA_ERR, the card works on', () => {
    const host = start();
    host.world.fault(0, TW.faultReadError, 1);
    sendPlain(host, 1);
    expect(host.awaitSent(1)[0]!.code).toBe(CODE.dmaErr);
    sendPlain(host, 3);
    expect(host.awaitSent(3).map((c) => c.code)).toEqual([0, 0, 0]);
  });

  test('a buffer that cannot be written: DMA_ERR, the next frame arrives', () => {
    const host = start();
    const next = random(3);
    host.supply(outside, 2048, 1);
    host.supply(BUFFERS_AT, 2048, 2);
    const frame = plainFrame(1000, next);
    host.inject(plainFrame(1000, next));
    host.inject(frame);
    const [bad, good] = host.awaitReceived(2);
    expect(bad).toMatchObject({ cookie: 1, code: CODE.dmaErr, lenBytes: 0 });
    expect(good).toMatchObject({ cookie: 2, code: CODE.ok, lenBytes: 1000 });
    const at = BUFFERS_AT;
    expect(Buffer.compare(host.world.arena.subarray(at, at + 1000), frame)).toBe(0);
  });

  test('an unreadable receive descriptor: DMA_ERR, the next frame arrives', () => {
    const host = start();
    host.world.fault(0, TW.faultReadError, 1);
    host.supply(BUFFERS_AT, 2048, 1);
    host.run(500);
    host.supply(BUFFERS_AT, 2048, 2);
    host.inject(plainFrame(64, random(4)));
    host.inject(plainFrame(64, random(5)));
    expect(host.awaitReceived(2).map((c) => c.code)).toEqual([CODE.dmaErr, CODE.ok]);
  });
});

describe('rings', () => {
  test('indices run past 2^16: 66000 frames through 16 entries', () => {
    const host = start({ memLatencyCycles: 5, tapBytes: 0 }, 4);
    let done = 0;
    while (done < 66_000) {
      for (let i = 0; i < 16; i++) {
        host.send({ addr: BUFFERS_AT, lenBytes: 14, cookie: done + i }, i === 15);
      }
      const completions = host.awaitSent(16);
      for (const c of completions) {
        if (c.cookie !== done++ || c.code !== CODE.ok) throw new Error(`completion ${done}`);
      }
    }
    expect(host.read(REG.txFrames)).toBe(done);
    expect(host.read(RING.tx + 16)).toBe(done & 0xffff);
  });

  test('a full completion ring stops the card until software takes from it', () => {
    const host = start({}, 4);
    sendPlain(host, 16);
    host.run(3000);
    sendPlain(host, 16);
    host.run(3000);
    expect(host.sent(false).length).toBe(16);
    expect(host.read(RING.txc + 20)).toBe(16);
    host.run(3000);
    expect(host.read(RING.txc + 20)).toBe(16);
    host.post(RING.txc + 16, host.txcHead);
    expect(host.awaitSent(16).map((c) => c.cookie)).toEqual([...Array(16).keys()]);
  });

  test('a doorbell that goes back is ignored and reported: no descriptor is read twice', () => {
    const host = start({ memLatencyCycles: 60 });
    for (const back of [1, 2, 5]) {
      for (let i = 0; i < 8; i++) host.send({ addr: BUFFERS_AT, lenBytes: 60, cookie: i }, i === 7);
      host.run(40);
      host.post(RING.tx + 20, host.txTail - back);
      expect(host.awaitSent(8).map((c) => c.cookie)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(host.read(RING.tx + 20)).toBe(host.txTail);
      host.post(RING.txc + 16, host.txcHead - back);
      expect(host.read(RING.txc + 16)).toBe(host.txcHead);
      expect(host.read(REG.eicr) & 4).toBe(4);
      host.post(REG.eicr, 4);
    }
    host.run(2000);
    expect(host.sent()).toEqual([]);
    expect(host.read(REG.txFrames)).toBe(24);
  });

  test('a head taken from memory before the card counts it is no error', () => {
    const host = start({ memLatencyCycles: 5, memStallPermille: 700 });
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 4; i++) host.send({ addr: BUFFERS_AT, lenBytes: 60, cookie: i }, i === 3);
      for (let taken = 0; taken < 4; ) {
        host.run(1);
        taken += host.sent().length;
      }
    }
    expect(host.read(REG.eicr) & 4).toBe(0);
    expect(host.read(RING.txc + 16)).toBe(host.txcHead);
  });

  test('a doorbell beyond the ring is ignored and reported', () => {
    const host = start();
    host.post(RING.tx + 20, host.size + 1);
    host.post(RING.rx + 20, 0xffff);
    host.post(RING.txc + 16, 1);
    host.run(500);
    expect(host.read(RING.tx + 20)).toBe(0);
    expect(host.read(RING.rx + 20)).toBe(0);
    expect(host.read(RING.txc + 16)).toBe(0);
    expect(host.read(REG.eicr) & 4).toBe(4);
    sendPlain(host, 1);
    expect(host.awaitSent(1)[0]!.code).toBe(CODE.ok);
  });
});

describe('an SA removed and installed again while frames use it', () => {
  test('each frame leaves sealed with the key of its time, or not at all', () => {
    const host = start({ memLatencyCycles: 60 });
    const next = random(8);
    const keys = [randomSa(16, next), randomSa(32, next)];
    const frame = espFrame({ textBytes: 400, spi: 5, dst: 6 }, next);
    const sealed = keys.map((sa) => seal(frame, sa));
    host.world.arena.set(frame, BUFFERS_AT);
    const d = { addr: BUFFERS_AT, lenBytes: frame.length, ipsec: true, espOffset: 34, saIdx: 7 };
    let left = 0;
    let refused = 0;
    const used = [0, 0];
    for (let round = 0; round < 40; round++) {
      if (round % 3 === 0) host.clearSa(REG.txSa, 7);
      else host.installSa(REG.txSa, 7, keys[round & 1]!);
      for (let i = 0; i < 8; i++) host.send(d, i === 7);
      host.run(30 + (next() % 400)); // the next change meets frames under way
      if (round % 4 !== 3) continue;
      const completions = host.awaitSent(32);
      for (const { code } of completions) {
        if (code === CODE.ok) left++;
        else if (code === CODE.noSa) refused++;
      }
      for (const { bytes } of host.world.frames()) {
        const which = sealed.findIndex((s) => Buffer.compare(s, bytes) === 0);
        expect(which).toBeGreaterThanOrEqual(0);
        used[which]!++;
      }
    }
    expect(left + refused).toBe(320);
    expect(used[0]! + used[1]!).toBe(left);
    for (const count of [refused, ...used]) expect(count).toBeGreaterThan(20);
  });
});

describe('interrupts', () => {
  test('a level of the ring: raised by a completion, gone when software takes it', () => {
    const host = start();
    host.post(REG.eims, 3);
    expect(host.world.run(500)).toBe(TW.stopBudget);
    sendPlain(host, 1);
    expect(host.world.run(5000)).toBe(TW.stopIrq);
    expect(host.read(REG.eicr)).toBe(1 | 8); // and SCRUB_DONE, masked
    expect(host.sent().length).toBe(1);
    expect(host.world.run(500)).toBe(TW.stopBudget);
    host.post(REG.eics, 16);
    host.post(REG.eims, 16);
    expect(host.world.run(50)).toBe(TW.stopIrq);
    host.post(REG.eicr, 16);
    expect(host.world.run(50)).toBe(TW.stopBudget);
  });

  test('moderation: after so many completions, or so many cycles', () => {
    const host = start({ memLatencyCycles: 10 });
    host.post(REG.itr, (8 << 16) | 20_000);
    host.post(REG.eims, 1);
    sendPlain(host, 7);
    expect(host.world.run(10_000)).toBe(TW.stopBudget);
    sendPlain(host, 1);
    expect(host.world.run(2000)).toBe(TW.stopIrq);
    expect(host.sent().length).toBe(8);
    sendPlain(host, 1);
    const before = host.world.cycle;
    expect(host.world.run(30_000)).toBe(TW.stopIrq);
    expect(host.world.cycle - before).toBeGreaterThan(20_000);
    expect(host.world.cycle - before).toBeLessThan(20_500);
  });
});

describe('reset by register', () => {
  test('in the middle of traffic: bus clean, registers and keys gone, card usable again', () => {
    const host = start({ memStallPermille: 100 });
    const next = random(6);
    const sa = randomSa(16, next);
    host.installSa(REG.txSa, 0, sa);
    host.installSa(REG.rxSa, 0, sa);
    const frame = espFrame({ textBytes: 1404, spi: 77, dst: 2 }, next);
    host.match(buckets(77)[0]! * 4, 77, 2, 0);
    host.world.arena.set(frame, BUFFERS_AT);
    const d = { addr: BUFFERS_AT, lenBytes: frame.length, ipsec: true, espOffset: 34 };
    for (let i = 0; i < 20; i++) {
      host.send(d);
      host.supply(BUFFERS_AT + 4096, 2048, i);
    }
    for (let i = 0; i < 10; i++) host.inject(seal(frame, sa));
    host.run(700);
    host.post(REG.ctrl, 2 ** 31 + CTRL.all);
    host.runUntil(() => host.read(REG.ctrl) >>> 31 === 0);
    expect(host.read(REG.ctrl)).toBe(0);
    expect(host.read(REG.maxFrame)).toBe(9018);
    expect(host.read(RING.tx + 12)).toBe(0);
    host.run(3000); // the rest of the injected frames runs into a card that is off
    host.world.frames();

    host.start();
    host.send({ ...d, cookie: 9 });
    expect(host.awaitSent(1)[0]).toMatchObject({ cookie: 9, code: CODE.noSa });
    host.supply(BUFFERS_AT + 4096, 2048, 4);
    host.inject(seal(frame, sa));
    expect(host.awaitReceived(1)[0]).toMatchObject({ cookie: 4, code: CODE.noSa });
    host.installSa(REG.txSa, 0, sa);
    host.send({ ...d, cookie: 10 });
    expect(host.awaitSent(1)[0]).toMatchObject({ cookie: 10, code: CODE.ok, secp: true });
    expect(Buffer.compare(host.world.frames()[0]!.bytes, seal(frame, sa))).toBe(0);
  });
});

describe('registers', () => {
  test('identity, capabilities, defaults', () => {
    const host = start();
    expect(host.read(REG.id)).toBe(0x54575031);
    expect(host.read(REG.version)).toBe(0x00010000);
    expect(host.read(REG.caps)).toBe(0x3cff0400);
    expect(host.read(REG.maxFrame)).toBe(9018);
    expect(host.read(REG.queues)).toBe(1);
    expect(host.read(REG.status)).toBe(0);
  });

  test.each([0x28, 0x114, 0x218, 0x40c, 0x434, 0x454, 0x474, 0x538, 0x574, 0x63c, 0x1000, 0x0002])(
    'offset %i is unknown: SLVERR',
    (offset) => {
      const host = start();
      expect(host.world.tryRead(0, offset)).toBe(TW.errBus);
    },
  );

  test('keys and salts cannot be read, before or after the commit', () => {
    const host = start();
    for (const window of [REG.txSa, REG.rxSa]) {
      for (let at = 8; at < 0x30; at += 4) {
        if (at === 0xc) continue;
        host.post(window + at, 0x12345678);
        expect(host.read(window + at)).toBe(0);
      }
      host.post(window, 2 ** 31 + 3);
      host.run(50);
      expect(host.read(window)).toBe(0);
    }
  });
});
