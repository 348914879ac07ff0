// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, test } from 'vitest';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import { ModelWorld } from '../../../src/model/model_world.ts';
import { pattern } from '../../../src/validate/frames.ts';
import type { MakeWorld } from '../../../src/validate/rig.ts';
import { BareCard, BUFFERS, CTRL_ON, piece, QUEUED, WIDTHS } from './bare_card.ts';
import { random, randomSa } from './esp_frames.ts';
import { install } from './rows.ts';

/**
 * Transmit descriptors with any bits in any field, most of them refused: RTL does what the model does.
 * Frames are as long as a card takes them, ESP begins at any byte of them.
 */
const MOST = R.MAX_FRAME_LIMIT;
/** Flags that mean nothing, as the upper half of the last word does. */
const RESERVED = 0xffc0;
const FLAGS = [R.TXD_IPSEC, R.TXD_ESN, R.TXD_PACKET, R.TXD_CSUM];

/** Of each SA row: a kind of its own. */
const rows = (packets: boolean, next: () => number) =>
  Array.from({ length: 16 }, (_, i) => ({
    window: R.SA_TX,
    idx: [0, 1, 512, 1023][i & 3]! ^ ((i >> 2) << 2),
    sa: { ...randomSa(i & 1 ? 32 : 16, next, (i & 2) !== 0), gmac: i % 8 >= 6 },
    packet: packets && i >= 8,
    spi: next(),
    seq: BigInt(next()),
  }));

function play(make: MakeWorld, queues: number, packets: boolean) {
  const card = new BareCard(make, { queues, ctrl: CTRL_ON, log2: 8 });
  try {
    const next = random(77);
    card.world.arena.set(pattern(0x12000, 3), BUFFERS);
    card.host.bus.writeReg(R.REG_MAX_FRAME, MOST);
    const sas = rows(packets, next);
    for (const row of sas) install(card.host, row);
    const seen: unknown[] = [];
    for (let lot = 0; lot < 24; lot++) {
      for (let i = 0; i < 24; i++) {
        const host = card.hosts[next() % queues]!;
        const flags = FLAGS.reduce((sum, flag) => sum | (next() & 1 ? flag : 0), next() & RESERVED);
        const sa = sas[next() % sas.length]!;
        const espOffset = next() % 4 === 0 ? next() & 255 : 34 + (next() % 222);
        const odd = [next() & 0xffff, next() % (MOST + 40), espOffset + (next() % 40)];
        const whole = espOffset + 16 + 4 * (1 + (next() % (next() % 8 === 0 ? 2200 : 50)));
        const lenBytes = next() % 3 === 0 ? odd[next() % 3]! : whole;
        const start = next() % 16 === 0 ? next() & 0xffff : next() % (lenBytes + 1);
        const at = start + (next() % 8 === 0 ? next() % 3000 : next() % 40);
        const stop = next() % 16 === 0 ? next() & 0xffff : Math.min(lenBytes, at + (next() % 5000));
        host.post(
          piece(BUFFERS + (next() % 64), lenBytes),
          packets ? flags : flags & ~R.TXD_PACKET,
          {
            saIdx: next() % 10 === 0 ? next() & 0xffff : sa.idx,
            espOffset,
            next: next() & 255,
            esnHi: next(),
            cookie: next(),
            csum: [start, at & 0xffff, stop + 2 ** 16 * (next() & 0xffff)],
          },
        );
      }
      card.go();
      seen.push({ sent: card.hosts.map((host) => host.sent()), wire: card.wire().sort() });
    }
    return { seen, stats: R.STAT_NAMES.map((name) => [name, card.stat(name)]) };
  } finally {
    card.world.close();
  }
}

const ALL = [
  ...WIDTHS.map(([name, make], i) => [name, make, 1, i === 0] as const),
  [...QUEUED[0]!, 4, true] as const,
];

describe('any descriptor', () => {
  test.each(ALL)(
    '%s: the completions, frames and statistics of the model',
    (_, make, queues, packets) => {
      const model: MakeWorld = (config) => new ModelWorld(config, undefined, queues);
      const said = play(model, queues, packets);
      expect(play(make, queues, packets)).toEqual(said);
      // Of each answer there is enough.
      const codes = said.seen.flatMap((lot) =>
        (lot as { sent: { status: number }[][] }).sent
          .flat()
          .map((c) => c.status & R.CPL_CODE_MASK),
      );
      for (const code of [R.CODE_OK, R.CODE_BAD_LEN, R.CODE_NO_SA])
        expect(codes.filter((c) => c === code).length).toBeGreaterThan(40);
    },
  );
});
