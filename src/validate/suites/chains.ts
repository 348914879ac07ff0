// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../dev/nic/nic_regs.ts';
import { Rng } from '../../kern/rng.ts';
import type { TxFields } from '../bare_host.ts';
import { type BarePair, BLANK, barePair, CTRL, codes, SA, SA_ROW } from '../bare_pair.ts';
import type { Case } from '../case.ts';
import type { CaseRun } from '../case_run.ts';
import { espClear, espSealed, hex, plainFrame } from '../frames.ts';

/** Frames of several buffers, from one bare card to another: descriptors as no driver of ours posts them. */

const ESP: TxFields = { flags: R.TXD_IPSEC, saIdx: SA_ROW, espOffset: 34 };
/** Outside of all host memory: DECERR. */
const NOWHERE = 0x7000_0000;

const pair = (c: CaseRun, ctrlOfB?: number): Promise<BarePair> =>
  barePair(c, R.CAPS_SCATTER, ctrlOfB);

/** A length cut into so many, some of them 0. */
function cut(lenBytes: number, count: number, rng: Rng): number[] {
  const ends = Array.from({ length: count - 1 }, () => rng.below(lenBytes + 1));
  const borders = [0, ...ends.sort((x, y) => x - y), lenBytes];
  return borders.slice(1).map((end, i) => end - borders[i]!);
}

/** Frame n, as it lies in the sender's memory, on the wire, and in the receiver's memory. */
function frames(
  n: number,
  isEsp: boolean,
  rng: Rng,
): Record<'clear' | 'wire' | 'opened', Uint8Array> {
  const payloadBytes = 40 + rng.below(n % 8 === 7 ? 8000 : 600);
  if (!isEsp) {
    const frame = plainFrame(1, 14 + payloadBytes, n);
    return { clear: frame, wire: frame, opened: frame };
  }
  const shape = { to: 1, spi: SA.spi, seq: n + 1, payloadBytes };
  const clear = espClear(shape).subarray(0, -16);
  return { clear, wire: espSealed(shape, SA), opened: clear };
}

const whole: readonly Case[] = [false, true].flatMap((isEsp) => {
  const form = isEsp ? 'esp' : 'plain';
  const what = isEsp ? 'ESP' : 'plain';
  return [
    {
      id: `rings/gather-${form}`,
      title: `${what} frames of one to eight buffers, cut anywhere, leave whole`,
      checks: 'descriptor contract: TXD_MORE, TXD_CONT; one completion a frame',
      parameters: { isEsp },
      isRandom: true,
      needsOwnRegisters: true,
      async run(c) {
        const rng = new Rng(c.seed);
        const p = await pair(c);
        for (let n = 0; n < 24; n++) {
          const { clear, wire, opened } = frames(n, isEsp, rng);
          const lengths = cut(clear.length, 1 + rng.below(R.TXD_PARTS_MAX), rng);
          p.a.postFrame(p.pieces(clear, lengths, rng), { ...(isEsp ? ESP : {}), cookie: n });
          const buffers = p.supply([9018], rng);
          p.settle();
          const sent = p.a.sent();
          c.equal(`frame ${n} sent`, codes(sent), [[n, R.CODE_OK]]);
          c.equal(`bytes sent of frame ${n}`, sent[0]!.lenBytes, wire.length);
          const got = p.received(p.b.received(), buffers).subarray(0, opened.length);
          c.equal(`frame ${n}, of ${lengths}`, hex([got]), hex([opened]));
        }
      },
    },
    {
      id: `rings/scatter-${form}`,
      title: `${what} frames are received into as many buffers as they need, and no byte beside them`,
      checks: 'descriptor contract: CTRL_RX_SCATTER, CPL_MORE',
      parameters: { isEsp },
      isRandom: true,
      needsOwnRegisters: true,
      async run(c) {
        const rng = new Rng(c.seed);
        const p = await pair(c, CTRL | R.CTRL_RX_SCATTER);
        for (let n = 0; n < 24; n++) {
          const { clear, wire, opened } = frames(n, isEsp, rng);
          // As many as the frame fills: none is left for the next one.
          const lengths = cut(wire.length, 1 + rng.below(8), rng);
          const last = lengths.findLastIndex((lenBytes) => lenBytes > 0);
          const buffers = p.supply(lengths.slice(0, last + 1), rng);
          p.a.postFrame(p.pieces(clear, [clear.length], rng), isEsp ? ESP : {});
          p.settle();
          p.a.sent();
          const done = p.b.received();
          c.equal(
            `completions of frame ${n}: buffer, length, more`,
            done.map((d) => [d.cookie, d.lenBytes, (d.status & R.CPL_MORE) !== 0]),
            buffers.map(({ lenBytes }, i) => [i, lenBytes, i < last]),
          );
          c.equal('codes', new Set(done.map((d) => d.status & R.CPL_CODE_MASK)), new Set([0]));
          const got = p.received(done, buffers).subarray(0, opened.length);
          c.equal(`frame ${n}, in ${lengths}`, hex([got]), hex([opened]));
          for (const { address, lenBytes } of buffers) {
            const { arena } = p.world;
            const beside = [arena[address - 1], arena[address + lenBytes]];
            c.equal('bytes in front of and behind a buffer', beside, [BLANK, BLANK]);
          }
        }
      },
    },
  ] satisfies Case[];
});

const M = R.TXD_MORE;
const C = R.TXD_CONT;
const BROKEN: readonly [string, string, readonly number[]][] = [
  ['long', 'more buffers than eight', [M, ...new Array(7).fill(M | C), C]],
  ['open', 'a first buffer where the next one was due', [M, M | C]],
  ['headless', 'a buffer that continues nothing', [M | C, C]],
];

const broken: readonly Case[] = BROKEN.map(
  ([name, what, flags]): Case => ({
    id: `rings/gather-${name}`,
    title: `${what}: nothing of it is sent, one BAD_LEN, and the next frame leaves`,
    checks: 'descriptor contract: a bad chain; fail closed',
    parameters: { name },
    needsOwnRegisters: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const p = await pair(c);
      const [piece] = p.pieces(plainFrame(1, 60, 1), [60], rng);
      for (const flag of flags) p.a.post(piece!, flag, { cookie: 1 });
      p.a.postFrame([piece!], { cookie: 2 });
      const buffers = p.supply([9018, 9018], rng);
      p.settle();
      const expected = [
        [1, R.CODE_BAD_LEN],
        [2, R.CODE_OK],
      ];
      c.equal('completions', codes(p.a.sent()), expected);
      const got = p.b.received();
      c.equal('frames received', codes(got), [[0, R.CODE_OK]]);
      c.equal('its bytes', hex([p.received(got, buffers)]), hex([plainFrame(1, 60, 1)]));
    },
  }),
);

export const CHAINS: readonly Case[] = [
  ...whole,
  ...broken,
  {
    id: 'rings/gather-lost',
    title: 'a buffer in the middle that cannot be read: DMA_ERR once, no byte of the frame is sent',
    checks: 'descriptor contract: bus errors; fail closed',
    needsOwnRegisters: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const p = await pair(c);
      const { clear } = frames(0, true, rng);
      for (const lost of [0, 1, 2]) {
        const pieces = p.pieces(clear.subarray(0, 86), [34, 20, 32], rng);
        const bad = pieces.map((x, i) => (i === lost ? { ...x, address: NOWHERE } : x));
        p.a.postFrame(bad, { ...ESP, cookie: lost });
      }
      p.a.postFrame(p.pieces(clear, [clear.length], rng), { ...ESP, cookie: 3 });
      p.supply([9018, 9018], rng);
      p.settle();
      const sent = codes(p.a.sent());
      const lost = [0, 1, 2].map((i) => [i, R.CODE_DMA_ERR]);
      c.equal('completions', sent, [...lost, [3, R.CODE_OK]]);
      c.equal('frames received', codes(p.b.received()), [[0, R.CODE_OK]]);
    },
  },
  {
    id: 'rings/scatter-forged',
    title: 'an ESP frame whose ICV is wrong writes into none of its buffers',
    checks: 'RFC 4303 §3.4.4.1; fail closed',
    needsOwnRegisters: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const p = await pair(c, CTRL | R.CTRL_RX_SCATTER);
      const buffers = p.supply([50, 60, 400], rng);
      const frame = espSealed({ to: 1, spi: SA.spi, seq: 1, payloadBytes: 100 }, SA);
      frame[frame.length - 1]! ^= 1;
      p.b.flush();
      p.world.run(0);
      p.world.inject(1, frame, 0);
      p.settle();
      const [first, ...more] = p.b.received();
      c.equal('code', first!.status & (R.CPL_CODE_MASK | R.CPL_SECP), R.CODE_AUTH_FAIL);
      c.equal(
        'plaintext reported',
        [first!, ...more].map((d) => d.lenBytes > 0),
        [false],
      );
      for (const { address, lenBytes } of buffers) {
        const bytes = p.world.arena.subarray(address, address + lenBytes);
        c.ok(
          bytes.every((b) => b === BLANK),
          'the buffer is as it was',
        );
      }
    },
  },
  {
    id: 'rings/scatter-off',
    title: 'unless software asked for it, a frame longer than its buffer is TOO_BIG, and alone',
    checks: 'register contract: CTRL_RX_SCATTER',
    needsOwnRegisters: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const p = await pair(c);
      const buffers = p.supply([50, 100], rng);
      const frame = plainFrame(1, 60, 2);
      const [piece] = p.pieces(frame, [60], rng);
      for (let i = 0; i < 2; i++) p.a.postFrame([piece!], {});
      p.settle();
      const got = p.b.received();
      c.equal('completions', codes(got), [
        [0, R.CODE_TOO_BIG],
        [1, R.CODE_OK],
      ]);
      c.equal('the frame that fits', hex([p.received(got, buffers)]), hex([frame]));
    },
  },
];
