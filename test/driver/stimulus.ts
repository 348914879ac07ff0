// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import type { OffloadSa } from '../../src/netipsec/pact.ts';
import {
  ESP_DST6,
  type EspShape,
  espSealed,
  pattern,
  plainFrame,
  testSa,
} from '../../src/validate/frames.ts';
import { install, sendOffload, sendWhole } from '../../src/validate/offload_frames.ts';
import { type MakeWorld, Rig, type RigHost } from '../../src/validate/rig.ts';

const SPI = 0x6000;

/** One thing that happens to the cards. */
export type Action =
  | { readonly kind: 'plain'; readonly from: number; readonly lenBytes: number }
  | { readonly kind: 'offload'; readonly from: number; readonly sa: number; readonly shape: Shape }
  | { readonly kind: 'inject'; readonly to: number; readonly burst: readonly Injected[] }
  | { readonly kind: 'settle' };

interface Injected {
  readonly sa: number;
  readonly shape: Shape;
  readonly damage: Damage;
}

type Shape = Pick<EspShape, 'payloadBytes' | 'optionWords' | 'vlan'>;
type Damage =
  | 'none'
  | 'icv'
  | 'spi'
  | 'fragment'
  | 'length'
  | 'cut'
  | 'station'
  | 'padding'
  | 'replayed'
  | 'badPad'
  | 'short';

const size = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 1500 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8900 }) },
);
const shape = fc.record({
  payloadBytes: size,
  optionWords: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 10 })),
  vlan: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
});
const host = fc.integer({ min: 0, max: 1 });
const sa = fc.integer({ min: 0, max: 10 });
const damage = fc.constantFrom<Damage>(
  'none',
  'none',
  'none',
  'icv',
  'spi',
  'fragment',
  'length',
  'cut',
  'station',
  'padding',
  'replayed',
  'badPad',
  'short',
);

export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('plain' as const),
        from: host,
        lenBytes: size.map((n) => n + 14),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('offload' as const), from: host, sa, shape }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('inject' as const),
        to: host,
        burst: fc.array(fc.record({ sa, shape, damage }), { minLength: 1, maxLength: 12 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  ),
  { minLength: 1, maxLength: 60 },
);

/** Everything about a run that must not depend on what the card is made of. */
export interface Observed {
  readonly hosts: readonly {
    readonly completions: readonly string[];
    readonly received: readonly string[];
    readonly stats: object;
    readonly counters: object;
    readonly handoverAllocs: number;
  }[];
  readonly wire: object;
}

/** What the SAs are; the last is known to the senders alone. */
const KINDS: readonly Partial<OffloadSa>[] = [
  {},
  {},
  { alg: 'aes-gmac' },
  { esn: true },
  { family: 6, dst: ESP_DST6 },
  { udpPort: 4500 },
  { alg: 'aes-gmac', esn: true, family: 6, dst: ESP_DST6 },
  { mode: 'packet', replayPackets: 128 },
  { mode: 'packet', replayPackets: 64, esn: true },
  { mode: 'packet', replayPackets: 0, family: 6, dst: ESP_DST6 },
  {},
];

const partsOf = ({ spi, family, udpPort }: OffloadSa) => ({ spi, family, udpPort });

function damaged(frame: Uint8Array, how: Damage): Uint8Array {
  const f = how === 'padding' ? new Uint8Array(frame.length + 9) : frame.slice();
  if (how === 'padding') f.set(frame);
  if (how === 'icv') f[f.length - 3]! ^= 4;
  if (how === 'spi') f[36]! ^= 0x40;
  if (how === 'fragment') f[20]! |= 0x20;
  if (how === 'length') f[17]! ^= 1;
  if (how === 'station') f[5] = 99;
  if (how === 'cut') return f.subarray(0, f.length - 5);
  return how === 'short' ? f.subarray(0, 12) : f;
}

/** Plays the actions on a rig and notes what comes out; without packet offload all SAs are the host's. */
export function play(
  makeWorld: MakeWorld,
  steps: readonly Action[],
  seed: number,
  packetOffload = true,
): Observed {
  const kinds = packetOffload ? KINDS : KINDS.map(({ mode: _, ...kind }) => kind);
  const sim = { seed, lossPpm: 30_000, flipPpm: 30_000 };
  const rig = new Rig(makeWorld, {
    sim,
    options: { log2Tx: 7, log2Rx: 7, log2Txc: 7, log2Rxc: 7 },
  });
  try {
    const sas = kinds.map((kind, i) =>
      testSa('out', SPI + i, { key: pattern(i % 2 === 0 ? 16 : 32, i + 90), ...kind }),
    );
    const cards = rig.hosts.map((h) => sas.map((s) => install(h, s)));
    // The last SA is known to the senders alone.
    for (const h of rig.hosts)
      for (const s of sas.slice(0, -1)) install(h, { ...s, direction: 'in' });
    steps.forEach((step, i) => {
      if (step.kind === 'settle') rig.settle();
      else if (step.kind === 'plain')
        rig.hosts[step.from]!.send(plainFrame(1 - step.from, step.lenBytes, i));
      else if (step.kind === 'offload') {
        const s = sas[step.sa]!;
        const full = { ...step.shape, to: 1 - step.from, ...partsOf(s), seq: i + 1 };
        const send = s.mode === 'packet' ? sendWhole : sendOffload;
        send(rig.hosts[step.from]!, full, s, cards[step.from]![step.sa]!);
      } else {
        // By themselves: how frames of two sources mix depends on the cycle, which is not compared.
        rig.settle();
        step.burst.forEach(({ sa, shape, damage }, n) => {
          const s = sas[sa]!;
          const again = damage === 'replayed' ? 3 : 0;
          const wrong =
            damage === 'badPad'
              ? { pad: (-(shape.payloadBytes + 2) & 3) + 4 + 4 * (n % 4), wrongPad: 1 + (n >> 1) }
              : {};
          const seq = 1000 + 100 * i + n - again;
          const full = { ...shape, to: step.to, ...partsOf(s), seq, ...wrong };
          const delay = n % 3 === 2 ? 40 : 0;
          rig.world.inject(step.to, damaged(espSealed(full, s), damage), delay);
        });
        rig.settle();
      }
    });
    rig.settle();
    const t = rig.world.totals();
    return {
      hosts: rig.hosts.map(observe),
      wire: { frames: t.wireFrames, lost: t.wireLost, flipped: t.wireFlipped },
    };
  } finally {
    rig.close();
  }
}

function observe(h: RigHost): Observed['hosts'][number] {
  const of = (ring: number): string[] =>
    h.completions
      .filter((c) => c[0] === ring)
      .map(
        ([r, len, status, idx]) =>
          `${r === 0 ? 'tx' : 'rx'} ${len} 0x${status.toString(16)} sa ${idx}`,
      );
  return {
    completions: [...of(0), ...of(1)],
    received: h.received.map(
      (r) => `${Buffer.from(r.bytes).toString('hex')} ${JSON.stringify(r.report)}`,
    ),
    stats: h.nic.stats(),
    counters: h.counters.nonZero(),
    handoverAllocs: h.nic.handoverAllocs,
  };
}
