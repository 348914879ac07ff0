// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../src/dev/nic/nic_regs.ts';
import {
  BUFFERS_AT,
  type CardHost,
  CTRL,
  REG,
  RING,
  type Sa,
} from '../../test/rtl/card/card_host.ts';
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

/** Registers, interrupts, rings that lie, errors from memory, parity and reset: stimuli. */

const INTO = BUFFERS_AT + 0x8000;
const SLOT = 2048;

/** Whether a write is taken: the code of the run that it goes with. */
function noteWrite(b: Bench, offset: number, value: number): void {
  b.world.post(0, offset, value >>> 0);
  b.note(offset, value, b.world.run(12));
}

/** All registers, as they are after reset and after numbers were written to them. */
export function registers(b: Bench): void {
  const { host } = b;
  b.host.run(5);
  b.noteRegister(REG.status);
  while (host.read(REG.status) & 4) host.run(100);
  const all = (): void => {
    for (let at = 0; at < 0xd00; at += 4) b.noteRegister(at);
  };
  all();
  for (const at of [0x2, 0x1000, 0x8000, 0x4008]) b.noteRegister(at);
  const next = random(9);
  const plain = [
    REG.macLo,
    REG.macHi,
    REG.maxFrame,
    REG.nattPort,
    REG.itr,
    REG.eims,
    REG.eimc,
    REG.eics,
    REG.eicr,
  ];
  const rings = Object.values(RING).flatMap((block) => [0, 4, 8].map((at) => block + at));
  const windows = [REG.txSa, REG.rxSa].flatMap((w) =>
    Array.from({ length: 0x25 }, (_, i) => w + 4 * i).filter((at) => at !== w && at !== w + 0x40),
  );
  for (const value of [0xffffffff, 0x5a5a5a5a, 0xa5a5a5a5, next(), 0]) {
    for (const at of [...plain, ...rings]) host.post(at, value);
    host.run(20);
    all();
    for (const at of windows)
      if (at < REG.rxSa + 0x60 || at === REG.rxSa + 0x7c) noteTaken(b, at, value);
  }
  for (const log2 of [3, 4, 12, 13]) {
    host.post(RING.rxc + 8, log2);
    b.noteRegister(RING.rxc + 8);
  }
  for (const value of [13, 14, 64, 9216, 9217]) {
    host.post(REG.maxFrame, value);
    b.noteRegister(REG.maxFrame);
  }
}

/** Windows have registers that are only read: those are left alone. */
function noteTaken(b: Bench, at: number, value: number): void {
  if (b.world.tryRead(0, at) !== 0) return;
  const low = at & 0xff;
  if (low >= 0x60 && low < 0x7c) return;
  b.host.post(at, value);
  b.host.run(4);
  b.noteRegister(at);
}

/** The last one: the world ends with a refused write. */
export function refusedWrite(b: Bench): void {
  b.host.start();
  noteWrite(b, 0x94, 1);
}

const sendPlain = (host: CardHost, count: number, lenBytes = 60): void => {
  for (let i = 0; i < count; i++)
    host.send({ addr: BUFFERS_AT, lenBytes, cookie: i }, i === count - 1);
};

/** The line by masks, moderation and software; levels that go when completions are taken. */
export function interrupts(b: Bench): void {
  const { host } = b;
  host.start();
  const next = random(4);
  const settings = [
    0,
    (99 << 16) | 301,
    (8 << 16) | 3000,
    (3 << 16) | 200,
    500,
    2 << 16,
    (255 << 16) | 0xffff,
  ];
  for (const itr of settings) {
    host.post(REG.itr, itr);
    for (const mask of [3, 1, 2, 0x1c]) {
      host.post(REG.eimc, 0x1f);
      host.post(REG.eims, mask);
      for (let i = 0; i < 5; i++) {
        sendPlain(host, 1 + (next() % 3));
        host.supply(INTO + SLOT * i, SLOT, i);
        host.inject(plainFrame(60 + i, next));
        b.noteRun(1 + (next() % 500));
        b.noteRegister(REG.eicr);
        if (next() % 3) b.note(host.sent(), host.received());
        if (next() % 8 === 0) host.post(REG.eics, 1 << (next() % 5));
        if (next() % 4 === 0) host.post(REG.eicr, 0x1f);
        b.noteRun(1 + (next() % 900));
      }
      b.note(host.sent(), host.received());
      b.noteRun(1500);
    }
  }
  b.noteStatistics();
}

/** Doorbells that lie, completion rings that are full, queues switched off and on. */
export function rings(b: Bench): void {
  const { host } = b;
  host.start();
  const noteRings = (): void => {
    for (const block of Object.values(RING))
      for (let at = 0; at <= 0x14; at += 4) b.noteRegister(block + at);
    b.noteRegister(REG.eicr);
    host.post(REG.eicr, 4);
  };
  noteRings();
  for (const back of [1, 2, 5, -17, 0x8000]) {
    sendPlain(host, 8);
    host.run(40);
    for (const [ring, tail] of [
      [RING.tx + 20, host.txTail],
      [RING.rx + 20, host.rxTail],
    ] as const)
      host.post(ring, (tail - back) & 0xffff);
    b.noteSent(8);
    for (const [ring, head] of [
      [RING.txc + 16, host.txcHead],
      [RING.rxc + 16, host.rxcHead],
    ] as const)
      host.post(ring, (head - back) & 0xffff);
    host.run(100);
    noteRings();
  }
  // Nobody takes completions.
  for (let i = 0; i < 3; i++) {
    sendPlain(host, 10);
    for (let k = 0; k < 10; k++) host.supply(INTO + SLOT * k, SLOT, k);
    for (let k = 0; k < 10; k++) host.inject(plainFrame(60 + k, random(k)));
    host.run(1500);
    noteRings();
  }
  b.noteSent(30);
  b.noteReceived(30);
  noteRings();
  // Off amid traffic, and on again.
  sendPlain(host, 12, 900);
  host.run(60);
  host.post(REG.ctrl, 0);
  host.run(1500);
  noteRings();
  host.post(REG.ctrl, CTRL.all);
  b.noteSent(12);
  for (const block of Object.values(RING)) host.post(block + 12, 0);
  host.run(50);
  host.start();
  sendPlain(host, 3);
  b.noteSent(3);
  noteRings();
}

/** Indices that pass 2^16 in rings of 4096, and the counters of an SA with them. */
export function wrap(b: Bench): void {
  const { host, world } = b;
  host.start();
  const next = random(12);
  const sa = randomSa(16, next);
  const [from, into] = [1 << 20, 3 << 19];
  const frame = espFrame({ textBytes: 8, spi: 77, dst: 2 }, next);
  const arriving = seal(frame, sa);
  world.arena.set(frame, from);
  for (const window of [REG.txSa, REG.rxSa]) host.installSa(window, 1023, sa);
  host.match(buckets(77)[0]! * 4, 77, 2, 1023);
  const d = { addr: from, lenBytes: frame.length, ipsec: true, espOffset: 34, saIdx: 1023 };
  for (let done = 0; done < 66_000; done += 2048) {
    for (let i = 0; i < 2048; i++) {
      host.send({ ...d, cookie: done + i }, i % 64 === 63);
      host.supply(into, 256, done + i);
      if (i % 64 === 63) host.run(1);
    }
    let [sent, received, given] = [0, 0, 0];
    for (let tries = 0; sent < 2048 || received < 2048; tries++) {
      if (tries > 400) throw new Error('a ring stands still');
      for (let i = 0; i < 64 && given < 2048; i++, given++) host.inject(arriving);
      host.run(500);
      sent += host.sent().length;
      received += host.received().length;
      world.frames();
    }
    for (const block of Object.values(RING))
      for (const at of [R.RING_HEAD, R.RING_TAIL]) b.noteRegister(block + at);
    b.noteMemory(host.ringAt('txc'), host.ringAt('txc') + (16 << host.log2));
    b.noteMemory(host.ringAt('rxc'), host.ringAt('rxc') + (16 << host.log2));
  }
  for (const window of [REG.txSa, REG.rxSa]) {
    const { packets, bytes, errors } = host.saState(window, 1023);
    b.note(String(packets), String(bytes), errors);
  }
  b.noteStatistics();
}

const next = random(11);
const sa: Sa = randomSa(32, next);
const clear = [404, 40].map((textBytes) => espFrame({ textBytes, spi: 77, dst: 2 }, next));
const sealed = clear.map((frame) => seal(frame, sa));
const plain = plainFrame(300, next);

const keys = (host: CardHost): void => {
  host.installSa(REG.txSa, 0, sa);
  host.installSa(REG.rxSa, 0, sa);
  host.match(buckets(77)[0]! * 4, 77, 2, 0);
};

/** Six frames out and six in, all at once. */
const traffic = (host: CardHost, bufferBytes = SLOT): void => {
  [...clear, plain].forEach((frame, i) => {
    host.world.arena.set(frame, BUFFERS_AT + SLOT * i);
  });
  for (let i = 0; i < 6; i++) host.supply(INTO + SLOT * i, bufferBytes, i);
  for (let i = 0; i < 6; i++) {
    const kind = i % 3;
    const frame = kind === 2 ? plain : clear[kind]!;
    const d = { addr: BUFFERS_AT + SLOT * kind, lenBytes: frame.length, cookie: i };
    host.send(kind === 2 ? d : { ...d, ipsec: true, espOffset: 34 }, i === 5);
    host.inject(kind === 2 ? plain : sealed[kind]!);
  }
};

/** A burst that fails, at many times of a busy window; receive buffers of so many bytes. */
export function memoryErrors(b: Bench, ctrl: number = CTRL.all, bufferBytes = SLOT): void {
  const { host, world } = b;
  for (const fault of [TW.faultReadError, TW.faultWriteError]) {
    for (let at = 1; at < 330; at += 23) {
      host.start(ctrl);
      keys(host);
      traffic(host, bufferBytes);
      host.run(at);
      world.fault(0, fault, 1);
      host.run(1200);
      b.note(host.sent(false), host.received(false));
      world.fault(0, fault, 0);
      for (const block of [RING.tx, RING.rx, RING.txc, RING.rxc]) b.noteRegister(block + 20);
      b.noteStatistics();
      host.post(REG.eicr, 4);
      b.noteFrames();
    }
  }
}

/** Reset at many times of that window: what is left of it. */
export function resets(b: Bench): void {
  const { host } = b;
  for (let at = 1; at < 420; at += 53) {
    host.start();
    keys(host);
    traffic(host);
    host.run(at);
    host.post(REG.ctrl, 2 ** 31 + CTRL.all);
    for (let i = 0; i < 6; i++) {
      b.noteRegister(REG.ctrl);
      b.noteRegister(REG.status);
      host.run(10);
    }
    host.runUntil(() => host.read(REG.ctrl) >>> 31 === 0, 20_000);
    host.run(600);
    host.start();
    host.send({ addr: BUFFERS_AT, lenBytes: clear[0]!.length, ipsec: true, espOffset: 34 });
    b.noteSent(1);
    b.note(String(host.saState(REG.txSa, 0).bytes), String(host.saState(REG.rxSa, 0).bytes));
    host.supply(INTO, SLOT, 1);
    host.inject(sealed[1]!);
    b.noteReceived(1);
    keys(host);
    traffic(host);
    b.noteSent(6);
    b.noteReceived(6);
    b.noteStatistics();
  }
}

/** Each parity bit of each direction; keys replaced and taken away under frames. */
export function keyChanges(b: Bench): void {
  const { host, world } = b;
  host.start();
  keys(host);
  host.post(REG.eims, 4);
  for (let bit = 0; bit < 11; bit++) {
    for (const window of [REG.txSa, REG.rxSa]) {
      host.post(window + R.SA_PARITY, 1 << bit);
      b.noteRegister(window + R.SA_PARITY);
      host.installSa(window, 0, sa);
    }
    traffic(host);
    b.noteSent(6);
    b.noteReceived(6);
    b.noteStatistics();
    host.post(REG.eicr, 4);
  }
  const other = randomSa(16, random(12));
  for (let round = 0; round < 24; round++) {
    if (round % 3 === 0) host.clearSa(REG.txSa, 0);
    else host.installSa(REG.txSa, 0, round & 1 ? sa : other);
    if (round % 4 === 0) host.clearSa(REG.rxSa, 0);
    else host.installSa(REG.rxSa, 0, round & 2 ? sa : other);
    if (round % 8 === 7) host.post(REG.matchIdx, R.SA_CLEAR + buckets(77)[0]! * 4);
    if (round % 8 === 2) keys(host);
    traffic(host);
    host.run(30 + 17 * round);
    if (round % 4 !== 3) continue;
    b.noteSent(24);
    b.noteReceived(24);
    b.noteFrames();
    b.noteMemory(INTO, INTO + 8 * SLOT);
  }
  for (const idx of [0, 1]) b.note(String(host.saState(REG.rxSa, idx).packets), world.cycle);
  b.noteStatistics();
}
