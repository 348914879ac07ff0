// SPDX-License-Identifier: BSD-2-Clause
// A million hostile frames through the card, in parts with seeds of their own, so that it can be seen
// how far it is; what fails is run again alone by the name of its part.
import { expect, it } from 'vitest';
import { hostileCardRun } from './hostile_card.ts';

const PARTS = 10;
const FRAMES = 100_000;
const HOUR_MS = 3_600_000;

const rows = (['model', 'rtl'] as const).flatMap((nic) =>
  Array.from({ length: PARTS }, (_, i) => [nic, i + 1] as const),
);

it.each(rows)(
  `%s, part %i of ${PARTS}: each of ${FRAMES} hostile frames ends under a name, and none leaks`,
  async (nic, part) => {
    const begun = performance.now();
    const { ends, names } = await hostileCardRun(nic, FRAMES, part, (frames, cycles) => {
      if (frames % 10_240 !== 0) return;
      const rate = Math.round(frames / ((performance.now() - begun) / 1000));
      say(`${nic}, part ${part}: ${frames} frames, ${cycles} cycles and ${rate} frames/s`);
    });
    expect(ends.frames).toBe(FRAMES);
    say(`${nic}, part ${part}: ${JSON.stringify(ends)} ${JSON.stringify(names)}`);
  },
  HOUR_MS,
);

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
