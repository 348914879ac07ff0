// SPDX-License-Identifier: BSD-2-Clause
import { BUFFERS_AT, type CardHost, CTRL, REG, type Sa } from '../../test/rtl/card/card_host.ts';
import {
  buckets,
  type EspShape,
  espFrame,
  espOffsetOf,
  plainFrame,
  random,
  seal,
} from '../../test/rtl/card/esp_frames.ts';
import { AROUND, allKinds, ESN_HI } from '../../test/rtl/card/esp_kinds.ts';
import { TW } from '../../test/sim/world.ts';
import { ARENA_BYTES, type Bench } from './bench.ts';

/** Frames of every form in and out: stimuli that only the card's bytes and cycles judge. */

const SLOT = 10240;
const OUT = BUFFERS_AT;
const SLOTS = 64;
const INTO = BUFFERS_AT + SLOTS * SLOT;
/** Outside of all host memory: DECERR. */
export const NOWHERE = 8 << 20;

type Next = () => number;

interface OneOfMany {
  sa: Sa;
  around: Omit<EspShape, 'textBytes' | 'spi'>;
  spi: number;
}

/** Every kind of SA in every kind of packet; the bits of an index are spread over the whole table. */
function installAll(host: CardHost, next: Next): (OneOfMany & { idx: number })[] {
  const sas = AROUND.flatMap(([, around]) =>
    allKinds(next).map((sa, k) => ({ sa, around, spi: next(), k })),
  );
  const slots = new Set<number>();
  return sas.map(({ k: _, ...one }, i) => {
    const { sa, spi, around } = one;
    const idx = (i * 389 + 3) & 1023;
    host.installSa(REG.txSa, idx, sa);
    host.installSa(REG.rxSa, idx, sa);
    const places = buckets(spi).flatMap((b) => [0, 1, 2, 3].map((way) => 4 * b + way));
    const start = i & 7;
    const slot = [...places.slice(start), ...places].find((place) => !slots.has(place))!;
    slots.add(slot);
    host.match(slot, spi, around.dst, idx);
    host.run(1);
    return { ...one, idx };
  });
}

/** ESP out, and the same with wrong bits in every fourth in again, among plain frames. */
export function espFrames(b: Bench, seed: number, count: number, longest: number): void {
  const { host, world } = b;
  host.start();
  const next = random(seed);
  const sas = installAll(host, next);
  let seq = 0x80000000;
  for (let done = 0; done < count; done += host.size) {
    const jobs = Array.from({ length: host.size }, (_, k) => {
      const one = sas[(done + k) % sas.length]!;
      const textBytes = 4 + 4 * (next() % (k % 8 === 0 ? longest : 60));
      const isPlain = k % 7 === 6;
      const shape = { ...one.around, textBytes, spi: one.spi, seq: ++seq };
      const frame = isPlain ? plainFrame(14 + (next() % 300), next) : espFrame(shape, next);
      return { ...one, isPlain, frame, from: OUT + k * SLOT + (next() % 900), k };
    });
    for (const { frame, from, sa, idx, isPlain, k } of jobs) {
      world.arena.set(frame, from);
      const esp = { ipsec: true, esn: sa.esn === true, esnHi: ESN_HI, saIdx: idx };
      const d = { addr: from, lenBytes: frame.length, cookie: next() };
      host.send(
        isPlain ? d : { ...d, ...esp, espOffset: espOffsetOf(frame) },
        k % 9 === 0 || k === jobs.length - 1,
      );
    }
    b.noteSent(jobs.length);
    b.noteFrames();
    world.arena.fill(0xee, INTO, ARENA_BYTES - TW.frameMax - 64);
    for (const { k } of jobs) host.supply(INTO + k * SLOT + (next() % 900), 9300, next());
    for (const { frame, sa, isPlain, k } of jobs) {
      const wire = isPlain ? frame : seal(frame, sa, ESN_HI);
      if (k % 4 === 3 && !isPlain) wire[38 + (next() % (wire.length - 38))]! ^= 1 << (next() % 8);
      host.inject(wire);
    }
    b.noteReceived(jobs.length);
    b.noteMemory(INTO, INTO + SLOTS * SLOT);
  }
  for (const { idx } of sas) {
    for (const window of [REG.txSa, REG.rxSa])
      b.note(Object.entries(host.saState(window, idx)).map(([k, v]) => [k, String(v)]));
  }
  b.noteStatistics();
}

/** What must not be sent, and what the filters keep out. */
export function refusals(b: Bench): void {
  const { host, world } = b;
  host.start();
  const next = random(5);
  const sas = allKinds(next);
  sas.forEach((sa, i) => {
    host.installSa(REG.txSa, i, sa);
    host.installSa(REG.rxSa, i, sa);
  });
  host.match(buckets(77)[1]! * 4 + 2, 77, 2, 0);
  const frame = espFrame({ textBytes: 64, spi: 77, dst: 2 }, next);
  world.arena.set(frame, OUT + 6);
  const good = { addr: OUT + 6, lenBytes: frame.length, ipsec: true, espOffset: 34 };
  for (const change of [
    {},
    { saIdx: 9 },
    { saIdx: 1024 },
    { esn: true },
    { saIdx: 2 },
    { lenBytes: 34 + 16 + 65 },
    { lenBytes: 34 + 16 + 66 },
    { lenBytes: 34 + 16 },
    { lenBytes: 34 + 20 },
    { espOffset: 30 },
    { espOffset: 33 },
    { lenBytes: 9018 - 12 },
    { lenBytes: 9018 - 16 },
    { addr: NOWHERE },
    { addr: 2 ** 32 + OUT },
    { addr: OUT + 4096 - 40 },
  ]) {
    host.send({ ...good, ...change, cookie: next() });
    b.noteSent(1);
  }
  for (const lenBytes of [0, 1, 13, 14, 15, 9018, 9019, 32768, 65535]) {
    host.send({ addr: OUT, lenBytes, cookie: lenBytes });
    b.noteSent(1);
  }
  host.clearSa(REG.txSa, 0);
  host.send(good);
  host.post(REG.ctrl, CTRL.all & ~CTRL.ipsecTx);
  host.send({ ...good, saIdx: 1 });
  b.noteSent(2);
  b.noteStatistics();

  const wire = seal(frame, sas[0]!);
  const changed = (...bytes: [at: number, value: number][]): Uint8Array => {
    const copy = Uint8Array.from(wire);
    for (const [at, value] of bytes) copy[at] = value;
    return copy;
  };
  const own = plainFrame(100, next);
  const first = (value: number): Uint8Array => Uint8Array.from(own, (v, i) => (i ? v : value));
  const arrivals = [
    wire,
    own,
    first(6),
    first(3),
    Uint8Array.from(own, (v, i) => (i === 5 ? 9 : v)),
    Uint8Array.from(own, (v, i) => (i < 6 ? 255 : v)),
    plainFrame(13, next),
    plainFrame(14, next),
    plainFrame(9018, next),
    plainFrame(9019, next),
    changed([23, 17]),
    changed([20, 0x60]),
    changed([20, 0x20]),
    changed([21, 1]),
    changed([12, 0x86]),
    changed([14, 0x65]),
    changed([14, 0x44]),
    changed([16, 4]),
    changed([16, 0], [17, 20 + 16 + 3 + 16]),
    changed([16, 0], [17, 20 + 16 + 4 + 16]),
    changed([37, 78]), // another SPI
    changed([33, 3]), // another destination
    wire.slice(0, wire.length - 1),
    Uint8Array.from([...wire, 1, 2, 3, 4, 5]),
    ...[1, 2, 3].map((rest) =>
      seal(espFrame({ textBytes: 64 + rest, spi: 77, dst: 2 }, next), sas[0]!),
    ),
  ];
  for (const ctrl of [
    CTRL.all,
    CTRL.all | CTRL.promisc | CTRL.flagBad,
    CTRL.all & ~CTRL.ipsecRx,
    CTRL.all & ~CTRL.rxEn,
  ]) {
    host.post(REG.ctrl, ctrl);
    if (ctrl === (CTRL.all | CTRL.promisc | CTRL.flagBad)) host.post(REG.maxFrame, 99);
    arrivals.forEach((_, i) => {
      host.supply(INTO + (i & 31) * SLOT + i, i % 5 === 4 ? 90 : 9300, i);
    });
    for (const frame of arrivals) host.inject(frame);
    b.noteReceived(arrivals.length);
    b.noteMemory(INTO, INTO + 32 * SLOT);
    b.noteStatistics();
    host.post(REG.maxFrame, 9018);
  }
}

/** Too many frames, of no more than so many bytes, for no buffers; then room for those that were kept. */
export function overflow(b: Bench, count: number, longest: number): void {
  const { host } = b;
  host.start();
  const next = random(10);
  for (let i = 0; i < count; i++) host.inject(plainFrame(i % 3 ? longest - (i % 7) : 70, next));
  host.run(14_000);
  b.noteStatistics();
  for (let i = 0; i < 60; i++) host.supply(INTO + i * 1024, 1024, i);
  b.noteReceived(60);
  b.noteMemory(INTO, INTO + 60 * 1024);
  b.noteStatistics();
}

/** Every length of plain frames from and to every place. */
export function plainFrames(b: Bench): void {
  const { host, world } = b;
  host.start();
  const next = random(1);
  const lengths = Array.from({ length: 120 }, (_, i) => 14 + i).concat(1514, 4095, 4097, 9018);
  world.arena.set(plainFrame(9300, next), OUT);
  for (let at = 0; at < lengths.length; at += host.size) {
    const some = lengths.slice(at, at + host.size);
    some.forEach((lenBytes, i) => {
      host.send({ addr: OUT + ((i * 37) % 64), lenBytes, cookie: next() }, i % 5 === 0);
      host.supply(INTO + i * SLOT + ((i * 29) % 64), 9300, next());
    });
    host.post(0x214, host.txTail);
    for (const lenBytes of some) host.inject(plainFrame(lenBytes, next));
    b.noteSent(some.length);
    b.noteReceived(some.length);
    b.noteMemory(INTO, INTO + SLOTS * SLOT);
  }
  b.noteStatistics();
}
