// SPDX-License-Identifier: BSD-2-Clause
import type { Algorithm } from '../../harness/topology.ts';
import { ALGORITHMS } from '../../harness/topology.ts';
import type { WorldOptions } from '../../harness/world_options.ts';
import { Rng } from '../../kern/rng.ts';
import { FUZZ_SCHEMA, type FuzzCase, type FuzzEvent } from './fuzz_case.ts';

const EVENTS_MIN = 4;
const EVENTS_MAX = 24;
const PACKETS_MAX = 16;
const SOFTWARE = (Object.keys(ALGORITHMS) as Algorithm[]).filter((a) => !/gcm-(128|256)/.test(a));

/** A world and events that follow from the seed alone. */
export function generate(seed: number): FuzzCase {
  const rng = new Rng(seed);
  const one = <T>(...choices: readonly T[]): T => choices[rng.below(choices.length)]!;
  const mtu = one(1280, 1500, 9000);
  const mode = one('tunnel', 'transport');
  const alg = one<Algorithm>('aes-gcm-128', 'aes-gcm-128', 'aes-gcm-256', one(...SOFTWARE));
  const outer = one<4 | 6>(4, 4, 4, 6);
  const isHarsh = rng.chance(0.5);
  const world: WorldOptions = {
    ...{ seed, mode, alg, mtu, outer, inner: mode === 'transport' ? outer : one<4 | 6>(4, 4, 6) },
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
  return { schema: FUZZ_SCHEMA, seed, world, size, events };
}

function event(rng: Rng, isHarsh: boolean): FuzzEvent {
  const side = rng.below(2) as 0 | 1;
  const kind = rng.below(isHarsh ? 16 : 11);
  if (kind < 5) return { do: 'send', from: side, packets: 1 + rng.below(PACKETS_MAX) };
  if (kind < 7) return { do: 'step', cycles: 1 + rng.below(4000) };
  if (kind === 7) return { do: 'rekey', from: side };
  if (kind === 8) return { do: 'again', host: side, nth: rng.below(8) };
  if (kind === 9) return { do: 'tampered', host: side, nth: rng.below(8) };
  if (kind === 10) return { do: 'timers' };
  if (kind === 11) return { do: 'retire', from: side };
  if (kind === 12) {
    const what = rng.chance(0.5) ? 'readError' : 'writeError';
    return { do: what, host: side, bursts: 1 + rng.below(3) };
  }
  if (kind < 15) {
    return { do: kind === 13 ? 'noMbuf' : 'noTag', host: side, times: 1 + rng.below(5) };
  }
  return { do: 'reset', host: side };
}
