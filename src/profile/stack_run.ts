// SPDX-License-Identifier: BSD-2-Clause
import { BATCH_PACKETS, BenchPair } from './bench_pair.ts';
import { countPair } from './count_pair.ts';
import { DriverPhases } from './driver_phases.ts';
import { HeapWatch } from './heap.ts';
import {
  type BothWays,
  type Job,
  type RunSample,
  SAMPLE_SCHEMA,
  type StageName,
} from './sample.ts';
import { StageLoops } from './stage_loops.ts';
import type { Strategy } from './strategy.ts';
import { TagWork } from './tag_work.ts';
import { timeNs, timerCostNs } from './timer.ts';

type Stages = Partial<Record<StageName, number[]>>;

/** Whole batches before the first that counts, and those that count. */
const CARD = { warmUp: 5, batches: 8 };
/** Software's crypto takes ten times as long, and varies less. */
const SOFTWARE = { warmUp: 2, batches: 4 };
/** Loops over one stage are small, and warm sooner. */
const LOOP_WARM_UP = 1;

/** The stack alone: a host that sends and one that receives, on cards that only complete. */
export function runStack(job: Job, strategy: Strategy): RunSample {
  const timerNs = timerCostNs();
  const { workload } = job;
  const { offload, newCarrier } = strategy;
  const pair = new BenchPair(newCarrier, offload, workload, job.seed);
  const { warmUp, batches: all } = offload && !workload.loopback ? CARD : SOFTWARE;
  const batches = job.quick ? all / 2 : all;
  if (workload.loopback) return loopbackRun(job, strategy, pair, { warmUp, batches }, timerNs);
  // First of all the whole way, while nothing else has been compiled for these functions.
  const whole = wholeWay(pair, { warmUp, batches }, timerNs);
  const tx = txStages(pair, offload, batches, timerNs);
  const rx = rxStages(pair, offload, batches, timerNs);
  tx.host = whole.tx;
  rx.host = whole.rx;
  tx.ip = rest(tx);
  rx.ip = rest(rx);
  const { counts, offloaded, sent } = countPair(strategy, workload, job.seed);
  return {
    ...sampleOf(job, strategy, warmUp, timerNs),
    counts: {
      tx: { ...counts.tx, ...whole.heap.tx },
      rx: { ...counts.rx, ...whole.heap.rx },
    },
    stagesNs: { tx, rx },
    split: { rtl: 0, ffi: 0, stack: mean(tx.host) + mean(rx.host), other: 0 },
    offloaded,
    sent,
  };
}

/** Out and in again by lo0: one host, no card, and the crypto is software's. All of it is `tx`. */
function loopbackRun(
  job: Job,
  strategy: Strategy,
  pair: BenchPair,
  { warmUp, batches }: HowMuch,
  timerNs: number,
): RunSample {
  for (let i = 0; i < warmUp; i++) pair.sendAll();
  const host: number[] = [];
  const expected = pair.received + batches * BATCH_PACKETS;
  const heap = new HeapWatch();
  for (let i = 0; i < batches; i++) {
    heap.begin();
    host.push(timed(timerNs, () => pair.sendAll()));
    heap.end(BATCH_PACKETS);
  }
  expectReceived(pair, expected);
  const { counts, offloaded, sent } = countPair(strategy, job.workload, job.seed);
  const nothing = { heapBytes: 0, gcMs: 0 };
  return {
    ...sampleOf(job, strategy, warmUp, timerNs),
    counts: { tx: { ...counts.tx, ...heap.result() }, rx: { ...counts.rx, ...nothing } },
    stagesNs: { tx: { host }, rx: {} },
    split: { rtl: 0, ffi: 0, stack: mean(host), other: 0 },
    offloaded,
    sent,
  };
}

function expectReceived(pair: BenchPair, expected: number): void {
  if (pair.received === expected) return;
  throw new Error(`${pair.received} packets were received, expected ${expected}`);
}

/** What every sample of the stack alone has in common. */
function sampleOf(job: Job, strategy: Strategy, warmUp: number, timerNs: number) {
  return {
    schema: SAMPLE_SCHEMA,
    strategy: strategy.name,
    mode: 'stack',
    round: job.round,
    workload: job.workload,
    packetsPerBatch: BATCH_PACKETS,
    timerNs,
    warmUpBatches: warmUp,
    ffi: { calls: 0, ns: 0 },
    rtl: null,
    tracks: [],
    hazards: strategy.hazards,
  } as const;
}

interface HowMuch {
  readonly warmUp: number;
  readonly batches: number;
}

interface Whole extends BothWays<number[]> {
  heap: BothWays<{ heapBytes: number; gcMs: number }>;
}

/** Host time of a packet: the whole way, less what the null card's own part takes. */
function wholeWay(pair: BenchPair, much: HowMuch, timerNs: number): Whole {
  const { warmUp, batches } = much;
  const tx: number[] = [];
  const rx: number[] = [];
  const timed = (f: () => void): number => timeNs(timerNs, f) / BATCH_PACKETS;
  const send = (): void => pair.sendAll();
  const receive = (): void => pair.receiveAll();
  pair.sendAll();
  pair.cardOut(timerNs);
  for (let i = 1; i < warmUp; i++) {
    pair.makeFrames();
    pair.receiveAll();
    pair.cardIn(timerNs);
  }
  const expected = pair.received + batches * BATCH_PACKETS;
  const heapTx = new HeapWatch();
  for (let i = 0; i < batches; i++) {
    heapTx.begin();
    const ns = timed(send);
    heapTx.end(BATCH_PACKETS);
    tx.push(ns - pair.cardOut(timerNs));
  }
  const heapOut = heapTx.result();
  const heapRx = new HeapWatch();
  for (let i = 0; i < batches; i++) {
    pair.makeFrames();
    heapRx.begin();
    const ns = timed(receive);
    heapRx.end(BATCH_PACKETS);
    rx.push(ns);
  }
  const heapIn = heapRx.result();
  expectReceived(pair, expected);
  for (let i = 0; i < batches; i++) rx[i]! -= pair.cardIn(timerNs);
  return { tx, rx, heap: { tx: heapOut, rx: heapIn } };
}

function txStages(pair: BenchPair, offload: boolean, batches: number, timerNs: number): Stages {
  const { tx: host, txCard, workload } = pair;
  const loops = new StageLoops(pair, host, offload);
  const work = new TagWork(host, pair.sas(host), offload, workload.clones);
  const phases = new DriverPhases(host, txCard, pair.sas(host)[0]!, offload, timerNs);
  const stages = { policy: [], esp: [], tag: [], driver: [], descriptor: [] } as Stages;
  Object.assign(stages, { completion: [], reclaim: [] });
  for (let i = -LOOP_WARM_UP; i < batches; i++) {
    const empty = timed(timerNs, () => loops.empty());
    const row = {
      policy: timed(timerNs, () => loops.policyOut()) - empty,
      esp: timed(timerNs, () => loops.espOut()) - empty,
      tag: timed(timerNs, () => work.out()) - timed(timerNs, () => work.nothing()),
      ...phases.out(),
    };
    if (i >= 0) push(stages, row);
  }
  loops.free();
  return stages;
}

function rxStages(pair: BenchPair, offload: boolean, batches: number, timerNs: number): Stages {
  const { rx: host, rxCard } = pair;
  const loops = new StageLoops(pair, host, offload);
  const work = new TagWork(host, pair.sas(host), offload, 0);
  const phases = new DriverPhases(host, rxCard, pair.sas(host)[0]!, offload, timerNs);
  const stages = {
    completion: [],
    driver: [],
    tag: [],
    esp: [],
    policy: [],
    reclaim: [],
  } as Stages;
  loops.hangReports();
  for (let i = -LOOP_WARM_UP; i < batches; i++) {
    const row = {
      policy: timed(timerNs, () => loops.policyIn()) - timed(timerNs, () => loops.acceptedIn()),
      esp: timed(timerNs, () => loops.espIn()) - timed(timerNs, () => loops.espOut()),
      tag: timed(timerNs, () => work.in()) - timed(timerNs, () => work.nothing()),
      ...phases.in(pair),
    };
    if (i >= 0) push(stages, row);
  }
  loops.free();
  return stages;
}

function timed(timerNs: number, f: () => void): number {
  return timeNs(timerNs, f) / BATCH_PACKETS;
}

function push(stages: Stages, row: Partial<Record<StageName, number>>): void {
  for (const [name, ns] of Object.entries(row)) stages[name as StageName]!.push(ns);
}

/** What the other stages leave of the whole: UDP, IP, routes, ARP, Ethernet, taking mbufs. */
function rest(stages: Stages): number[] {
  const { host, ...others } = stages;
  return host!.map((ns, i) => Object.values(others).reduce((left, stage) => left - stage[i]!, ns));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
