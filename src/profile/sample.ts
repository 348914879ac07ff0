// SPDX-License-Identifier: BSD-2-Clause

/**
 * What one child process measures: one strategy, one workload, one round. The parent starts a child
 * for each, in an order that the seed shuffles, and judges; the child measures and judges nothing.
 */

/** Raised whenever a field changes its name or meaning. */
export const SAMPLE_SCHEMA = 1;

/**
 * Stages of the host side. Transmit: ip, policy, esp, tag, driver, descriptor, completion, reclaim.
 * Receive: completion, driver, tag, esp, policy, ip, reclaim. `host` is measured by itself, over all
 * of them; `ip` is what the others leave of it (UDP, IP, routes, ARP, Ethernet, taking mbufs).
 */
export const STAGES = [
  'ip',
  'policy',
  'esp',
  'tag',
  'driver',
  'descriptor',
  'completion',
  'reclaim',
  'host',
] as const;
export type StageName = (typeof STAGES)[number];

/**
 * Stages of the sending card, cycles: descriptor from its read to its arrival, fetch of the frame,
 * sa from the look-up to the key in the engine, crypto to the last text, icv from there, completion
 * from the last beat on the wire until it is in host memory. Fetch, sa and crypto overlap.
 */
export const RTL_STAGES = ['descriptor', 'fetch', 'sa', 'crypto', 'icv', 'completion'] as const;
export type RtlStage = (typeof RTL_STAGES)[number];

/** What the host does with how many packets of which kind. */
export interface Workload {
  /** Names the row of a table: 'base', 'size-1420', 'clones-4' ... */
  readonly name: string;
  /** UDP payload, bytes. */
  readonly sizeBytes: number;
  /** Packets between two doorbells. */
  readonly batchPackets: number;
  /** SAs that packets take turns at. */
  readonly sas: number;
  /** Packets of which the flow cache knows nothing, percent. */
  readonly missPercent: number;
  /** Copies made of each packet behind the gate, as a bridge that floods makes them. */
  readonly clones: number;
  /** Packets go round by lo0 instead of the card. */
  readonly loopback: boolean;
  /** An SA is replaced after every so many packets; 0 = never. */
  readonly rekey: number;
}

/** Datagrams as large as `run` sends them unless it is told otherwise. */
export const BASE_WORKLOAD: Workload = {
  name: 'base',
  sizeBytes: 1400,
  batchPackets: 32,
  sas: 1,
  missPercent: 0,
  clones: 0,
  loopback: false,
  rekey: 0,
};

/** 'stack': the stack alone on a card that only completes. 'cosim': two hosts, two cards, a wire. */
export type MeasureMode = 'stack' | 'cosim';

/** What a child is told: its one argument, as JSON. */
export interface Job {
  /** Name of a built-in strategy, or of the user's own in strategyFile. */
  readonly strategy: string;
  readonly strategyFile: string | null;
  readonly mode: MeasureMode;
  /** In 'cosim': what the hosts do, a built-in name or the full path of a script. */
  readonly scenario: string;
  readonly workload: Workload;
  readonly round: number;
  readonly seed: number;
  /** Fewer batches, and in 'cosim' fewer packets. */
  readonly quick: boolean;
  /** In 'cosim': the RTL (default) or the functional model. */
  readonly nic: 'rtl' | 'model';
}

/** Per packet and transform, from the pools and tables themselves. Belongs to the design. */
export interface Counts {
  /** Tags, objects or entries taken and given back. */
  readonly allocs: number;
  readonly frees: number;
  /** Bytes that carry the request: what was allocated, or the fields that were written. */
  readonly bytes: number;
  /** Tags, objects or table slots looked at. */
  readonly steps: number;
  /** Allocations between ipsec's request and the driver's descriptor. */
  readonly handoverAllocs: number;
  /** References to SAs taken and given back. */
  readonly saHolds: number;
  readonly saReleases: number;
  /** Entries put into and taken out of a table. */
  readonly inserts: number;
  readonly deletes: number;
  /** Bytes on the garbage-collected heap, and milliseconds of collecting it, in steady state. */
  readonly heapBytes: number;
  readonly gcMs: number;
}

export interface BothWays<T> {
  readonly tx: T;
  readonly rx: T;
}

export interface RtlSample {
  /** Cycles a packet spent in each stage of the sending card; one number a packet. */
  readonly cyclesPerStage: Readonly<Record<RtlStage, readonly number[]>>;
  /** Cycles of the whole run, without the rest after it. */
  readonly cycles: number;
  /** From one frame on the sending card's wire to the next. */
  readonly cyclesPerPacket: number;
  /** Per packet, both cards together. */
  readonly dmaReadBeats: number;
  readonly dmaWriteBeats: number;
}

/**
 * One packet's way through the sending card, in cycles since the world began, 0 where it did not
 * come. A packet of another turn may be in every stage at the same time.
 */
export interface PacketTrack {
  /** Number of the frame, in the order of completion. */
  readonly packet: number;
  /** The read of its descriptor went out; the descriptor was taken up. */
  readonly asked: number;
  readonly descriptor: number;
  readonly fetchBegin: number;
  readonly fetchEnd: number;
  /** Its SA was asked for; the engine took key and IV; last text, and ICV, left the engine. */
  readonly sa: number;
  readonly cryptoBegin: number;
  readonly cryptoEnd: number;
  readonly icv: number;
  readonly wireBegin: number;
  readonly wireEnd: number;
  /** Its completion is in host memory. */
  readonly completion: number;
}

export interface RunSample {
  readonly schema: typeof SAMPLE_SCHEMA;
  readonly strategy: string;
  readonly mode: MeasureMode;
  readonly round: number;
  readonly workload: Workload;
  readonly counts: BothWays<Counts>;
  /**
   * Nanoseconds per packet, one number for each whole batch of packets; in 'cosim' `host` alone.
   * The timer's own cost is subtracted already.
   */
  readonly stagesNs: BothWays<Readonly<Partial<Record<StageName, readonly number[]>>>>;
  /** Packets in a whole batch. */
  readonly packetsPerBatch: number;
  /** What reading the timer once costs. */
  readonly timerNs: number;
  /** Whole batches that were run before the first that counts. */
  readonly warmUpBatches: number;
  /** Calls into native code, and time in them outside the model, per packet. */
  readonly ffi: { readonly calls: number; readonly ns: number };
  /** Null in 'stack', and with the functional model. */
  readonly rtl: RtlSample | null;
  /** The first packets, in 'cosim' with the RTL. */
  readonly tracks: readonly PacketTrack[];
  /** Wall nanoseconds per packet. */
  readonly split: {
    readonly rtl: number;
    readonly ffi: number;
    readonly stack: number;
    readonly other: number;
  };
  /** Packets that were offloaded, of those that were sent. */
  readonly offloaded: number;
  readonly sent: number;
  /** The strategy's known hazards, each with its number and what it does. */
  readonly hazards: readonly string[];
}
