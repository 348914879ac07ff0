// SPDX-License-Identifier: BSD-2-Clause
import { bareLoop, EspBench, SoftwareBench } from './software.ts';

export interface SoftwareRatios {
  /** Rate of ESP in software at 1400 B, there and back, over that of its node:crypto calls alone. */
  readonly espOfBare: number;
  /** The same of all of the stack: UDP, IP, policy, ESP and neighbours of two hosts. */
  readonly stackOfBare: number;
  /** Cost of a packet with 10 000 SAs and policies, all in use, over that with 10. */
  readonly manySas: number;
  /** Cost of an IPv6 packet over that of an IPv4 packet. */
  readonly ip6: number;
}

const PAYLOAD_BYTES = 1400;
const SLICE_PACKETS = 1000;
/** Until the compiler has done its work. */
const WARM_UP_ROUNDS = 8;
const MANY = 10_000;

/** Two sides take turns, so that whatever else the machine does meets both. */
export function softwareRatios(rounds: number): SoftwareRatios {
  const bare = (): number => bareLoop(SLICE_PACKETS, PAYLOAD_BYTES);
  const esp = new EspBench(PAYLOAD_BYTES);
  const espOfBare = ratio(rounds, bare, () => esp.run(SLICE_PACKETS));
  const bench = (family: 4 | 6, sas: number) =>
    new SoftwareBench({ family, sas, payloadBytes: PAYLOAD_BYTES });
  const v4 = bench(4, 1);
  const stackOfBare = ratio(rounds, bare, () => v4.run(SLICE_PACKETS));
  const v6 = bench(6, 1);
  const ip6 = ratio(
    rounds,
    () => v6.run(SLICE_PACKETS),
    () => v4.run(SLICE_PACKETS),
  );
  const few = bench(4, 10);
  const many = bench(4, MANY);
  few.run(MANY);
  // In a slice each SA has its turn.
  const manySas = ratio(
    rounds >> 2,
    () => many.run(MANY),
    () => few.run(MANY),
  );
  return { espOfBare, stackOfBare, manySas, ip6 };
}

/** Of the least that a takes over the least that b takes: what others do can only add to either. */
function ratio(rounds: number, a: () => number, b: () => number): number {
  let leastA = Number.POSITIVE_INFINITY;
  let leastB = Number.POSITIVE_INFINITY;
  for (let i = -Math.min(WARM_UP_ROUNDS, rounds); i < rounds; i++) {
    const [msA, msB] = [a(), b()];
    if (i < 0) continue;
    leastA = Math.min(leastA, msA);
    leastB = Math.min(leastB, msB);
  }
  return Number((leastA / leastB).toFixed(3));
}
