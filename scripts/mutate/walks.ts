// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../src/dev/nic/nic_regs.ts';
import { Rng } from '../../src/kern/rng.ts';
import { BUFFERS_AT, CTRL, REG, RING, type Sa } from '../../test/rtl/card/card_host.ts';
import {
  buckets,
  espFrame,
  plainFrame,
  random,
  randomSa,
  seal,
} from '../../test/rtl/card/esp_frames.ts';
import { TW } from '../../test/sim/world.ts';
import type { Bench } from './bench.ts';

/** Software that writes its registers in any order, and again: stimuli. */

const INTO = BUFFERS_AT + (1 << 20);

/**
 * Completions taken a few at a time, the head written as it was, or too far, amid traffic both ways; the
 * line is watched.
 */
export function heads(b: Bench, seed: number): void {
  const { host } = b;
  host.start();
  const rng = new Rng(seed);
  const next = random(seed);
  host.post(REG.eims, 7);
  const at = { txc: 0, rxc: 0 };
  for (let round = 0; round < 60; round++) {
    if (round % 6 === 0) host.post(REG.itr, (rng.below(30) << 16) | rng.below(900));
    const some = rng.below(14);
    for (let i = 0; i < some; i++) {
      host.send({ addr: BUFFERS_AT, lenBytes: 60 + rng.below(40), cookie: next() }, false);
      host.supply(INTO + 2048 * i, 2048, next());
    }
    host.post(RING.tx + R.RING_TAIL, host.txTail);
    for (let i = 0; i < some; i++) host.inject(plainFrame(60 + rng.below(40), next));
    for (let step = 0; step < 8; step++) {
      b.noteRun(1 + rng.below(200));
      b.noteRegister(REG.eicr);
      scribble(b, 'txc', host.sent(false).length);
      scribble(b, 'rxc', host.received(false).length);
      const ring = rng.below(2) === 0 ? 'txc' : 'rxc';
      const found = ring === 'txc' ? host.txcHead : host.rxcHead;
      const left = (found - at[ring]) & 0xffff;
      if (rng.below(3) > 0) at[ring] = (at[ring] + rng.below(left + 1)) & 0xffff;
      host.post(
        RING[ring] + R.RING_HEAD,
        at[ring] + (rng.below(20) === 0 ? 1 << rng.below(16) : 0),
      );
      b.noteRun(1 + rng.below(60));
    }
    b.noteRegister(RING.txc + R.RING_HEAD);
    b.noteRegister(RING.rxc + R.RING_HEAD);
    at.txc = host.txcHead;
    at.rxc = host.rxcHead;
    host.post(RING.txc + R.RING_HEAD, at.txc);
    host.post(RING.rxc + R.RING_HEAD, at.rxc);
    host.post(REG.eicr, 4);
  }
  b.noteCompletions();
  b.noteStatistics();
}

/** What software has taken it may write over: all but the phase bit of the last completions taken. */
function scribble(b: Bench, ring: 'txc' | 'rxc', count: number): void {
  const { host, world } = b;
  const head = ring === 'txc' ? host.txcHead : host.rxcHead;
  for (let i = head - count; i < head; i++) {
    const at = host.ringAt(ring) + R.CPL_BYTES * (i & (host.size - 1));
    world.arena.fill(0xee, at, at + R.CPL_BYTES - 1);
  }
  b.note(ring, count);
}

/** Completion rings that are begun anew while completions of their former life are under way. */
export function restarts(b: Bench, seed: number): void {
  const { host } = b;
  const rng = new Rng(seed);
  const next = random(seed);
  for (let round = 0; round < 60; round++) {
    host.start();
    const some = 8 + rng.below(24);
    for (let i = 0; i < some; i++) {
      host.send({ addr: BUFFERS_AT, lenBytes: 60, cookie: next() }, i === some - 1);
      host.supply(INTO + 2048 * i, 2048, next());
    }
    for (let i = 0; i < some; i++) host.inject(plainFrame(60, next));
    for (let again = 0; again < 3; again++) {
      host.run(rng.below(300));
      for (const ring of [RING.txc, RING.rxc]) host.post(ring + R.RING_CTRL, 1);
    }
    host.run(600);
    for (const at of [RING.txc + R.RING_TAIL, RING.rxc + R.RING_TAIL]) b.noteRegister(at);
    b.noteCompletions();
  }
  b.noteStatistics();
}

/** Receive buffers whose descriptors cannot be read, for frames of several of them. */
export function lostBuffers(b: Bench): void {
  const { host, world } = b;
  const next = random(4);
  for (let round = 0; round < 24; round++) {
    host.start(CTRL.all | R.CTRL_RX_SCATTER);
    for (let i = 0; i < round; i++) host.supply(INTO + 256 * i, 128, next());
    host.run(500);
    world.fault(0, TW.faultReadError, 1);
    for (let i = 0; i < 4; i++) host.supply(INTO + 256 * (round + i), 128, next());
    host.run(500);
    world.fault(0, TW.faultReadError, 0);
    for (let i = 0; i < 8; i++) host.supply(INTO + 256 * (round + 4 + i), 128, next());
    for (let i = 0; i < 5; i++) host.inject(plainFrame(60 + 100 * i, next));
    host.run(900);
    b.note(host.received());
    b.noteCompletions();
    b.noteMemory(INTO, INTO + 256 * 40);
    b.noteRegister(RING.rx + R.RING_HEAD);
  }
  b.noteStatistics();
}

/** Rings and buffers far up in a large memory. */
export function farMemory(b: Bench, seed: number): void {
  const { host, world } = b;
  const rng = new Rng(seed);
  const next = random(seed);
  for (let round = 0; round < 24; round++) {
    host.base = 64 * rng.below(world.arena.length / 256);
    host.start();
    const [from, into] = [0, 1].map(() => host.base + (1 << 20) + rng.below(1 << 25));
    for (let i = 0; i < 20; i++) {
      const [out, back] = [0, 1].map((k) => (k === 0 ? from : into)! + 2048 * i);
      world.arena.set(plainFrame(60 + i, next), out!);
      host.send({ addr: out!, lenBytes: 60 + i, cookie: next() }, i === 19);
      host.supply(back!, 2048, next());
    }
    for (let i = 0; i < 20; i++) host.inject(plainFrame(60 + rng.below(400), next));
    b.note(b.noteSent(20).length, b.noteReceived(20).length);
    b.noteFrames();
    b.noteMemory(host.base, host.base + BUFFERS_AT);
    b.noteMemory(into!, into! + 2048 * 20);
  }
  b.noteStatistics();
}

/** The words of both SA windows in any order, each now and then twice; what they wrote is used. */
export function windows(b: Bench, seed: number): void {
  const { host, world } = b;
  host.start(CTRL.all);
  const rng = new Rng(seed);
  const next = random(seed);
  const keys = Array.from({ length: 8 }, (_, i) => 0x10 + 4 * i);
  // Those of 0x60 and more are only read: what is written there is nothing.
  const words = [4, 8, ...keys, 0x30, 0x58, 0x5c, 0x60, 0x64, 0x6c, 0x70];
  const ofRx = [0x34, 0x44, 0x48, 0x4c, 0x50, 0x54, 0x80, 0x84, 0x88, 0x8c];
  for (let round = 0; round < 80; round++) {
    const idx = rng.below(1024);
    const [spi, dst] = [next(), next()];
    const ctrl = 1 | (rng.below(8) << 1);
    const order = [...words, ...words]
      .flatMap((at) => [REG.txSa + at, REG.rxSa + at])
      .concat(ofRx.map((at) => REG.rxSa + at))
      .map((at) => ({ at, key: rng.below(1 << 30) }))
      .sort((x, y) => x.key - y.key);
    const last = new Map<number, number>();
    for (const { at } of order) {
      const word = at & 0xff;
      const value =
        word === 4
          ? ctrl
          : word === 0x30
            ? spi
            : word === 0x34
              ? dst
              : word === 0x44
                ? idx
                : next();
      host.post(at, value);
      last.set(at, value);
    }
    host.post(REG.txSa, R.SA_WRITE + idx);
    host.post(REG.rxSa, R.SA_WRITE + idx);
    host.post(REG.matchIdx, 2 ** 31 + buckets(spi)[round & 1]! * 4 + rng.below(4));
    const bytes = (window: number, at: number, lenBytes: number): Uint8Array => {
      const view = new DataView(new ArrayBuffer(lenBytes));
      for (let i = 0; i < lenBytes; i += 4) view.setUint32(i, last.get(window + at + i)!, true);
      return new Uint8Array(view.buffer);
    };
    const key = bytes(REG.rxSa, R.SA_KEY0, ctrl & 2 ? 32 : 16);
    const [esn, gmac] = [(ctrl & 4) !== 0, (ctrl & 8) !== 0];
    const sa: Sa = { key, salt: bytes(REG.rxSa, R.SA_SALT, 4), esn, gmac };
    const seq = (last.get(REG.rxSa + R.SA_SEQ_LO)! + 1) >>> 0;
    const frame = espFrame({ textBytes: 4 + 4 * rng.below(30), spi, dst, seq }, next);
    world.arena.set(frame, BUFFERS_AT);
    const about = { ipsec: true, esn, saIdx: idx, espOffset: 34, esnHi: next(), cookie: next() };
    host.send({ addr: BUFFERS_AT, lenBytes: frame.length, ...about });
    host.supply(INTO, 2048, next());
    host.inject(seal(frame, sa, last.get(REG.rxSa + R.SA_SEQ_HI)!));
    b.noteSent(1);
    b.noteReceived(1);
    b.noteFrames();
    b.noteMemory(INTO, INTO + 2048);
    for (const window of [REG.txSa, REG.rxSa]) {
      host.post(window, R.SA_READ + idx);
      host.run(20);
      for (let at = 0x58; at <= R.SA_REPLAYS; at += 4) b.noteRegister(window + at);
    }
  }
  b.noteStatistics();
}

/** Associations that differ from a frame in one bit, in the same bucket: no frame finds them. */
export function nearMatches(b: Bench): void {
  const { host } = b;
  host.start(CTRL.all);
  const next = random(8);
  const sa = randomSa(16, next);
  for (let i = 0; i < 24; i++) host.installSa(REG.rxSa, i, sa);
  const flip = (words: readonly number[], bit: number): number[] =>
    words.map((w, i) => (i === bit >> 5 ? (w ^ (1 << (bit & 31))) >>> 0 : w));
  const arrive = (spi: number, dst: number | readonly number[]): void => {
    host.supply(INTO, 2048, next());
    host.inject(seal(espFrame({ textBytes: 40, spi, dst }, next), sa));
    b.noteReceived(1);
  };
  for (let i = 0; i < 24; i++) {
    const [spi, a] = [next(), next()];
    const v6 = [a, next(), next(), next()];
    const dst = i % 2 ? a : v6;
    const words = i % 2 ? [a] : v6;
    const which = (i >> 1) & 1;
    host.match(buckets(spi)[which]! * 4 + (i & 3), spi, dst, i);
    arrive(spi, dst);
    // Two bits ten apart leave the first bucket as it is; moved by 13, the second.
    for (let k = 0; k < 19; k++) {
      const turn = 13 * which;
      const bits = 2 ** ((k + turn) % 32) + 2 ** ((k + 10 + turn) % 32);
      arrive((spi ^ bits) >>> 0, dst);
    }
    for (let bit = 0; bit < 32 * words.length; bit += i % 2 ? 1 : 5) {
      const other = flip(words, bit);
      arrive(spi, i % 2 ? other[0]! : other);
    }
    if (i % 2)
      for (const other of [
        [a, 0, 0, 0],
        [0, 0, 0, a],
      ])
        arrive(spi, other);
    else for (const other of [v6[0]!, v6[3]!]) arrive(spi, other);
    host.post(REG.matchIdx, R.SA_CLEAR + buckets(spi)[which]! * 4 + (i & 3));
    host.run(4);
    arrive(spi, dst);
  }
  // Without ESP they are frames like others, in which ESP was seen.
  host.post(REG.ctrl, CTRL.all & ~CTRL.ipsecRx);
  for (let i = 0; i < 48; i++) {
    const dst = i % 3 === 0 ? next() : [next(), next(), next(), next()];
    const ihlWords = 5 + (i % 11);
    const around = { vlan: i % 2 === 0, udpPort: i % 4 > 1 ? 4500 : 0, ihlWords };
    host.supply(INTO, 2048, next());
    host.inject(seal(espFrame({ textBytes: 40, spi: next(), dst, ...around }, next), sa));
    b.noteReceived(1);
  }
  b.noteStatistics();
}
