// SPDX-License-Identifier: BSD-2-Clause
import { BATCH_PACKETS, BenchPair } from './bench_pair.ts';
import { Columns } from './columns.ts';
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
import { median } from './stats.ts';
import type { Strategy } from './strategy.ts';
import { TagWork } from './tag_work.ts';
import { timeNs, timerCostNs } from './timer.ts';

type Stages = Partial<Record<StageName, number[]>>;

/** Whole batches before the first that counts, and those that count. */
const CARD = { warmUp: 4, loopWarmUp: 2, batches: 6, cardBatches: 3 };
/** Software's crypto takes ten times as long, and varies less. */
const SOFTWARE = { warmUp: 1, loopWarmUp: 1, batches: 2, cardBatches: 1 };
/** The tag's loops take a tenth of that: more of them, so that the compiler is done with them, too. */
const TAG = { warmUp: 10, batches: 30 };

/** The stack alone: a host that sends and one that receives, on cards that only complete. */
export function runStack(job: Job, strategy: Strategy): RunSample {
  const timerNs = timerCostNs();
  const { workload } = job;
  const { offload, newCarrier } = strategy;
  const pair = new BenchPair(newCarrier, offload, workload, job.seed);
  const full = offload && !workload.loopback ? CARD : SOFTWARE;
  const much = job.quick ? { ...full, batches: Math.ceil(full.batches / 2) } : full;
  if (workload.loopback) return loopbackRun(job, strategy, pair, much, timerNs);
  // First of all the whole way, while nothing else has been compiled for these functions.
  const whole = wholeWay(pair, much, timerNs);
  const tx = withRest(txStages(pair, offload, much, timerNs), whole.tx);
  const rx = withRest(rxStages(pair, offload, much, timerNs), whole.rx);
  const { counts, offloaded, sent } = countPair(strategy, workload, job.seed);
  return {
    ...sampleOf(job, strategy, much.warmUp, timerNs),
    counts: {
      tx: { ...counts.tx, ...whole.heap.tx },
      rx: { ...counts.rx, ...whole.heap.rx },
    },
    stagesNs: { tx, rx },
    split: { rtl: 0, ffi: 0, stack: mean(whole.tx) + mean(whole.rx), other: 0 },
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
  /** Of loops over one stage. */
  readonly loopWarmUp: number;
  readonly batches: number;
  /** Of the null card's own part, which is subtracted. */
  readonly cardBatches: number;
}

interface Whole extends BothWays<number[]> {
  heap: BothWays<{ heapBytes: number; gcMs: number }>;
}

/** Host time of a packet: the whole way, less what the null card's own part takes. */
function wholeWay(pair: BenchPair, much: HowMuch, timerNs: number): Whole {
  const { warmUp, batches, cardBatches } = much;
  const columns = new Columns(timerNs, BATCH_PACKETS);
  pair.sendAll();
  pair.cardOut(timerNs);
  for (let i = 1; i < warmUp; i++) {
    pair.makeFrames();
    pair.receiveAll();
    pair.cardIn(timerNs);
  }
  const expected = pair.received + batches * BATCH_PACKETS;
  const heap = { tx: new HeapWatch(), rx: new HeapWatch() };
  for (let i = 0; i < batches; i++) {
    heap.tx.begin();
    columns.time('send', () => pair.sendAll());
    heap.tx.end(BATCH_PACKETS);
  }
  for (let i = 0; i < cardBatches; i++) columns.add('cardOut', pair.cardOut(timerNs));
  for (let i = 0; i < batches; i++) {
    pair.makeFrames();
    heap.rx.begin();
    columns.time('receive', () => pair.receiveAll());
    heap.rx.end(BATCH_PACKETS);
  }
  expectReceived(pair, expected);
  for (let i = 0; i < cardBatches; i++) columns.add('cardIn', pair.cardIn(timerNs));
  return {
    tx: columns.less('send', 'cardOut'),
    rx: columns.less('receive', 'cardIn'),
    heap: { tx: heap.tx.result(), rx: heap.rx.result() },
  };
}

function txStages(pair: BenchPair, offload: boolean, much: HowMuch, timerNs: number): Stages {
  const { loopWarmUp, batches } = much;
  const { tx: host, txCard, workload } = pair;
  const loops = new StageLoops(pair, host, offload);
  const phases = new DriverPhases(host, txCard, pair.sas(host)[0]!, offload, timerNs);
  const columns = new Columns(timerNs, BATCH_PACKETS);
  for (let i = -loopWarmUp; i < batches; i++) {
    if (i === 0) columns.clear();
    columns.time('empty', () => loops.empty());
    columns.time('policy', () => loops.policyOut());
    columns.time('esp', () => loops.espOut());
    phases.out(columns);
  }
  loops.free();
  return {
    policy: columns.less('policy', 'empty'),
    esp: columns.less('esp', 'empty'),
    tag: tagNs(new TagWork(host, pair.sas(host), offload, workload.clones), 'out', timerNs),
    // What a request costs a driver beyond a plain frame, the carrier's part aside.
    driver: offload ? columns.less('asked', 'plain', 'carrier') : zeros(batches),
    descriptor: columns.less('plain'),
    completion: columns.less('poll', 'reclaim'),
    reclaim: columns.less('reclaim'),
  };
}

function rxStages(pair: BenchPair, offload: boolean, much: HowMuch, timerNs: number): Stages {
  const { loopWarmUp, batches } = much;
  const { rx: host, rxCard } = pair;
  const loops = new StageLoops(pair, host, offload);
  const phases = new DriverPhases(host, rxCard, pair.sas(host)[0]!, offload, timerNs);
  const columns = new Columns(timerNs, BATCH_PACKETS);
  loops.hangReports();
  pair.makeFrames();
  for (let i = -loopWarmUp; i < batches; i++) {
    if (i === 0) columns.clear();
    columns.time('policy', () => loops.policyIn());
    columns.time('accepted', () => loops.acceptedIn());
    columns.time('esp', () => loops.espIn());
    columns.time('espOut', () => loops.espOut());
    phases.in(pair.store, columns);
  }
  loops.free();
  return {
    completion: columns.less('plain'),
    // What a card that decrypted costs its driver, the carrier's part aside.
    driver: offload ? columns.less('decrypted', 'plain', 'carrier') : zeros(batches),
    tag: tagNs(new TagWork(host, pair.sas(host), offload, 0), 'in', timerNs),
    esp: columns.less('esp', 'espOut'),
    policy: columns.less('policy', 'accepted'),
    reclaim: columns.less('reclaim'),
  };
}

function tagNs(work: TagWork, way: 'out' | 'in', timerNs: number): number[] {
  const columns = new Columns(timerNs, BATCH_PACKETS);
  for (let i = -TAG.warmUp; i < TAG.batches; i++) {
    if (i === 0) columns.clear();
    columns.time('tag', () => work[way]());
    columns.time('nothing', () => work.nothing());
  }
  return columns.less('tag', 'nothing');
}

function timed(timerNs: number, f: () => void): number {
  return timeNs(timerNs, f) / BATCH_PACKETS;
}

/** `ip` is what the other stages leave of the whole: UDP, IP, routes, ARP, Ethernet, taking mbufs. */
function withRest(stages: Stages, host: number[]): Stages {
  const known = Object.values(stages).reduce((sum, ns) => sum + median(ns), 0);
  return { ...stages, host, ip: host.map((ns) => ns - known) };
}

function zeros(n: number): number[] {
  return new Array<number>(n).fill(0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
