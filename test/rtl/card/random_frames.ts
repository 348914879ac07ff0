// SPDX-License-Identifier: BSD-2-Clause
import { expect } from 'vitest';
import { World } from '../../sim/world.ts';
import { BUFFERS_AT, CardHost, CODE, REG, type Sa } from './card_host.ts';
import { buckets, type EspShape, espFrame, espOffsetOf, random, seal } from './esp_frames.ts';
import { AROUND, allKinds, ESN_HI } from './esp_kinds.ts';

const SLOT = 10240;

interface OneOfMany {
  sa: Sa;
  around: Omit<EspShape, 'textBytes' | 'spi'>;
  spi: number;
}

/** Every kind of SA in every kind of packet, on both sides of the card, under keys of `next`. */
function installAll(host: CardHost, next: () => number): OneOfMany[] {
  const sas = AROUND.flatMap(([, around]) =>
    allKinds(next).map((sa) => ({ sa, around, spi: next() })),
  );
  const slots = new Set<number>();
  sas.forEach(({ sa, around, spi }, i) => {
    host.installSa(REG.txSa, i, sa);
    host.installSa(REG.rxSa, i, sa);
    const places = buckets(spi).flatMap((b) => [0, 1, 2, 3].map((way) => 4 * b + way));
    const slot = places.find((place) => !slots.has(place))!;
    slots.add(slot);
    host.match(slot, spi, around.dst, i);
    host.run(1);
  });
  return sas;
}

/**
 * Frames of every form, size and alignment through one card, each out and in again; every fifth is
 * damaged on the wire. node:crypto says what is right: the frame on the wire, and each byte of the
 * receive buffers and round them. Returns how many frames were compared.
 */
export function randomFrames(
  library: string,
  o: { seed: number; frames: number; memStallPermille: number },
): number {
  const world = new World(library, {
    cardCount: 1,
    arenaBytes: 8 << 20,
    tapBytes: 4 << 20,
    regTimeoutCycles: 5000,
    memStallPermille: o.memStallPermille,
    seed: o.seed,
  });
  try {
    const host = new CardHost(world, 0, 6);
    host.start();
    const next = random(o.seed);
    const sas = installAll(host, next);
    let seq = 0x80000000;
    let compared = 0;
    while (compared < o.frames) compared += batch(world, host, sas, next, () => ++seq);
    return compared;
  } finally {
    world.destroy();
  }
}

/** A ring full of them. */
function batch(
  world: World,
  host: CardHost,
  sas: readonly OneOfMany[],
  next: () => number,
  nextSeq: () => number,
): number {
  const { arena } = world;
  const jobs = Array.from({ length: host.size }, (_, k) => {
    const saIdx = next() % sas.length;
    const { sa, around, spi } = sas[saIdx]!;
    // Nine of ten are small: there a beat holds the end of the text, the ICV, or both.
    const most = next() % 10 === 0 ? 2220 : 100;
    const textBytes = 4 + 4 * (next() % most);
    const seq = nextSeq();
    const frame = espFrame({ ...around, textBytes, spi, seq }, next);
    const from = BUFFERS_AT + k * SLOT + (next() % 128);
    const to = BUFFERS_AT + (host.size + k) * SLOT + (next() % 128);
    const name = `frame ${seq >>> 0}: SA ${saIdx}, text of ${textBytes}`;
    return { saIdx, sa, frame, from, to, bad: next() % 5 === 0, name, textBytes };
  });
  jobs.forEach(({ frame, from, sa, saIdx }, k) => {
    arena.set(frame, from);
    const esp = { ipsec: true, esn: sa.esn === true, esnHi: sa.esn ? ESN_HI : 0, saIdx };
    const espOffset = espOffsetOf(frame);
    const d = { ...esp, addr: from, lenBytes: frame.length, espOffset, cookie: k };
    host.send(d, k === jobs.length - 1);
  });
  const sent = host.awaitSent(jobs.length);
  const wires = world.frames().map(({ bytes }) => bytes);
  jobs.forEach(({ frame, sa, name }, k) => {
    expect(sent[k], name).toMatchObject({ code: CODE.ok, secp: true });
    expect(Buffer.compare(wires[k]!, seal(frame, sa, ESN_HI)), name).toBe(0);
  });

  arena.fill(0xee, BUFFERS_AT + host.size * SLOT, BUFFERS_AT + 2 * host.size * SLOT);
  jobs.forEach(({ to }, k) => {
    host.supply(to, 9300, k);
  });
  jobs.forEach(({ frame, bad, textBytes }, k) => {
    const wire = Uint8Array.from(wires[k]!);
    if (bad) wire[espOffsetOf(frame) + 8 + (next() % (textBytes + 24))]! ^= 1 << (next() % 8);
    host.inject(wire);
  });
  const received = host.awaitReceived(jobs.length);
  world.frames(); // those put on the wire
  jobs.forEach(({ frame, to, sa, saIdx, bad, name }, k) => {
    const code = bad ? CODE.authFail : CODE.ok;
    const esnHi = sa.esn ? ESN_HI : 0;
    expect(received[k], name).toMatchObject({ code, secp: !bad, saIdx, esnHi });
    const begin = BUFFERS_AT + (host.size + k) * SLOT;
    const slot = new Uint8Array(SLOT).fill(0xee);
    if (!bad) {
      slot.set(frame, to - begin);
      slot.set(wires[k]!.subarray(frame.length), to - begin + frame.length);
    }
    expect(Buffer.compare(arena.subarray(begin, begin + SLOT), slot), name).toBe(0);
  });
  return jobs.length;
}
