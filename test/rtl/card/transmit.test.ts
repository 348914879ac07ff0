// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cardLibrary } from '../../../src/harness/library.ts';
import { World } from '../../sim/world.ts';
import {
  BUFFERS_AT,
  CardHost,
  CODE,
  CTRL,
  NO_SA,
  REG,
  type Sa,
  type TxDescriptor,
} from './card_host.ts';
import { espFrame, espOffsetOf, plainFrame, random, randomSa, seal } from './esp_frames.ts';

/** What leaves the card is compared with node:crypto (RFC 4106), byte for byte. */
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
    tapBytes: 4 << 20,
    regTimeoutCycles: 5000,
    ...options,
  });
  const host = new CardHost(world, 0, 6);
  host.start(ctrl);
  return host;
};

interface Job {
  frame: Uint8Array;
  ipsec: boolean;
  saIdx: number;
  esnHi: number;
}

const DST = 0x0a000001;

/** Sends every job from an address with the given offset mod 64 and checks wire and completions. */
const sendAll = (host: CardHost, jobs: Job[], sas: Sa[], offsetOf: (i: number) => number): void => {
  const { world } = host;
  for (let at = 0; at < jobs.length; at += host.size) {
    const batch = jobs.slice(at, at + host.size);
    let addr = BUFFERS_AT;
    batch.forEach((job, i) => {
      const start = addr + offsetOf(at + i);
      world.arena.set(job.frame, start);
      addr += (offsetOf(at + i) + job.frame.length + 127) & ~63;
      const esn = job.ipsec && sas[job.saIdx]!.esn === true;
      const espOffset = job.ipsec ? espOffsetOf(job.frame) : 0;
      const { saIdx, esnHi, ipsec } = job;
      const cookie = 1000 + at + i;
      host.send(
        { addr: start, lenBytes: job.frame.length, ipsec, esn, saIdx, espOffset, esnHi, cookie },
        i === batch.length - 1,
      );
    });
    const completions = host.awaitSent(batch.length);
    const wire = world.frames();
    batch.forEach((job, i) => {
      const expected = job.ipsec ? seal(job.frame, sas[job.saIdx]!, job.esnHi) : job.frame;
      const name = `job ${at + i}: ${job.frame.length} bytes, offset ${offsetOf(at + i)}`;
      expect(Buffer.compare(wire[i]!.bytes, expected), name).toBe(0);
      expect(completions[i], name).toEqual({
        cookie: 1000 + at + i,
        lenBytes: expected.length,
        saIdx: job.ipsec ? job.saIdx : NO_SA,
        code: CODE.ok,
        secp: job.ipsec,
        espSeen: false,
        espOffset: 0,
        esnHi: 0,
      });
    });
    expect(wire.length).toBe(batch.length);
  }
};

const sasOf = (host: CardHost, next: () => number): Sa[] => {
  const sas = [0, 1, 2, 3].map((i) => randomSa(i & 1 ? 32 : 16, next, i > 1));
  sas.forEach((sa, i) => {
    host.installSa(REG.txSa, i, sa);
  });
  return sas;
};

const esp = (textBytes: number, ihlWords: number, saIdx: number, next: () => number): Job => ({
  frame: espFrame({ textBytes, ihlWords, spi: next(), dst: DST }, next),
  ipsec: true,
  saIdx,
  esnHi: next(),
});

describe('frames in clear', () => {
  test('every length from 14 to 300 bytes and some long ones, every address mod 64', () => {
    const host = start();
    const next = random(1);
    const lengths = Array.from({ length: 287 }, (_, i) => 14 + i).concat(1514, 4095, 4097, 9018);
    const jobs = lengths.map((lenBytes) => {
      return { frame: plainFrame(lenBytes, next), ipsec: false, saIdx: 0, esnHi: 0 };
    });
    sendAll(host, jobs, [], (i) => (i * 37) % 64);
  });
});

describe('ESP frames equal node:crypto (RFC 4106)', () => {
  test.each([0, 200])('every text length and ESP offset, memory pauses %i permille', (pauses) => {
    const host = start({ memStallPermille: pauses, memLatencyCycles: pauses });
    const next = random(2 + pauses);
    const sas = sasOf(host, next);
    const jobs: Job[] = [];
    for (let textBytes = 4; textBytes <= 260; textBytes += 4) {
      for (const ihlWords of [5, 6, 7, 8]) {
        jobs.push(esp(textBytes, ihlWords, jobs.length % 4, next));
      }
    }
    for (let ihlWords = 9; ihlWords <= 15; ihlWords++) jobs.push(esp(1404, ihlWords, 1, next));
    jobs.push(esp(8904, 5, 0, next), esp(8952, 5, 3, next));
    sendAll(host, jobs, sas, (i) => (i * 29) % 64);
  });

  test('one frame from each of the 64 addresses mod 64, each ESP offset', () => {
    const host = start();
    const next = random(3);
    const sas = sasOf(host, next);
    const jobs = Array.from({ length: 64 * 4 }, (_, i) => esp(64, 5 + (i >> 6), i % 4, next));
    sendAll(host, jobs, sas, (i) => i % 64);
  });

  test('clear and encrypted frames in one ring keep their order', () => {
    const host = start({ memStallPermille: 100 });
    const next = random(4);
    const sas = sasOf(host, next);
    const jobs = Array.from({ length: 300 }, (): Job => {
      return next() % 2
        ? esp(4 + 4 * (next() % 100), 5 + (next() % 11), next() % 4, next)
        : { frame: plainFrame(14 + (next() % 400), next), ipsec: false, saIdx: 0, esnHi: 0 };
    });
    sendAll(host, jobs, sas, (i) => (i * 13) % 64);
  });
});

describe('nothing leaves that should not (fail closed)', () => {
  const cleared = (host: CardHost): Partial<TxDescriptor> => {
    host.clearSa(REG.txSa, 0);
    return {};
  };
  const switchedOff = (host: CardHost): Partial<TxDescriptor> => {
    host.post(REG.ctrl, CTRL.all & ~CTRL.ipsecTx);
    return {};
  };
  const refusals: [string, number, (host: CardHost) => Partial<TxDescriptor>][] = [
    ['SA never installed', CODE.noSa, () => ({ saIdx: 9 })],
    ['SA index beyond the table', CODE.noSa, () => ({ saIdx: 1024 })],
    ['SA cleared', CODE.noSa, cleared],
    ['ESN asked for, SA without', CODE.noSa, () => ({ esn: true })],
    ['SA with ESN, not asked for', CODE.noSa, () => ({ saIdx: 2 })],
    ['text not a multiple of 4', CODE.badLen, () => ({ lenBytes: 34 + 16 + 65 })],
    ['no text', CODE.badLen, () => ({ lenBytes: 34 + 16 })],
    ['ESP offset inside the IP header', CODE.badLen, () => ({ espOffset: 30 })],
    ['ICV would not fit MAX_FRAME', CODE.badLen, () => ({ lenBytes: 9018 - 12 })],
    ['IPSEC_TX_EN off', CODE.noSa, switchedOff],
  ];
  test.each(refusals)('%s', (_name, code, change) => {
    const host = start();
    const next = random(5);
    const sas = sasOf(host, next);
    const good = esp(64, 5, 0, next);
    const lenBytes = good.frame.length;
    const addr = BUFFERS_AT + 6;
    host.world.arena.set(good.frame, addr);
    host.send({ addr, lenBytes, ipsec: true, espOffset: 34, cookie: 1 });
    expect(host.awaitSent(1)[0]!.code).toBe(CODE.ok);
    host.world.frames();
    const base = { addr, lenBytes, ipsec: true, espOffset: 34, cookie: 2 };
    host.send({ ...base, ...change(host) });
    const [refused] = host.awaitSent(1);
    expect(refused).toMatchObject({ cookie: 2, code, lenBytes: 0, secp: false });
    expect(host.world.frames()).toEqual([]);
    expect(host.read(REG.txDrop)).toBe(1);
    // The card works on.
    host.post(REG.ctrl, CTRL.all);
    host.installSa(REG.txSa, 0, sas[0]!);
    sendAll(host, [good], sas, () => 5);
  });

  test.each([0, 13, 9019, 65535])('a clear frame of %i bytes is refused', (lenBytes) => {
    const host = start();
    host.send({ addr: BUFFERS_AT, lenBytes, cookie: 3 });
    expect(host.awaitSent(1)[0]).toMatchObject({ cookie: 3, code: CODE.badLen, lenBytes: 0 });
    expect(host.world.frames()).toEqual([]);
  });
});
