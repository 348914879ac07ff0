// SPDX-License-Identifier: BSD-2-Clause
import type { Algorithm } from '../../harness/topology.ts';
import { ALGORITHMS } from '../../harness/topology.ts';
import type { WorldOptions } from '../../harness/world_options.ts';
import { Rng } from '../../kern/rng.ts';
import { FUZZ_SCHEMA, type FuzzCase, type FuzzEvent } from './fuzz_case.ts';

const EVENTS_MIN = 4;
const EVENTS_MAX = 24;
const PACKETS_MAX = 16;
const U32 = 2 ** 32;
const SOFTWARE = (Object.keys(ALGORITHMS) as Algorithm[]).filter((a) => !/gcm-(128|256)/.test(a));

/** A world and events that follow from the seed alone. */
export function generate(seed: number): FuzzCase {
  const rng = new Rng(seed);
  const one = <T>(...choices: readonly T[]): T => choices[rng.below(choices.length)]!;
  const mtu = one(1280, 1500, 9000);
  const mode = one('tunnel', 'transport');
  const alg = one<Algorithm>('aes-gcm-128', 'aes-gcm-128', 'aes-gcm-256', one(...SOFTWARE));
  const outer = one<4 | 6>(4, 4, 4, 6);
  const inner = mode === 'transport' ? outer : one<4 | 6>(4, 4, 6);
  const isHarsh = rng.chance(0.5);
  const world: WorldOptions = {
    ...{ seed, mode, alg, mtu, outer, inner },
    ...(mode === 'tunnel' && rng.chance(0.2) ? { gateways: true } : {}),
    wire: {
      latencyCycles: 1 + rng.below(2000),
      ...(isHarsh
        ? {
            lossPercent: one(0, 0, 5),
            flipPpm: one(0, 0, 30_000),
            reorderPpm: one(0, 0, 50_000),
            reorderCycles: 1 + rng.below(500),
          }
        : {}),
    },
    memory: {
      latencyCycles: 1 + rng.below(400),
      ...(isHarsh ? { stallPermille: one(0, 100, 300) } : {}),
    },
    card: { itrCount: 1 + rng.below(64), itrIntervalCycles: 1 + rng.below(3000) },
  };
  const size = one<number | 'imix'>('imix', 1 + rng.below(mtu - 100), 1 + rng.below(64), 2 * mtu);
  const n = EVENTS_MIN + rng.below(EVENTS_MAX - EVENTS_MIN);
  const events = Array.from({ length: n }, () => event(rng, isHarsh));
  const between = { seed: rng.below(U32), everyPoints: one(5, 20, 60) };
  const isBusy = !isHarsh && rng.chance(0.3);
  return { schema: FUZZ_SCHEMA, seed, world, size, events, ...(isBusy ? { between } : {}) };
}

/** Kinds of events, each as often as it is named; harsh ones lose packets. */
const MILD: readonly FuzzEvent['do'][] = [
  ...(['send', 'send', 'send', 'say', 'say', 'step', 'step', 'rekey', 'rekey'] as const),
  ...(['again', 'tampered', 'timers', 'policy', 'ping'] as const),
];
const HARSH: readonly FuzzEvent['do'][] = [
  ...(['retire', 'readError', 'writeError', 'noMbuf', 'noTag', 'reset'] as const),
  ...(['detour', 'bridge'] as const),
];

function event(rng: Rng, isHarsh: boolean): FuzzEvent {
  const host = rng.below(2) as 0 | 1;
  const kinds = isHarsh ? [...MILD, ...HARSH] : MILD;
  const kind = kinds[rng.below(kinds.length)]!;
  switch (kind) {
    case 'send':
    case 'say':
      return { do: kind, from: host, packets: 1 + rng.below(PACKETS_MAX) };
    case 'step':
      return { do: kind, cycles: 1 + rng.below(4000) };
    case 'rekey':
      return { do: kind, from: host, ...(rng.chance(0.5) ? { esnLeft: rng.below(8) } : {}) };
    case 'retire':
      return { do: kind, from: host };
    case 'policy':
      return { do: kind, from: host, action: rng.chance(0.4) ? 'discard' : 'protect' };
    case 'again':
    case 'tampered':
      return { do: kind, host, nth: rng.below(8) };
    case 'readError':
    case 'writeError':
      return { do: kind, host, bursts: 1 + rng.below(3) };
    case 'noMbuf':
    case 'noTag':
      return { do: kind, host, times: 1 + rng.below(5) };
    case 'timers':
      return { do: kind };
    default:
      return { do: kind, host };
  }
}
