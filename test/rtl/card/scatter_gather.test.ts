// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import { ModelWorld } from '../../../src/model/model_world.ts';
import type { BareHost, TxFields } from '../../../src/validate/bare_host.ts';
import { espSealed, pattern, plainFrame } from '../../../src/validate/frames.ts';
import type { MakeWorld } from '../../../src/validate/rig.ts';
import {
  BareCard,
  BUFFERS,
  CTRL_ON,
  NOWHERE,
  piece,
  QUEUED,
  SA,
  SA_ROW,
  WIDTHS,
} from './bare_card.ts';

/** Chains both ways at random, whole and broken ones: RTL does what the model does. */
const LOG2 = 6;
const IN = BUFFERS;
const IN_BYTES = 1 << 20;
const OUT = BUFFERS + IN_BYTES;
const OUT_BYTES = 1 << 18;

const place = fc.integer({ min: 0, max: OUT_BYTES - 16384 });
const length = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 700 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 9000 }) },
);
const part = fc.record({ place, length });
const oneIn = (n: number) => fc.integer({ min: 1, max: n }).map((x) => x === 1);
const queue = fc.integer({ min: 0, max: 3 });
const kind = <K extends string>(name: K) => fc.constant(name);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: kind('chain'),
      queue,
      parts: fc.array(part, { minLength: 1, maxLength: R.TXD_PARTS_MAX }),
      isEsp: fc.boolean(),
      /** ESP of a length that it can have. */
      isAligned: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
      isLost: oneIn(8),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind('loose'),
      queue,
      part,
      flags: fc.constantFrom(0, R.TXD_MORE, R.TXD_CONT, R.TXD_MORE | R.TXD_CONT),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind('supply'),
      lengths: fc.array(length, { minLength: 1, maxLength: 6 }),
      isLost: oneIn(8),
      offset: fc.integer({ min: 0, max: 63 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind('inject'),
      lenBytes: fc.integer({ min: 0, max: 1400 }),
      isEsp: fc.boolean(),
      isForged: oneIn(5),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('settle') }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kind('ctrl'), bits: fc.constantFrom(0, 0, R.CTRL_RX_FLAG_BAD) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('anew'), queue, isTx: fc.boolean() }) },
);
const steps = fc.array(step, { minLength: 30, maxLength: 90 });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What must not depend on what the card is made of. */
function play(make: MakeWorld, queues: number, all: readonly Step[], stallPermille: number) {
  const ctrl = CTRL_ON | R.CTRL_RX_SCATTER;
  const sim = { memStallPermille: stallPermille };
  const card = new BareCard(make, { log2: LOG2, queues, ctrl, sim });
  const { world } = card;
  world.arena.set(pattern(OUT_BYTES, 7), OUT);
  const seen: unknown[] = [];
  let cookie = 0;
  let to = IN;
  let waiting = 0;
  const settle = (): void => {
    card.go();
    const heads = card.hosts.map(({ tx, bus }, q) => {
      tx.head = bus.readReg(R.queueBlock(R.RING_TX, q) + R.RING_HEAD);
      return tx.head;
    });
    const sent = card.hosts.map((h) => h.sent());
    const received = card.host.received();
    // By completions: the RTL's head also counts what was read ahead.
    card.host.rx.head = (card.host.rx.head + received.length) & 0xffff;
    waiting -= received.filter((c) => (c.status & R.CPL_MORE) === 0).length;
    seen.push({ heads, sent, received, wire: card.wire().sort() });
  };
  /** Buffers for all that waits: no register is written under a frame's feet. */
  const drain = (): void => {
    for (let n = 0; n < 3; n++) {
      settle();
      while (card.host.rx.free > 0) card.host.supply(piece(to, 2048), cookie++);
    }
  };
  const room = (host: BareHost, tx: number, rx: number): void => {
    if (host.tx.free < tx || host.rx.free < rx) settle();
  };
  try {
    all.forEach((s, i) => {
      if (s.kind === 'settle') settle();
      else if (s.kind === 'ctrl') {
        drain();
        card.host.bus.writeReg(R.REG_CTRL, ctrl ^ s.bits ^ (s.bits === 0 ? R.CTRL_RX_SCATTER : 0));
      } else if (s.kind === 'anew') {
        settle();
        const host = card.hosts[s.queue % queues]!;
        if (s.isTx) host.tx.enable();
        else card.host.rx.enable();
      } else if (s.kind === 'chain') {
        const host = card.hosts[s.queue % queues]!;
        const lengths = s.parts.map((p) => p.length);
        const total = lengths.reduce((a, b) => a + b);
        const lost = s.isLost ? lengths.findIndex((n) => n > 0 && n < 32) : -1;
        if (s.isEsp && s.isAligned) lengths[0]! += (34 - total) & 3;
        const esp: TxFields = { flags: R.TXD_IPSEC, saIdx: SA_ROW, espOffset: 34 };
        room(host, R.TXD_PARTS_MAX, 0);
        if (host.tx.free < R.TXD_PARTS_MAX) return;
        const pieces = s.parts.map((p, n) =>
          piece(n === lost ? NOWHERE : OUT + p.place, lengths[n]!),
        );
        host.postFrame(pieces, { ...(s.isEsp ? esp : {}), cookie: cookie++ });
      } else if (s.kind === 'loose') {
        const host = card.hosts[s.queue % queues]!;
        room(host, 1, 0);
        if (host.tx.free > 0)
          host.post(piece(OUT + s.part.place, s.part.length), s.flags, { cookie: cookie++ });
      } else if (s.kind === 'supply') {
        for (const n of s.lengths) {
          room(card.host, 0, 1);
          if (card.host.rx.free === 0) return;
          to = to + n + 16384 > OUT ? IN : to + n + s.offset;
          card.host.supply(piece(s.isLost && n < 64 ? NOWHERE : to, n), cookie++);
        }
      } else if (waiting < 8) {
        waiting++;
        card.host.flush();
        const shape = { to: 0, spi: SA.spi, seq: i + 1, payloadBytes: s.lenBytes };
        const frame = s.isEsp ? espSealed(shape, SA) : plainFrame(0, 14 + s.lenBytes, i);
        if (s.isForged) frame[frame.length - 1]! ^= 1;
        world.inject(0, frame, 0);
      }
    });
    drain();
    const memory = createHash('sha256').update(world.arena.subarray(IN, OUT)).digest('hex');
    return { seen, memory, stats: R.STAT_NAMES.map((name) => [name, card.stat(name)]) };
  } finally {
    world.close();
  }
}

describe.each([...WIDTHS, QUEUED[0]!])('chains at random: %s', (name, make) => {
  test.each([0, 400])('the same as the model, memory pauses %i permille', (stallPermille) => {
    const queues = name === QUEUED[0]![0] ? 4 : 1;
    const model: MakeWorld = (config) => new ModelWorld(config, undefined, queues);
    fc.assert(
      fc.property(steps, (all) => {
        expect(play(make, queues, all, stallPermille)).toEqual(play(model, queues, all, 0));
      }),
      { numRuns: 25, seed: 20261126, endOnFailure: true },
    );
  });
});
