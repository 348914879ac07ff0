// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cardLibrary } from '../../../src/harness/library.ts';
import { TW, World } from '../../sim/world.ts';
import { BUFFERS_AT, CardHost, CODE, CTRL, REG, RING } from './card_host.ts';
import { buckets, espFrame, plainFrame, random, randomSa, seal } from './esp_frames.ts';

/**
 * The same busy window again and again, and in each cycle of it once: reset, an error from memory.
 * The checkers at the card's ports end the run when a bus is left in the middle of something.
 */
let library: string;
beforeAll(async () => {
  library = (await cardLibrary()).library;
}, 600_000);

let world: World | undefined;
afterEach(() => {
  world?.destroy();
  world = undefined;
});

const ERR = 4;
const INTO = BUFFERS_AT + 0x8000;
const SLOT = 2048;
const next = random(11);
const sa = randomSa(32, next);
/** What is sent and received in the window: ESP of two lengths, and a plain frame. */
const clear = [404, 40].map((textBytes) => espFrame({ textBytes, spi: 77, dst: 2 }, next));
const sealed = clear.map((frame) => seal(frame, sa));
const plain = plainFrame(300, next);

const begin = (options: ConstructorParameters<typeof World>[1] = {}): CardHost => {
  world = new World(library, {
    cardCount: 1,
    arenaBytes: 4 << 20,
    tapBytes: 1 << 20,
    regTimeoutCycles: 5000,
    memLatencyCycles: 30,
    ...options,
  });
  return new CardHost(world, 0, 4);
};

const keys = (host: CardHost): void => {
  host.installSa(REG.txSa, 0, sa);
  host.installSa(REG.rxSa, 0, sa);
  host.match(buckets(77)[0]! * 4, 77, 2, 0);
};

/** Six frames out and six in, all at once. */
const traffic = (host: CardHost): void => {
  clear.forEach((frame, i) => {
    host.world.arena.set(frame, BUFFERS_AT + SLOT * i);
  });
  host.world.arena.set(plain, BUFFERS_AT + SLOT * 2);
  for (let i = 0; i < 6; i++) host.supply(INTO + SLOT * i, SLOT, i);
  for (let i = 0; i < 6; i++) {
    const kind = i % 3;
    const frame = kind === 2 ? plain : clear[kind]!;
    const esp = kind === 2 ? {} : { ipsec: true, espOffset: 34 };
    host.send(
      { addr: BUFFERS_AT + SLOT * kind, lenBytes: frame.length, cookie: i, ...esp },
      i === 5,
    );
    host.inject(kind === 2 ? plain : sealed[kind]!);
  }
};

const expected = (i: number): Uint8Array => (i % 3 === 2 ? plain : sealed[i % 3]!);

/** What the card has sent, and not what was put on the wire towards it. */
const sentFrames = (host: CardHost): Uint8Array[] =>
  host.world
    .frames()
    .filter((f) => (f.flags & TW.tapInjected) === 0)
    .map((f) => f.bytes);

/** One ESP frame each way, and both are right. */
const worksAgain = (host: CardHost): void => {
  host.world.frames();
  host.world.arena.set(clear[1]!, BUFFERS_AT);
  host.send({
    addr: BUFFERS_AT,
    lenBytes: clear[1]!.length,
    ipsec: true,
    espOffset: 34,
    cookie: 99,
  });
  host.supply(INTO, SLOT, 98);
  host.inject(sealed[1]!);
  expect(host.awaitSent(1).at(-1)).toMatchObject({ cookie: 99, code: CODE.ok, secp: true });
  expect(Buffer.compare(sentFrames(host).at(-1)!, sealed[1]!)).toBe(0);
  const [c] = host.awaitReceived(1);
  expect(c).toMatchObject({ code: CODE.ok, secp: true, lenBytes: sealed[1]!.length });
};

describe('reset', () => {
  test.each([
    ['quick memory', 0],
    ['memory that stalls', 400],
  ])(
    'in every cycle of a busy window, %s: nothing of before is left',
    (_, memStallPermille) => {
      const host = begin({ memStallPermille });
      for (let at = 0; at < 420; at++) {
        host.start();
        keys(host);
        traffic(host);
        if (at > 0) host.run(at);
        host.post(REG.ctrl, 2 ** 31 + CTRL.all);
        host.runUntil(() => host.read(REG.ctrl) >>> 31 === 0);
        for (const ring of Object.values(RING))
          expect([at, host.read(ring + 12), host.read(ring + 16), host.read(ring + 20)]).toEqual([
            at,
            0,
            0,
            0,
          ]);
        expect([at, host.read(REG.ctrl), host.read(REG.eims)]).toEqual([at, 0, 0]);
        // What the wire still brings comes to a card that is off.
        host.run(600);
        // The keys are gone: what asks for them is refused. Sampled, for it takes its time.
        if (at % 20 !== 0) continue;
        host.start();
        const d = { addr: BUFFERS_AT, lenBytes: clear[0]!.length, ipsec: true, espOffset: 34 };
        host.send(d);
        expect(host.awaitSent(1).at(-1)!.code).toBe(CODE.noSa);
        for (let i = 0; i < 1024; i += 341) {
          expect(host.saState(REG.txSa, i)).toMatchObject({ packets: 0n, bytes: 0n });
        }
        keys(host);
        worksAgain(host);
      }
    },
    240_000,
  );
});

describe('an error from memory', () => {
  /** Until the card counts six completions of a ring, be they in memory or lost. */
  const awaitSix = (host: CardHost, block: number): void => {
    host.runUntil(() => host.read(block + 20) === 6, 40_000);
  };

  test.each([
    ['read', TW.faultReadError],
    ['write', TW.faultWriteError],
  ])(
    'of a %s burst in every cycle of a busy window: a status each, counted, it works on',
    (_, fault) => {
      const host = begin();
      let hit = 0;
      for (let at = 0; at < 330; at++) {
        host.start();
        keys(host);
        const before = host.read(REG.dmaErrors);
        traffic(host);
        if (at > 0) host.run(at);
        host.world.fault(0, fault, 1);
        awaitSix(host, RING.txc);
        awaitSix(host, RING.rxc);
        const sent = host.sent(false);
        const got = host.received(false);
        host.world.fault(0, fault, 0);
        const errors = host.read(REG.dmaErrors) - before;
        const wire = sentFrames(host).map((bytes) => Buffer.from(bytes).toString('hex'));
        // Whatever the wire shows is a frame of the window, whole, and no frame is there twice.
        const whole = [0, 1, 2, 3, 4, 5].map((i) => Buffer.from(expected(i)).toString('hex'));
        for (const bytes of wire) expect(whole).toContain(bytes);
        const bad = [...sent, ...got].filter((c) => c.code !== CODE.ok);
        for (const c of bad) expect([at, c.code]).toEqual([at, CODE.dmaErr]);
        // A burst has four descriptors or completions at most; behind a hole host() sees no more.
        const lost = 12 - sent.length - got.length;
        expect(bad.length + lost).toBeLessThanOrEqual(fault === TW.faultReadError ? 4 : 6);
        expect(wire.length).toBe(6 - sent.filter((c) => c.code !== CODE.ok).length);
        for (const c of got) {
          if (c.code !== CODE.ok) continue;
          const to = INTO + SLOT * c.cookie;
          const frame = host.world.arena.subarray(to, to + c.lenBytes);
          const is = c.secp ? clear[c.cookie % 3]! : plain;
          expect(Buffer.compare(frame.subarray(0, is.length), is)).toBe(0);
        }
        expect(errors).toBeLessThanOrEqual(1);
        if (errors === 1) {
          hit++;
          expect(bad.length + lost).toBeGreaterThan(0);
          expect(host.read(REG.eicr) & ERR).toBe(ERR);
          host.post(REG.eicr, ERR);
        } else expect(bad.length + lost).toBe(0);
        if (at % 10 === 0) {
          host.start();
          worksAgain(host);
        }
      }
      expect(hit).toBeGreaterThan(40);
    },
    240_000,
  );
});
