// SPDX-License-Identifier: BSD-2-Clause
import { NativeWorld } from '../ffi/sim_world.ts';
import { createWorld } from '../harness/create_world.ts';
import { SCENARIOS, type Scenario, type ScenarioParams } from '../harness/scenario.ts';
import { loadScenarioFile } from '../harness/scenario_file.ts';
import type { World } from '../harness/world.ts';
import { countPair } from './count_pair.ts';
import { HeapWatch } from './heap.ts';
import { cyclesPerStage, pace, RtlProbe } from './rtl_probe.ts';
import { type Job, type PacketTrack, type RunSample, SAMPLE_SCHEMA } from './sample.ts';
import type { Strategy } from './strategy.ts';
import { timerCostNs } from './timer.ts';

/** Packets of a flow, and flows before the first that counts, and those that count. */
const PACKETS = 1000;
const QUICK_PACKETS = 500;
const WARM_UP = 2;
const FLOWS = 5;
/** Packets whose way is kept whole. */
const TRACKS = 64;

/**
 * The full co-simulation: hosts, cards, a wire, and a scenario. A script is run once, since it may
 * not bear a second run in one world; what is built in is run several times, and warmed up before.
 * Nothing watches: no oracle, no digest, no tap. Times are wall time, as the world takes them.
 */
export async function runCosim(job: Job, strategy: Strategy): Promise<RunSample> {
  const { workload, seed, nic } = job;
  const { offload, newCarrier: carrier } = strategy;
  const { scenario, isScript } = await scenarioOf(job);
  const [warmUp, flows] = isScript ? [0, 1] : [WARM_UP, FLOWS];
  const watch = { oracles: false, digest: false, probe: true };
  const world = await createWorld({ ...scenario.world, seed, nic, offload, carrier, ...watch });
  try {
    const params = { packets: job.quick ? QUICK_PACKETS : PACKETS, size: workload.sizeBytes };
    for (let i = 0; i < warmUp; i++) await scenario.run(world, params);
    const probe =
      world.sim instanceof NativeWorld ? new RtlProbe(world.sim, 0, flows * params.packets) : null;
    const heap = new HeapWatch();
    const slices: Slice[] = [];
    const ends: number[] = [];
    for (let i = 0; i < flows; i++) {
      heap.begin();
      slices.push(await slice(world, scenario, params));
      heap.end(slices.at(-1)!.packets);
      if (probe !== null) ends.push(probe.count);
    }
    const { heapBytes, gcMs } = heap.result();
    const { counts } = countPair(strategy, workload, seed);
    const sum = slices.reduce(add);
    const n = sum.packets;
    const nothing = { heapBytes: 0, gcMs: 0 };
    return {
      schema: SAMPLE_SCHEMA,
      strategy: strategy.name,
      mode: 'cosim',
      round: job.round,
      workload,
      // Both hosts are one process: what they leave to the collector is told once.
      counts: { tx: { ...counts.tx, heapBytes, gcMs }, rx: { ...counts.rx, ...nothing } },
      stagesNs: { tx: { host: slices.map((s) => s.stackNs / s.packets) }, rx: {} },
      packetsPerBatch: Math.round(n / flows),
      timerNs: timerCostNs(),
      warmUpBatches: warmUp,
      ffi: { calls: sum.calls / n, ns: sum.ffiNs / n },
      rtl: probe === null ? null : rtlSample(probe.tracks(), ends, sum, n),
      tracks: probe === null ? [] : probe.tracks().slice(0, TRACKS),
      split: {
        rtl: sum.rtlNs / n,
        ffi: sum.ffiNs / n,
        stack: sum.stackNs / n,
        other: sum.otherNs / n,
      },
      offloaded: sum.offloaded,
      sent: n,
      hazards: strategy.hazards,
    };
  } finally {
    world.close();
  }
}

/** What one flow took, both hosts and both cards together. */
interface Slice {
  /** ESP packets sent, by software and by the cards; and by the cards alone. */
  readonly packets: number;
  readonly offloaded: number;
  readonly rtlNs: number;
  readonly ffiNs: number;
  readonly stackNs: number;
  readonly otherNs: number;
  readonly calls: number;
  readonly cycles: number;
  readonly readBeats: number;
  readonly writeBeats: number;
}

async function slice(world: World, scenario: Scenario, params: ScenarioParams): Promise<Slice> {
  const before = { ...world.spentMs, ...world.totals(), ...espSent(world), at: performance.now() };
  await scenario.run(world, params);
  await world.settle();
  const wallMs = performance.now() - before.at;
  const after = { ...world.totals(), ...espSent(world) };
  const rtlNs = after.runNs - before.runNs;
  const stepNs = (world.spentMs.step - before.step) * 1e6;
  const stackNs = (world.spentMs.stack - before.stack) * 1e6;
  const oraclesNs = (world.spentMs.oracles - before.oracles) * 1e6;
  return {
    packets: after.packets - before.packets,
    offloaded: after.offloaded - before.offloaded,
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

function espSent({ hosts }: World): { packets: number; offloaded: number } {
  const out = hosts.flatMap((h) => h.ipsec.sadb.list()).filter((sa) => sa.direction === 'out');
  const offloaded = out.reduce((sum, sa) => sum + sa.hwPackets, 0);
  return { packets: out.reduce((sum, sa) => sum + sa.swPackets, offloaded), offloaded };
}

async function scenarioOf({ scenario }: Job): Promise<{ scenario: Scenario; isScript: boolean }> {
  const builtIn = Object.hasOwn(SCENARIOS, scenario) ? SCENARIOS[scenario] : undefined;
  if (builtIn !== undefined) return { scenario: builtIn, isScript: false };
  return { scenario: (await loadScenarioFile(scenario)).scenario, isScript: true };
}

function add(a: Slice, b: Slice): Slice {
  const keys = Object.keys(a) as (keyof Slice)[];
  return Object.fromEntries(keys.map((k) => [k, a[k] + b[k]])) as unknown as Slice;
}

function rtlSample(
  tracks: readonly PacketTrack[],
  ends: readonly number[],
  sum: Slice,
  packets: number,
) {
  const cycles = pace(tracks, ends);
  return {
    cyclesPerStage: cyclesPerStage(tracks),
    cycles: sum.cycles,
    // A flow of one packet has no pace: all that it took is its own.
    cyclesPerPacket: Number.isNaN(cycles) ? sum.cycles / packets : cycles,
    dmaReadBeats: sum.readBeats / packets,
    dmaWriteBeats: sum.writeBeats / packets,
  };
}
