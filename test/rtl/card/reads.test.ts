// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest';
import { plainFrame } from '../../../src/validate/frames.ts';
import { BareCard, BUFFERS, brief, piece, WIDTHS } from './bare_card.ts';

/** More than everything else takes, so that reads pile up as far as the card lets them. */
const LATENCY_CYCLES = 3000;
const FRAMES = 250;
const FRAME_BYTES = 98;
const STEP_CYCLES = 20;

test.each(WIDTHS)('%s: behind slow memory 64 reads or more are under way', (_name, make) => {
  const sim = { memLatencyCycles: LATENCY_CYCLES, regTimeoutCycles: 10 * LATENCY_CYCLES };
  const card = new BareCard(make, { log2: 8, sim });
  for (let n = 0; n < FRAMES; n++) {
    const address = BUFFERS + 128 * n;
    card.world.arena.set(plainFrame(1, FRAME_BYTES, n), address);
    card.host.post(piece(address, FRAME_BYTES), 0, { cookie: n });
  }
  card.host.flush();

  const asked: number[] = [];
  let underWay = 0;
  while (asked.length * STEP_CYCLES < 8 * LATENCY_CYCLES) {
    card.world.run(STEP_CYCLES);
    asked.push(card.world.totals().dmaReads);
    // What was asked for since then cannot have been answered.
    const then = asked.at(-1 - Math.floor(LATENCY_CYCLES / STEP_CYCLES)) ?? asked[0]!;
    underWay = Math.max(underWay, asked.at(-1)! - then);
  }
  expect(underWay).toBeGreaterThanOrEqual(64);

  do card.world.run(LATENCY_CYCLES);
  while (card.world.idleCycles < 2 * LATENCY_CYCLES);
  const sent = Array.from({ length: FRAMES }, (_, n) => [n, 0, FRAME_BYTES]);
  expect(brief(card.host.sent())).toEqual(sent);
  card.world.close();
});
