// SPDX-License-Identifier: BSD-2-Clause
import { Rng } from '../../kern/rng.ts';
import type { Case } from '../case.ts';
import type { CaseRun } from '../case_run.ts';
import { type Kept, keep, keyOf, resealed, saOf } from '../kept_frames.ts';

const U32 = 2 ** 32;
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The rule in words, RFC 4303 §3.4.3: which of an order of numbers are taken. */
function taken(order: readonly number[], window: number): number[] {
  const seen = new Set<number>();
  let top = -1;
  return order.filter((n) => {
    if (seen.has(n) || n <= top - window) return false;
    seen.add(n);
    top = Math.max(top, n);
    return true;
  });
}

async function expectTaken(c: CaseRun, kept: Kept, order: number[], window: number): Promise<void> {
  await kept.deliver(order);
  const wanted = taken(order, window);
  c.equal('packets taken', kept.heard, wanted);
  // Left of the window an extended number is taken for one of the next 2^32: its ICV is wrong.
  const refused = kept.count('esp.replay', 'esp.badIcv', 'nic.rxAuthFail');
  c.equal('packets refused', refused, order.length - wanted.length);
  await c.finish(kept.world);
}

const WINDOWS = [8, 32, 64, 128, 1024] as const;

/** Orders of the packets 0 … window + 7. */
const ORDERS: readonly [string, string, (window: number) => number[]][] = [
  ['in-order', 'in order: each is taken', (w) => upTo(w + 8)],
  ['twice', 'each twice: once is taken', (w) => upTo(w + 8).flatMap((n) => [n, n])],
  ['again', 'all of them a second time: none', (w) => [...upTo(w + 8), ...upTo(w + 8)]],
  ['backwards', 'backwards: as far as the window goes', (w) => upTo(w + 8).reverse()],
  [
    'edge',
    'the newest first, then the left edge: the last in it is taken, the one left of it is not',
    (w) => [w + 7, 8, 7, 9, 8],
  ],
];

const windows: readonly Case[] = WINDOWS.flatMap((window) =>
  ORDERS.map(
    ([name, what, order]): Case => ({
      id: `replay/window-${window}-${name}`,
      title: `a window of ${window}, packets ${what}`,
      checks: 'RFC 4303 §3.4.3',
      parameters: { window, name },
      async run(c) {
        const kept = await keep(c, { window }, window + 8);
        await expectTaken(c, kept, order(window), window);
      },
    }),
  ),
);

const shuffled: readonly Case[] = [8, 64, 128].map(
  (window): Case => ({
    id: `replay/window-${window}-random`,
    title: `a window of ${window}, packets in a random order, some of them several times`,
    checks: 'RFC 4303 §3.4.3',
    parameters: { window },
    isRandom: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const kept = await keep(c, { window }, 2 * window);
      const order = Array.from({ length: 3 * window }, (_, i) => {
        const near = Math.floor((2 * i) / 3) + rng.below(window) - window / 2;
        return Math.min(2 * window - 1, Math.max(0, near));
      });
      await expectTaken(c, kept, order, window);
    },
  }),
);

const HIGH = [0, 1, 7, 2 ** 20 - 1] as const;

const rollovers: readonly Case[] = HIGH.map(
  (high): Case => ({
    id: `replay/esn-rollover-${high}`,
    title: `ESN: numbers cross ${high + 1} times 2^32, sealed and opened with their high half`,
    checks: 'RFC 4303 §2.2.1, App. A; RFC 4106 §3.1; H25',
    parameters: { high },
    async run(c) {
      const last = (high + 1) * U32 - 11;
      const kept = await keep(c, { window: 64, esn: true, sentSeq: last, receivedSeq: last }, 20);
      const low = kept.frames.map((f) => Buffer.from(f).readUInt32BE(38));
      c.equal(
        'low halves on the wire',
        low,
        upTo(20).map((i) => (last + 1 + i) % U32),
      );
      const ivs = kept.frames.map((f) => Buffer.from(f).readBigUInt64BE(42).toString());
      c.equal(
        'IVs, the whole number each',
        ivs,
        upTo(20).map((i) => `${last + 1 + i}`),
      );
      await expectTaken(c, kept, upTo(20), 64);
    },
  }),
);

/** Of 16 numbers the first 8 are before a roll-over, and the window is of 8. */
const ROLLOVER_ORDERS: typeof ORDERS = [
  ...ORDERS.slice(1),
  [
    'straddle',
    'with a window over both halves: its left edge is taken, what is left of it is not',
    () => [14, 7, 6, 8, 7, 15, 7],
  ],
];

const rolloverOrders: readonly Case[] = [false, true].flatMap((inSoftware) =>
  ROLLOVER_ORDERS.map(
    ([name, what, order]): Case => ({
      id: `replay/esn-rollover-${name}${inSoftware ? '-software' : ''}`,
      title: `ESN${inSoftware ? ', guessed by software' : ''}: packets round a roll-over ${what}`,
      checks: 'RFC 4303 App. A2.2',
      parameters: inSoftware ? { name, inSoftware } : { name },
      async run(c) {
        const last = 3 * U32 - 9;
        const window = 8;
        const kept = await keep(c, { window, esn: true, sentSeq: last, receivedSeq: last }, 16);
        if (inSoftware) kept.withoutCard();
        await expectTaken(c, kept, order(window), window);
      },
    }),
  ),
);

const zeros: readonly Case[] = [false, true].map(
  (inSoftware): Case => ({
    id: `replay/number-zero-${inSoftware ? 'software' : 'card'}`,
    title: `number 0 with a good ICV, opened by ${inSoftware ? 'software' : 'the card'}: refused`,
    checks: 'RFC 4303 §3.3.3, §3.4.3: the first packet has number 1',
    parameters: { inSoftware },
    async run(c) {
      const kept = await keep(c, { window: 32 }, 3);
      if (inSoftware) kept.withoutCard();
      kept.frames.push(resealed(kept.frames[0]!, keyOf(c), 0));
      kept.frames.push(resealed(kept.frames[1]!, keyOf(c), 9));
      await kept.deliver([3, 0, 1, 2, 3, 4]);
      c.equal('packets taken, the last by its other number', kept.heard, [0, 1, 2, 1]);
      c.equal('esp.replay', kept.count('esp.replay'), 2);
      c.equal('refused by its ICV', kept.count('nic.rxAuthFail', 'esp.badIcv'), 0);
      await c.finish(kept.world);
    },
  }),
);

const forged: readonly Case[] = [false, true].map(
  (inSoftware): Case => ({
    id: `replay/forged-moves-nothing${inSoftware ? '-software' : ''}`,
    title: `a forged packet with a high number${inSoftware ? ', opened by software,' : ''} does not move the window`,
    checks: 'RFC 4303 §3.4.3: the window moves when the ICV is good',
    parameters: inSoftware ? { inSoftware } : {},
    async run(c) {
      const kept = await keep(c, { window: 32 }, 10);
      if (inSoftware) kept.withoutCard();
      const bad = kept.frames[0]!.slice();
      new DataView(bad.buffer).setUint32(38, 100_000);
      kept.world.sim.inject(1, bad, 1);
      await kept.world.settle();
      c.equal('refused by its ICV', kept.count('nic.rxAuthFail', 'esp.badIcv'), 1);
      await kept.deliver(upTo(10));
      c.equal('packets taken', kept.heard, upTo(10));
      await c.finish(kept.world);
    },
  }),
);

const rest: readonly Case[] = [
  {
    id: 'replay/update-keeps-window',
    title: 'an SA is updated, with the key it had: what has come is not taken again',
    checks: 'RFC 4303 §3.4.3; H14',
    async run(c) {
      const numbers = { window: 32 };
      const kept = await keep(c, numbers, 12);
      await kept.deliver(upTo(10));
      kept.world.hosts[1]!.ipsec.sadb.update(saOf(c, numbers));
      await kept.deliver(upTo(12));
      c.equal('packets taken', kept.heard, upTo(12));
      c.equal('esp.replay', kept.count('esp.replay'), 10);
      await c.finish(kept.world);
    },
  },
  {
    id: 'replay/number-zero',
    title: 'number 0 is never taken without ESN',
    checks: 'RFC 4303 §3.3.3',
    async run(c) {
      const kept = await keep(c, { window: 32 }, 3);
      const first = kept.frames.map((f) => Buffer.from(f).readUInt32BE(38));
      c.equal('numbers on the wire', first, [1, 2, 3]);
      await expectTaken(c, kept, upTo(3), 32);
    },
  },
  {
    id: 'replay/exhausted',
    title: 'without ESN an SA ends at its last number; nothing more leaves, and not in clear',
    checks: 'RFC 4303 §3.3.3',
    async run(c) {
      const kept = await keep(c, { window: 32, sentSeq: U32 - 4, receivedSeq: U32 - 4 }, 8);
      c.equal('frames on the wire', kept.frames.length, 3);
      const { counters } = kept.world.hosts[0]!;
      c.equal('esp.seqExhausted', counters.get('esp.seqExhausted'), 5);
      await kept.deliver(upTo(3));
      c.equal('packets taken', kept.heard, upTo(3));
      await c.finish(kept.world);
    },
  },
  {
    id: 'replay/esn-wrong-half',
    title: 'ESN: a receiver whose high half is another one authenticates nothing',
    checks: 'RFC 4303 §2.2.1: the high half is in the ICV',
    async run(c) {
      const kept = await keep(c, { window: 32, esn: true, sentSeq: 5 * U32 }, 6);
      await kept.deliver(upTo(6));
      c.equal('packets taken', kept.heard, []);
      c.equal('refused', kept.count('nic.rxAuthFail', 'esp.badIcv'), 6);
      kept.world.close();
    },
  },
  {
    id: 'replay/state-handed-over',
    title: 'what another receiver had seen is not taken again',
    checks: 'RFC 4303 §3.4.3',
    async run(c) {
      const kept = await keep(c, { window: 32, sentSeq: 100, receivedSeq: 103 }, 6);
      await kept.deliver(upTo(6));
      c.equal('packets taken', kept.heard, [3, 4, 5]);
      await c.finish(kept.world);
    },
  },
  {
    id: 'replay/one-window',
    title: 'packets of the card and packets of software pass one window',
    checks: 'RFC 4303 §3.4.3; H24',
    async run(c) {
      const kept = await keep(c, { window: 64 }, 10);
      await kept.deliver(upTo(10));
      kept.withoutCard();
      await kept.deliver(upTo(10));
      c.equal('packets taken', kept.heard, upTo(10));
      c.equal('esp.replay', kept.count('esp.replay'), 10);
      await c.finish(kept.world);
    },
  },
];

export const REPLAY: readonly Case[] = [
  ...windows,
  ...shuffled,
  ...rollovers,
  ...rolloverOrders,
  ...zeros,
  ...forged,
  ...rest,
];
