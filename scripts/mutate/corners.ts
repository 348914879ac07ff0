// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../src/dev/nic/nic_regs.ts';
import { BUFFERS_AT, CTRL, REG, RING } from '../../test/rtl/card/card_host.ts';
import {
  buckets,
  espFrame,
  plainFrame,
  random,
  randomSa,
  seal,
} from '../../test/rtl/card/esp_frames.ts';
import type { Bench } from './bench.ts';

/** Bits that ordinary traffic never sets: stimuli. */

/** Addresses beyond 4 GiB, a bit at a time, where no memory is: of buffers, and of all rings. */
export function farAddresses(b: Bench): void {
  const { host, world } = b;
  host.start();
  world.arena.set(plainFrame(200, random(1)), BUFFERS_AT);
  for (let bit = 23; bit < 64; bit++) {
    host.send({ addr: BUFFERS_AT + 2 ** bit, lenBytes: 100, cookie: bit });
    host.supply(BUFFERS_AT + 4096 + 2 ** bit, 1024, bit);
    host.inject(plainFrame(100, random(bit)));
  }
  b.noteSent(41);
  b.noteReceived(41);
  b.noteStatistics();
  for (const [name, block] of Object.entries(RING)) {
    for (let bit = 0; bit < 32; bit++) {
      host.start();
      host.post(block + R.RING_BASE_HI, 1 << bit);
      host.post(block + R.RING_CTRL, 1);
      host.run(20);
      host.send({ addr: BUFFERS_AT, lenBytes: 60, cookie: bit });
      host.supply(BUFFERS_AT + 4096, 1024, bit);
      host.inject(plainFrame(60, random(bit)));
      host.run(400);
      b.note(name, bit, host.sent(false), host.received(false));
      b.noteStatistics();
      b.noteMemory(0, BUFFERS_AT + 8192);
    }
  }
}

/** SAs of random bits in random rows, each with a frame out and in, and its state read. */
export function randomSas(b: Bench): void {
  const { host, world } = b;
  host.start(CTRL.all);
  const next = random(21);
  for (let i = 0; i < 60; i++) {
    const sa = randomSa(i & 1 ? 32 : 16, next, i % 3 === 0);
    const [idx, spi] = [next() & 1023, next()];
    for (const window of [REG.txSa, REG.rxSa]) {
      for (let at = R.SA_SEQ_LO; at <= R.SA_SEQ_HI; at += 4) host.post(window + at, next());
      if (window === REG.rxSa)
        for (let at = R.SA_SEEN0; at <= R.SA_SEEN3; at += 4) host.post(window + at, next());
      host.post(window + R.SA_SPI, spi);
      host.installSa(window, idx, { ...sa, window: i % 4 ? 64 : 0xffff });
      host.post(window, R.SA_READ + idx);
      host.run(20);
      for (let at = 0; at <= R.SA_REPLAYS; at += 4) b.noteRegister(window + at);
    }
    const dst = i % 2 ? next() : [next(), next(), next(), next()];
    host.match(buckets(spi)[i & 1]! * 4 + (i & 3), spi, dst, idx);
    const frame = espFrame({ textBytes: 4 + 4 * (i % 20), spi, dst, seq: next() }, next);
    const esnHi = next();
    world.arena.set(frame, BUFFERS_AT);
    const espOffset = typeof dst === 'number' ? 34 : 54;
    const about = { ipsec: true, esn: sa.esn === true, saIdx: idx, espOffset, esnHi };
    host.send({ addr: BUFFERS_AT, lenBytes: frame.length, ...about, cookie: next() });
    host.supply(BUFFERS_AT + 4096, 2048, next());
    host.inject(seal(frame, sa, esnHi));
    b.noteSent(1);
    b.noteReceived(1);
    b.noteFrames();
    b.noteMemory(BUFFERS_AT + 4096, BUFFERS_AT + 6144);
  }
  b.noteStatistics();
}

/** Statistics and the counters of an SA where a sum carries far; frames of the longest length. */
export function manyBytes(b: Bench): void {
  const { host, world } = b;
  host.start();
  const sa = randomSa(16, random(2));
  host.installSa(REG.txSa, 7, sa);
  const frame = espFrame({ textBytes: 8952, spi: 5, dst: 6 }, random(3));
  world.arena.set(frame, BUFFERS_AT);
  const d = { addr: BUFFERS_AT, lenBytes: frame.length, ipsec: true, saIdx: 7, espOffset: 34 };
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 32; i++) host.send(d, i === 31);
    b.noteSent(32);
    b.noteFrames();
    const { packets, bytes, errors } = host.saState(REG.txSa, 7);
    b.note(String(packets), String(bytes), errors);
  }
  b.noteStatistics();
}
