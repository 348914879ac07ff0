// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../src/dev/nic/nic_regs.ts';
import { espSealed, testSa } from '../../src/validate/frames.ts';
import { bareOf } from '../../src/validate/offload_frames.ts';
import { BUFFERS_AT, REG } from '../../test/rtl/card/card_host.ts';
import { random } from '../../test/rtl/card/esp_frames.ts';
import type { Bench } from './bench.ts';
import { installOffload, noteState, ring, send } from './offload.ts';

/** Sequence numbers and windows of any bits, where software may put them: stimuli. */

const OUT = BUFFERS_AT;
const INTO = BUFFERS_AT + (1 << 20);
const TOP = 2 ** 32;
/** From the highest number seen: inside, at and outside both ends of any window. */
const STEPS = [0, -1, -31, -32, -63, -64, -65, -127, -128, -129, 1, 1, 3, 66, 130, -5, -(2 ** 20)];

/** Rows that nobody has written since reset. */
export function untouched(b: Bench): void {
  b.host.start();
  for (let row = 0; row < 1024; row += row < 520 ? 37 : 101)
    for (const window of [REG.txSa, REG.rxSa]) noteState(b, window, row);
  for (let bit = 1; bit < 1024; bit *= 2)
    for (const window of [REG.txSa, REG.rxSa]) noteState(b, window, bit);
}

/** Windows written with any bits, asked at all their borders, and read. */
export function anyNumbers(b: Bench, seed: number): void {
  const { host } = b;
  host.start();
  const next = random(seed);
  for (let i = 0; i < 30; i++) {
    const idx = next() & 1023;
    const high = i % 4 === 0 ? next() % 2 ** 20 : i % 3;
    const top = high * TOP + (i % 5 === 0 ? next() % 300 : next());
    const esn = i % 2 === 0;
    const seen = Uint32Array.of(next(), next(), next(), next());
    const more = {
      mode: 'packet' as const,
      esn,
      receivedSeq: esn ? top : top % TOP,
      sentSeq: esn ? top : top % TOP,
      replayPackets: [32, 64, 128, 1 + (next() % 128)][i % 4]!,
      seen,
    };
    const sa = testSa('in', next(), more);
    installOffload(host, REG.rxSa, idx, sa);
    installOffload(host, REG.txSa, idx, sa);
    const numbers = STEPS.map((step) => sa.receivedSeq + step + (next() % 2 ? 0 : next() % 9));
    for (const number of numbers.filter((n) => n > 0 && (esn || n < TOP))) {
      const seqHi = Math.floor(number / TOP);
      const shape = { to: 0, spi: sa.spi, seq: number % TOP, seqHi, payloadBytes: next() % 60 };
      host.supply(INTO + (next() & 63), 1600, next());
      host.inject(espSealed(shape, sa, seqHi));
      b.noteReceived(1);
    }
    noteState(b, REG.rxSa, idx);
    for (let k = 0; k < 3; k++) {
      const payloadBytes = next() % 70;
      const frame = bareOf({ to: 0, spi: sa.spi, seq: 1, payloadBytes, family: 4 });
      const at = OUT + 2048 * k + (next() & 63);
      host.world.arena.set(frame, at);
      const d = { addr: at, lenBytes: frame.length, saIdx: idx, espOffset: 34, cookie: next() };
      send(host, d, R.TXD_IPSEC | R.TXD_PACKET | (esn ? R.TXD_ESN : 0), 17);
    }
    ring(host);
    b.noteSent(3);
    b.noteFrames();
    noteState(b, REG.txSa, idx);
  }
  b.noteStatistics();
}
