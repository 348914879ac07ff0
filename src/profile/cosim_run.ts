// SPDX-License-Identifier: BSD-2-Clause
import { NativeWorld } from '../ffi/sim_world.ts';
import { createWorld } from '../harness/create_world.ts';
import type { World } from '../harness/world.ts';
import { countPair } from './count_pair.ts';
import { HeapWatch } from './heap.ts';
import { cyclesPerStage, RtlProbe } from './rtl_probe.ts';
import { type Job, type PacketTrack, type RunSample, SAMPLE_SCHEMA } from './sample.ts';
import type { Strategy } from './strategy.ts';
import { timerCostNs } from './timer.ts';

/** Packets of a flow, and flows before the first that counts, and those that count. */
const PACKETS = 2000;
const QUICK_PACKETS = 500;
const WARM_UP = 2;
const FLOWS = 5;
/** Packets whose way is kept whole. */
const TRACKS = 64;

/**
 * The full co-simulation: two hosts, two cards, a wire, and a flow from the first to the second.
 * Nothing watches: no oracle, no digest, no tap. Times are wall time, as the world takes them.
 */
export async function runCosim(job: Job, strategy: Strategy): Promise<RunSample> {
  const { workload, seed, nic } = job;
  const { offload, newCarrier: carrier } = strategy;
  const packets = job.quick ? QUICK_PACKETS : PACKETS;
  const watch = { oracles: false, digest: false };
  const world = await createWorld({ seed, nic, offload, carrier, ...watch });
  try {
    const flow = { packets, size: workload.sizeBytes };
    for (let i = 0; i < WARM_UP; i++) await world.flow(0, flow);
    const probe =
      world.sim instanceof NativeWorld ? new RtlProbe(world.sim, 0, FLOWS * packets) : null;
    const heap = new HeapWatch();
    const slices: Slice[] = [];
    for (let i = 0; i < FLOWS; i++) {
      heap.begin();
      slices.push(await slice(world, flow));
      heap.end(packets);
    }
    const { heapBytes, gcMs } = await heap.result();
    const { counts, offloaded, sent } = countPair(strategy, workload, seed);
    const sum = slices.reduce(add);
    const n = FLOWS * packets;
    const nothing = { heapBytes: 0, gcMs: 0 };
    return {
      schema: SAMPLE_SCHEMA,
      strategy: strategy.name,
      mode: 'cosim',
      round: job.round,
      workload,
      // Both hosts are one process: what they leave to the collector is told once.
      counts: { tx: { ...counts.tx, heapBytes, gcMs }, rx: { ...counts.rx, ...nothing } },
      stagesNs: { tx: { host: slices.map((s) => s.stackNs / packets) }, rx: {} },
      packetsPerBatch: packets,
      timerNs: timerCostNs(),
      warmUpBatches: WARM_UP,
      ffi: { calls: sum.calls / n, ns: sum.ffiNs / n },
      rtl: probe === null ? null : rtlSample(probe.tracks(), sum, n),
      tracks: probe === null ? [] : probe.tracks().slice(0, TRACKS),
      split: {
        rtl: sum.rtlNs / n,
        ffi: sum.ffiNs / n,
        stack: sum.stackNs / n,
        other: sum.otherNs / n,
      },
      offloaded,
      sent,
      hazards: strategy.hazards,
    };
  } finally {
    world.close();
  }
}

/** What one flow took, both hosts and both cards together. */
interface Slice {
  readonly rtlNs: number;
  readonly ffiNs: number;
  readonly stackNs: number;
  readonly otherNs: number;
  readonly calls: number;
  readonly cycles: number;
  readonly readBeats: number;
  readonly writeBeats: number;
}

async function slice(world: World, flow: { packets: number; size: number }): Promise<Slice> {
  const before = { ...world.spentMs, ...world.totals(), at: performance.now() };
  await world.flow(0, flow);
  const wallMs = performance.now() - before.at;
  const after = world.totals();
  const rtlNs = after.runNs - before.runNs;
  const stepNs = (world.spentMs.step - before.step) * 1e6;
  const stackNs = (world.spentMs.stack - before.stack) * 1e6;
  const oraclesNs = (world.spentMs.oracles - before.oracles) * 1e6;
  return {
    rtlNs,
    ffiNs: Math.max(0, stepNs - rtlNs),
    stackNs,
    otherNs: Math.max(0, wallMs * 1e6 - stepNs - stackNs) + oraclesNs,
    calls: after.calls - before.calls,
    // A flow ends when all has been still for a while: that is no part of it.
    cycles: after.cycles - world.sim.idleCycles - before.cycles,
    readBeats: after.dmaReadBeats - before.dmaReadBeats,
    writeBeats: after.dmaWriteBeats - before.dmaWriteBeats,
  };
}

function add(a: Slice, b: Slice): Slice {
  const keys = Object.keys(a) as (keyof Slice)[];
  return Object.fromEntries(keys.map((k) => [k, a[k] + b[k]])) as unknown as Slice;
}

function rtlSample(tracks: readonly PacketTrack[], sum: Slice, packets: number) {
  return {
    cyclesPerStage: cyclesPerStage(tracks),
    cycles: sum.cycles,
    cyclesPerPacket: sum.cycles / packets,
    dmaReadBeats: sum.readBeats / packets,
    dmaWriteBeats: sum.writeBeats / packets,
  };
}
