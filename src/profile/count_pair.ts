// SPDX-License-Identifier: BSD-2-Clause
import type { Host } from '../host.ts';
import { BenchPair, RING } from './bench_pair.ts';
import type { BothWays, Counts, Workload } from './sample.ts';
import type { Strategy } from './strategy.ts';
import { Tally, type Totals } from './tally.ts';

export type PairCounts = Omit<Counts, 'heapBytes' | 'gcMs'>;

export interface Counted {
  readonly counts: BothWays<PairCounts>;
  /** Packets that went out by a request, of those that were sent. */
  readonly offloaded: number;
  readonly sent: number;
}

/** Packets on hosts of their own, whose carriers count: nothing of it is timed, so few will do. */
export function countPair(strategy: Strategy, workload: Workload, seed: number): Counted {
  const tallies: Tally[] = [];
  const newCarrier = (mbufs: Host['mbufs']): Tally => {
    const tally = new Tally(strategy, mbufs);
    tallies.push(tally);
    return tally;
  };
  const pair = new BenchPair(newCarrier, strategy.offload, workload, seed, RING);
  const before = tallies.map((t) => t.totals());
  pair.makeFrames();
  pair.receiveAll();
  const [tx, rx] = [pair.tx, pair.rx].map((host, i) => {
    const handover = i === 0 ? host.ipsec.handOverAllocs + host.nic.handoverAllocs : 0;
    return perPacket(tallies[i]!.totals(), before[i]!, handover);
  }) as [PairCounts, PairCounts];
  const offloaded = pair.tx.counters.get('nic.txOffloaded');
  return { counts: { tx, rx }, offloaded, sent: RING };
}

function perPacket(after: Totals, before: Totals, handover: number): PairCounts {
  const of = (key: keyof Totals): number => round((after[key] - before[key]) / RING);
  return {
    allocs: of('allocs'),
    frees: of('frees'),
    bytes: of('bytes'),
    steps: of('steps'),
    handoverAllocs: round(handover / RING),
    saHolds: of('saHolds'),
    saReleases: of('saReleases'),
    inserts: of('inserts'),
    deletes: of('deletes'),
  };
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
