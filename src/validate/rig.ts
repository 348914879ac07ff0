// SPDX-License-Identifier: BSD-2-Clause

import { Nic } from '../dev/nic/if_nic.ts';
import type { SimConfig, SimWorld } from '../dev/nic/nic_bus.ts';
import { type NicConfig, type NicOptions, nicRingBytes } from '../dev/nic/nic_config.ts';
import type { NicDriver } from '../dev/nic/nic_driver.ts';
import { Counters } from '../kern/counters.ts';
import { type Mbuf, MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { TagSan, tagFindingText } from '../kern/tag_san.ts';
import { CarrierInPlace } from '../netipsec/carrier_in_place.ts';
import { type Carrier, NO_REQUEST } from '../netipsec/pact.ts';
import { fieldsAt, type RequestFields } from '../netipsec/request_fields.ts';

/** Makes a world: the one thing in which the test runs differ. */
export type MakeWorld = (config: SimConfig) => SimWorld;

/** Makes a driver: that of this project's card, or one of a card from elsewhere. */
export interface NicMaker<N extends NicDriver> {
  createNic(config: NicConfig): N;
  ringBytes(options?: Partial<NicOptions>): number;
}

const OURS: NicMaker<Nic> = { createNic: (config) => new Nic(config), ringBytes: nicRingBytes };

/**
 * Nothing moves for so long when all is done: on a bus or the wire of our card, and of one whose engine
 * may sit over a frame.
 */
const QUIET_CYCLES = 4000;
const OTHER_QUIET_CYCLES = 40_000;

const ARENA_BYTES = 24 << 20;
const HOST_BYTES = ARENA_BYTES / 2;

export const SIM_DEFAULTS: SimConfig = {
  cardCount: 2,
  seed: 1,
  wireLatencyCycles: 50,
  lossPpm: 0,
  flipPpm: 0,
  reorderPpm: 0,
  reorderCycles: 100,
  memLatencyCycles: 40,
  memStallPermille: 0,
  regTimeoutCycles: 2000,
  arenaBytes: ARENA_BYTES,
  hosts: [
    { baseBytes: 0, sizeBytes: HOST_BYTES },
    { baseBytes: HOST_BYTES, sizeBytes: HOST_BYTES },
  ],
  tapBytes: 1 << 20,
};

/** A frame that a host got, copied out of its mbuf, with the report that came with it. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly report: RequestFields | null;
}

/** One host with its driver, and nothing above it. */
export class RigHost<N extends NicDriver = Nic> {
  readonly nic: N;
  readonly pool: MbufPool;
  readonly tags: TagSan;
  readonly counters = new Counters();
  readonly carrier: Carrier;
  received: Received[] = [];
  /** Completions: ring, length, status, SA. */
  completions: [number, number, number, number][] = [];
  /** Answer of FinishInSoftware; what it was asked to finish. */
  softwareErrno = 0;
  software: Mbuf[] = [];

  constructor(
    world: SimWorld,
    card: number,
    options: Partial<NicOptions>,
    config: RigConfig,
    maker: NicMaker<N>,
  ) {
    const base = card * HOST_BYTES;
    const rings = (maker.ringBytes(options) + 4095) & ~4095;
    this.tags = new TagSan(4096);
    this.pool = new MbufPool(world.arena, this.tags, {
      baseBytes: base + rings,
      sizeBytes: config.mbufBytes ?? HOST_BYTES - rings,
      frameBytes: config.frameBytes ?? 9018,
      jumboCount: 0,
    });
    this.carrier = new CarrierInPlace(this.pool);
    this.nic = maker.createNic({
      name: `nic${card}`,
      index: card + 1,
      lladdr: macOf(card),
      mtu: 9000,
      bus: world.buses[card]!,
      mbufs: this.pool,
      counters: this.counters,
      carrier: this.carrier,
      finishInSoftware: (m) => {
        this.software.push(m);
        if (this.softwareErrno === 0) this.carrier.done(m, this.carrier.take(m));
        return this.softwareErrno;
      },
      ringBaseBytes: base,
      options,
    });
    this.nic.onCompletion = (...c) => this.completions.push(c);
    this.nic.input = (m) => {
      const at = this.pool.off[m]!;
      const report = this.carrier.read(m);
      this.received.push({
        bytes: this.pool.data.slice(at, at + this.pool.len[m]!),
        report: report === NO_REQUEST ? null : fieldsAt(this.carrier, report),
      });
      this.pool.free(m);
    };
  }

  /** A frame in an mbuf of its own. */
  mbuf(frame: Uint8Array): Mbuf {
    const m = this.pool.alloc();
    if (m === NO_MBUF) throw new Error('the test needs more mbufs');
    this.pool.data.set(frame, this.pool.off[m]!);
    this.pool.len[m] = frame.length;
    return m;
  }

  send(frame: Uint8Array): number {
    return this.nic.transmit(this.mbuf(frame));
  }

  count(name: string): number {
    return this.counters.get(name);
  }
}

export interface RigConfig {
  readonly sim?: Partial<SimConfig>;
  readonly options?: Partial<NicOptions>;
  /** Memory for mbufs, and the largest frame that one takes. */
  readonly mbufBytes?: number;
  readonly frameBytes?: number;
  readonly attach?: boolean;
}

export function rigSimConfig(config: RigConfig): SimConfig {
  return { ...SIM_DEFAULTS, ...config.sim };
}

/** Two hosts on a wire, or one. */
export class Rig<N extends NicDriver = Nic> {
  readonly world: SimWorld;
  readonly hosts: RigHost<N>[];
  readonly #quietCycles: number;

  constructor(
    makeWorld: MakeWorld,
    config: RigConfig = {},
    // Without one N is Nic: nobody names another.
    maker: NicMaker<N> = OURS as unknown as NicMaker<N>,
  ) {
    this.world = makeWorld(rigSimConfig(config));
    this.#quietCycles = maker === (OURS as unknown) ? QUIET_CYCLES : OTHER_QUIET_CYCLES;
    const options = { log2Tx: 6, log2Rx: 6, log2Txc: 6, log2Rxc: 6, ...config.options };
    this.hosts = this.world.buses.map(
      (_, card) => new RigHost(this.world, card, options, config, maker),
    );
    if (config.attach !== false) for (const host of this.hosts) host.nic.attach();
  }

  get a(): RigHost<N> {
    return this.hosts[0]!;
  }
  get b(): RigHost<N> {
    return this.hosts[1]!;
  }

  /** Puts a frame on the wire, after what software wrote to the cards so far. */
  inject(card: number, frame: Uint8Array, delayCycles: number): void {
    this.world.run(0);
    this.world.inject(card, frame, delayCycles);
  }

  /** Runs and serves interrupts until nothing moves any more, or the cycles are used up. */
  settle(maxCycles = 400_000, onTap: () => void = () => {}): void {
    const end = this.world.cycle + maxCycles;
    for (const host of this.hosts) host.nic.flush();
    let quiet = 0;
    for (let rounds = 0; this.world.cycle < end; rounds++) {
      if (rounds > 5000) throw new Error('an interrupt is not served');
      this.world.run(Math.min(4000, end - this.world.cycle));
      if (this.world.tapUsed > 0) {
        onTap();
        this.world.tapDrained();
      }
      let n = 0;
      for (const host of this.hosts) {
        n += this.world.irq(host.nic.index - 1) ? host.nic.intr() : host.nic.poll();
      }
      // Twice: the first poll may have given the card something to do.
      quiet = n === 0 && this.world.idleCycles >= this.#quietCycles ? quiet + 1 : 0;
      if (quiet === 2) return;
    }
  }

  /** The interfaces down, all memory back: throws when an mbuf or tag is not. */
  close(): void {
    try {
      for (const host of this.hosts) {
        host.nic.detach();
        if (host.pool.inUse !== 0) throw new Error(`${host.pool.inUse} mbufs leaked`);
        for (const finding of host.tags.end()) throw new Error(tagFindingText(finding));
        if (host.tags.inUse !== 0) throw new Error(`${host.tags.inUse} tags leaked`);
      }
    } finally {
      this.world.close();
    }
  }
}

export function macOf(card: number): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, 0, card + 1);
}
