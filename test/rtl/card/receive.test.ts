// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cardLibrary } from '../../../src/harness/library.ts';
import { World } from '../../sim/world.ts';
import { BUFFERS_AT, CardHost, CODE, CTRL, NO_SA, REG, type Sa } from './card_host.ts';
import {
  buckets,
  espFrame,
  espOffsetOf,
  plainFrame,
  random,
  randomBytes,
  randomSa,
  seal,
} from './esp_frames.ts';

/** Frames encrypted by node:crypto (RFC 4106) come in from the wire. */
let library: string;
beforeAll(async () => {
  library = (await cardLibrary()).library;
}, 600_000);

let world: World | undefined;
afterEach(() => {
  world?.destroy();
  world = undefined;
});

const start = (options: ConstructorParameters<typeof World>[1] = {}, ctrl?: number): CardHost => {
  world = new World(library, {
    cardCount: 1,
    arenaBytes: 4 << 20,
    tapBytes: 0,
    regTimeoutCycles: 5000,
    ...options,
  });
  const host = new CardHost(world, 0, 6);
  host.start(ctrl);
  return host;
};

const DST = 0xc0a80107;
const SLOT = 10240;
const FILL = 0xee;

interface Arrival {
  wire: Uint8Array;
  expected: Uint8Array | null; // bytes in host memory, null: none
  completion: Record<string, unknown>;
}

/** Injects all, expects each in its own buffer at an address with the given offset mod 64. */
const receiveAll = (
  host: CardHost,
  arrivals: Arrival[],
  offsetOf: (i: number) => number,
  bufBytes = 9300,
): void => {
  const { arena } = host.world;
  const addrOf = (i: number): number => BUFFERS_AT + (i % host.size) * SLOT + 64 + offsetOf(i);
  for (let at = 0; at < arrivals.length; at += host.size) {
    const batch = arrivals.slice(at, at + host.size);
    arena.fill(FILL, BUFFERS_AT, BUFFERS_AT + host.size * SLOT);
    batch.forEach((_, i) => {
      host.supply(addrOf(at + i), bufBytes, 500 + at + i);
    });
    for (const arrival of batch) host.inject(arrival.wire);
    const completions = host.awaitReceived(batch.length);
    batch.forEach(({ expected, completion }, i) => {
      const name = `arrival ${at + i}, offset ${offsetOf(at + i)}`;
      expect(completions[i], name).toMatchObject({ cookie: 500 + at + i, ...completion });
      const from = BUFFERS_AT + ((at + i) % host.size) * SLOT;
      const whole = new Uint8Array(SLOT).fill(FILL);
      if (expected) whole.set(expected, addrOf(at + i) - from);
      expect(Buffer.compare(arena.subarray(from, from + SLOT), whole), name).toBe(0);
    });
  }
};

interface Installed {
  sa: Sa;
  idx: number;
  spi: number;
}

/** SAs in all four ways of both buckets. */
const install = (host: CardHost, count: number, next: () => number): Installed[] =>
  Array.from({ length: count }, (_, i) => {
    const spi = next();
    const sa = randomSa(i & 1 ? 32 : 16, next);
    const idx = 1023 - 5 * i;
    host.installSa(REG.rxSa, idx, sa);
    host.match(buckets(spi)[(i >> 2) & 1]! * 4 + (i & 3), spi, DST, idx);
    return { sa, idx, spi };
  });

interface Options {
  ihlWords?: number;
  trailing?: Uint8Array;
}

const good = (from: Installed, textBytes: number, next: () => number, o: Options = {}): Arrival => {
  const { ihlWords = 5, trailing = new Uint8Array(0) } = o;
  const frame = espFrame({ textBytes, ihlWords, spi: from.spi, dst: DST }, next);
  const wire = Buffer.concat([seal(frame, from.sa), trailing]);
  const expected = Buffer.concat([frame, wire.subarray(frame.length)]);
  const espOffset = espOffsetOf(frame);
  const about = { espSeen: true, espOffset, saIdx: from.idx, esnHi: 0 };
  const completion = { code: CODE.ok, secp: true, ...about };
  return { wire, expected, completion: { ...completion, lenBytes: wire.length } };
};

const flipped = ({ wire, completion }: Arrival, bit: number): Arrival => {
  const bad = Uint8Array.from(wire);
  bad[bit >> 3]! ^= 1 << (bit & 7);
  const change = { code: CODE.authFail, secp: false, lenBytes: 0 };
  return { wire: bad, expected: null, completion: { ...completion, ...change } };
};

const unchanged = (wire: Uint8Array, completion: Record<string, unknown>): Arrival => ({
  wire,
  expected: wire,
  completion: { lenBytes: wire.length, secp: false, saIdx: NO_SA, ...completion },
});

describe('frames that are not ESP are delivered unchanged', () => {
  test('every length from 14 to 300 bytes and some long ones, every address mod 64', () => {
    const host = start();
    const next = random(1);
    const lengths = Array.from({ length: 287 }, (_, i) => 14 + i).concat(1514, 4095, 4097, 9018);
    const completion = { code: CODE.ok, espSeen: false, espOffset: 0 };
    const arrivals = lengths.map((len) => unchanged(plainFrame(len, next), completion));
    receiveAll(host, arrivals, (i) => (i * 37) % 64);
  });

  test('UDP, fragments, IPv6, a lying length, and the offload switched off', () => {
    const host = start();
    const next = random(2);
    const from = install(host, 1, next)[0]!;
    const { wire, completion } = good(from, 64, next);
    const changed = (...bytes: [at: number, value: number][]): Arrival => {
      const frame = Uint8Array.from(wire);
      for (const [at, value] of bytes) frame[at] = value;
      return unchanged(frame, { code: CODE.ok, espSeen: false, espOffset: 0 });
    };
    const arrivals = [
      changed([23, 17]), // not ESP
      changed([20, 0x60]), // more fragments
      changed([21, 1]), // an offset
      changed([12, 0x86]), // another ethertype
      changed([14, 0x65]), // version 6
      changed([14, 0x44]), // header shorter than 20
      changed([16, 4]), // total length beyond the frame
      changed([16, 0], [17, 20 + 16 + 3 + 16]), // too short for ESP
    ];
    receiveAll(host, arrivals, (i) => i * 7);
    host.post(REG.ctrl, CTRL.all & ~CTRL.ipsecRx);
    const { espSeen, espOffset } = completion;
    receiveAll(host, [unchanged(wire, { code: CODE.ok, espSeen, espOffset })], () => 2);
    expect(host.read(REG.rxIpsecOk)).toBe(0);
  });
});

describe('ESP frames from node:crypto (RFC 4106)', () => {
  test.each([0, 200])('every text length and ESP offset, memory pauses %i permille', (pauses) => {
    const host = start({ memStallPermille: pauses, memLatencyCycles: pauses });
    const next = random(3 + pauses);
    const from = install(host, 8, next);
    const arrivals: Arrival[] = [];
    for (let textBytes = 4; textBytes <= 260; textBytes += 4) {
      for (const ihlWords of [5, 6, 7, 8]) {
        arrivals.push(good(from[arrivals.length % 8]!, textBytes, next, { ihlWords }));
      }
    }
    for (let ihlWords = 9; ihlWords <= 15; ihlWords++) {
      arrivals.push(good(from[1]!, 1404, next, { ihlWords }));
    }
    arrivals.push(good(from[0]!, 8904, next), good(from[1]!, 8952, next));
    receiveAll(host, arrivals, (i) => (i * 29) % 64);
    expect(host.read(REG.rxIpsecOk)).toBe(arrivals.length);
  });

  test('each of the 64 addresses mod 64, each ESP offset, padding behind the packet', () => {
    const host = start();
    const next = random(4);
    const from = install(host, 8, next);
    const arrivals = Array.from({ length: 256 }, (_, i) =>
      good(from[i % 8]!, 64 + 4 * (i % 5), next, {
        ihlWords: 5 + (i >> 6),
        trailing: randomBytes(i % 23, next),
      }),
    );
    receiveAll(host, arrivals, (i) => i % 64);
  });

  test('a wrong bit anywhere behind the IP header: nothing reaches memory, good ones around do', () => {
    const host = start();
    const next = random(5);
    const from = install(host, 4, next);
    const arrivals: Arrival[] = [];
    for (let i = 0; i < 120; i++) {
      const one = good(from[i % 4]!, 4 + 4 * (i % 40), next);
      const bits = 8 * (one.wire.length - 38); // from the sequence number on
      arrivals.push(i % 3 ? flipped(one, 8 * 38 + (next() % bits)) : one);
    }
    receiveAll(host, arrivals, (i) => (i * 11) % 64);
    expect(host.read(REG.rxIcvBad)).toBe(80);
    expect(host.read(REG.rxIpsecOk)).toBe(40);
  });

  test('no SA, wrong destination, removed SA: unchanged, NO_SA', () => {
    const host = start();
    const next = random(6);
    const [a, b] = install(host, 2, next) as [Installed, Installed];
    host.clearSa(REG.rxSa, b.idx);
    const noSa = (wire: Uint8Array): Arrival =>
      unchanged(wire, { code: CODE.noSa, espSeen: true, espOffset: 34 });
    const other = seal(espFrame({ textBytes: 64, spi: a.spi, dst: DST + 1 }, next), a.sa);
    const unknown = seal(espFrame({ textBytes: 64, spi: a.spi ^ 1, dst: DST }, next), a.sa);
    const gone = good(b, 64, next).wire;
    const arrivals = [noSa(other), noSa(unknown), noSa(gone)];
    receiveAll(host, [...arrivals, good(a, 64, next)], (i) => i);
    expect(host.read(REG.rxNoSa)).toBe(3);
    host.post(REG.matchIdx, 2 ** 30 + buckets(a.spi)[0]! * 4);
    receiveAll(host, [noSa(good(a, 64, next).wire)], () => 0);
  });

  test.each([1, 2, 3])('text of 4n + %i bytes: unchanged, BAD_LEN (RFC 4303 §2.4)', (rest) => {
    const host = start();
    const next = random(7);
    const from = install(host, 1, next)[0]!;
    const { wire, completion } = good(from, 64 + rest, next);
    const change = { code: CODE.badLen, secp: false };
    const arrival = { wire, expected: wire, completion: { ...completion, ...change } };
    receiveAll(host, [arrival, good(from, 64, next)], () => 9);
  });
});

describe('what is not delivered', () => {
  test('address filter, promiscuous mode, short and long frames', () => {
    const host = start();
    const next = random(8);
    const own = plainFrame(100, next);
    const to = (first: number): Uint8Array => Uint8Array.from(own, (v, i) => (i ? v : first));
    const completion = { code: CODE.ok };
    host.inject(to(0x06));
    host.inject(plainFrame(13, next));
    host.inject(plainFrame(9019, next));
    receiveAll(host, [unchanged(own, completion), unchanged(to(0x03), completion)], () => 1);
    host.post(REG.ctrl, CTRL.all | CTRL.promisc);
    receiveAll(host, [unchanged(to(0x06), completion)], () => 1);
    host.post(REG.ctrl, CTRL.all);
    host.post(REG.maxFrame, 99);
    host.inject(own);
    host.run(2000);
    expect(host.read(REG.rxFiltered)).toBe(1);
    expect(host.read(REG.rxLenBad)).toBe(3);
    expect(host.read(REG.rxFrames)).toBe(3);
    expect(host.received()).toEqual([]);
  });

  test('a frame larger than its buffer: TOO_BIG, nothing written, in clear or decrypted', () => {
    const host = start();
    const next = random(9);
    const from = install(host, 1, next)[0]!;
    const tooBig = (a: Arrival): Arrival => {
      const change = { code: CODE.tooBig, secp: false, lenBytes: 0 };
      return { ...a, expected: null, completion: { ...a.completion, ...change } };
    };
    const plain = (lenBytes: number): Arrival =>
      unchanged(plainFrame(lenBytes, next), { code: CODE.ok });
    const arrivals = [
      tooBig(plain(201)),
      plain(200),
      tooBig(good(from, 300, next)),
      good(from, 132, next),
      tooBig(good(from, 136, next)),
      plain(60),
    ];
    receiveAll(host, arrivals, (i) => i * 3, 200);
  });

  test('without descriptors frames wait; what finds no room is counted, the rest arrives', () => {
    const host = start();
    const next = random(10);
    const frames = Array.from({ length: 80 }, () => plainFrame(1000, next));
    for (const frame of frames) host.inject(frame);
    host.run(20_000);
    const lost = host.read(REG.rxOverflow);
    const kept = host.read(REG.rxFrames);
    expect(lost).toBeGreaterThan(0);
    expect(lost + kept).toBe(80);
    expect(kept * 1000).toBeGreaterThan(16 << 10);
    for (let i = 0; i < kept; i++) host.supply(BUFFERS_AT + i * 1024, 1024, i);
    host.awaitReceived(kept);
    for (let i = 0; i < kept; i++) {
      const at = BUFFERS_AT + i * 1024;
      expect(Buffer.compare(host.world.arena.subarray(at, at + 1000), frames[i]!)).toBe(0);
    }
  });
});
