// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cardLibrary } from '../../../src/harness/library.ts';
import { World } from '../../sim/world.ts';
import { BUFFERS_AT, CardHost, CODE, REG, type Sa } from './card_host.ts';
import { buckets, espFrame, random, randomSa, seal } from './esp_frames.ts';

/** A parity error in the key memory: no crypto under that SA until it is written again. */
let library: string;
beforeAll(async () => {
  library = (await cardLibrary()).library;
}, 600_000);

let world: World | undefined;
afterEach(() => {
  world?.destroy();
  world = undefined;
});

const PARITY = 0x7c;
const BITS = 10;
const ERR = 4;

const start = (): CardHost => {
  world = new World(library, {
    cardCount: 1,
    arenaBytes: 4 << 20,
    tapBytes: 1 << 20,
    regTimeoutCycles: 5000,
  });
  const host = new CardHost(world, 0, 6);
  host.start();
  return host;
};

const sas = (host: CardHost, keyBytes: 16 | 32, gmac = false): [Sa, Sa, Uint8Array] => {
  const next = random(keyBytes);
  const [one, other] = [
    { ...randomSa(keyBytes, next), gmac },
    { ...randomSa(keyBytes, next), gmac },
  ];
  const frame = espFrame({ textBytes: 200, spi: 77, dst: 2 }, next);
  host.world.arena.set(frame, BUFFERS_AT);
  return [one, other, frame];
};

describe('transmit', () => {
  test.each([
    [16, false],
    [32, false],
    [16, true],
  ] as const)('each parity bit, key of %i bytes, GMAC %s: KEY_ERR, nothing sent', (n, gmac) => {
    const host = start();
    const [one, other, frame] = sas(host, n, gmac);
    host.installSa(REG.txSa, 1, other);
    const d = { addr: BUFFERS_AT, lenBytes: frame.length, ipsec: true, espOffset: 34 };
    for (let bit = 0; bit < BITS; bit++) {
      host.post(REG.txSa + PARITY, 1 << bit);
      expect(host.read(REG.txSa + PARITY)).toBe(1 << bit);
      host.installSa(REG.txSa, 0, one);
      for (const saIdx of [0, 1, 0, 1]) host.send({ ...d, saIdx }, saIdx === 1);
      const codes = host.awaitSent(4).map((c) => [c.code, c.saIdx, c.secp]);
      const refused = [CODE.keyErr, 0, false];
      const sent = [CODE.ok, 1, true];
      expect(codes).toEqual([refused, sent, refused, sent]);
      for (const { bytes } of host.world.frames())
        expect(Buffer.compare(bytes, seal(frame, other))).toBe(0);
      expect(host.read(REG.keyErrors)).toBe(2 * (bit + 1));
      expect(host.read(REG.eicr) & ERR).toBe(ERR);
      host.post(REG.eicr, ERR);
      expect(host.read(REG.eicr) & ERR).toBe(0);
    }
    expect(host.read(REG.txSa + PARITY)).toBe(0);
    host.installSa(REG.txSa, 0, one);
    host.send({ ...d, saIdx: 0 });
    expect(host.awaitSent(1)[0]).toMatchObject({ code: CODE.ok, secp: true });
    expect(Buffer.compare(host.world.frames()[0]!.bytes, seal(frame, one))).toBe(0);
    expect(host.read(REG.dmaErrors)).toBe(0);
    expect(host.read(REG.status) >>> 31).toBe(0);
  });
});

describe('receive', () => {
  test('each parity bit: KEY_ERR and the frame as it came; written again it is decrypted', () => {
    const host = start();
    const [one, , frame] = sas(host, 16);
    const sealed = seal(frame, one);
    host.match(buckets(77)[0]! * 4, 77, 2, 5);
    for (let bit = 0; bit < BITS; bit++) {
      host.post(REG.rxSa + PARITY, 1 << bit);
      host.installSa(REG.rxSa, 5, one);
      host.supply(BUFFERS_AT + 4096, 2048, bit);
      host.inject(sealed);
      const [c] = host.awaitReceived(1);
      expect(c).toMatchObject({ code: CODE.keyErr, saIdx: 5, secp: false, espSeen: true });
      const at = BUFFERS_AT + 4096;
      const got = host.world.arena.subarray(at, at + c!.lenBytes);
      expect(Buffer.compare(got, sealed)).toBe(0);
      expect(host.read(REG.keyErrors)).toBe(bit + 1);
      expect(host.read(REG.eicr) & ERR).toBe(ERR);
      host.post(REG.eicr, ERR);
    }
    host.installSa(REG.rxSa, 5, one);
    host.supply(BUFFERS_AT + 4096, 2048, 99);
    host.inject(sealed);
    expect(host.awaitReceived(1)[0]).toMatchObject({ code: CODE.ok, secp: true, saIdx: 5 });
    expect([host.read(REG.rxNoSa), host.read(REG.rxIcvBad)]).toEqual([0, 0]);
  });

  test('CLEAR forgets a pending injection, and an empty row is a good one: NO_SA', () => {
    const host = start();
    const [one, , frame] = sas(host, 16);
    host.match(buckets(77)[0]! * 4, 77, 2, 5);
    host.post(REG.rxSa + PARITY, 3);
    host.clearSa(REG.rxSa, 5);
    host.run(20);
    expect(host.read(REG.rxSa + PARITY)).toBe(0);
    host.supply(BUFFERS_AT + 4096, 2048, 1);
    host.inject(seal(frame, one));
    expect(host.awaitReceived(1)[0]).toMatchObject({ code: CODE.noSa });
    expect(host.read(REG.keyErrors)).toBe(0);
  });
});
