// SPDX-License-Identifier: BSD-2-Clause
import { Nic } from '../dev/nic/if_nic.ts';
import type { SimConfig, SimWorld } from '../dev/nic/nic_bus.ts';
import { type NicOptions, nicRingBytes } from '../dev/nic/nic_config.ts';
import { CODE_AUTH_FAIL, CPL_CODE_MASK, MAX_FRAME_LIMIT, REG_STATUS } from '../dev/nic/nic_regs.ts';
import { MTagPool } from '../kern/m_tag.ts';
import { type Mbuf, MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { IFF_PROMISC } from '../net/ifnet.ts';
import { ReplayInput } from './replay_input.ts';

const ALIGN = 4096;
const JUMBOS = 20;
const JUMBO_BYTES = 65536 + 512;
const MBUFS = 128;
const CLUSTER_BYTES = MAX_FRAME_LIMIT + 256;
/** What one replay needs of a card: next to no transmit side, and no waiting for interrupts. */
const OPTIONS: Partial<NicOptions> = {
  log2Tx: 4,
  log2Txc: 4,
  log2Rx: 6,
  log2Rxc: 6,
  itrCount: 16,
  itrIntervalCycles: 500,
  maxFrameBytes: MAX_FRAME_LIMIT,
};
const RING_BYTES = (nicRingBytes(OPTIONS) + ALIGN - 1) & ~(ALIGN - 1);
const POOL_BYTES = MBUFS * CLUSTER_BYTES + JUMBOS * JUMBO_BYTES;
const ARENA_BYTES = (ALIGN + RING_BYTES + POOL_BYTES + ALIGN - 1) & ~(ALIGN - 1);
const LLADDR = Uint8Array.of(2, 0, 0, 0, 0, 1);

/** Frames on their way into the card at once: below what it can hold, so that none is lost. */
const BATCH_FRAMES = 32;
const BATCH_BYTES = 8192;
const STEP_CYCLES = 20_000;
const STALLED_CYCLES = 200_000;

/** The one-card world that a replay runs in. */
export function replaySimConfig(): SimConfig {
  return {
    cardCount: 1,
    seed: 1,
    memLatencyCycles: 100,
    memStallPermille: 0,
    regTimeoutCycles: 10_000,
    arenaBytes: ARENA_BYTES,
    hosts: [{ baseBytes: ALIGN, sizeBytes: ARENA_BYTES - ALIGN }],
    tapBytes: 0,
    wireLatencyCycles: 1,
    lossPpm: 0,
    flipPpm: 0,
    reorderPpm: 0,
    reorderCycles: 0,
  };
}

interface Pending {
  readonly cut: boolean;
  readonly timeNs: bigint;
}

/**
 * A host that listens to everything, with a card in front of it or, without one, doing all by
 * itself. Frames go in by feed(); what comes of them is in input.figures and input.onDecrypted.
 */
export class ReplayCard {
  readonly input: ReplayInput;
  /** Capture time of the frame that input works on. */
  timeNs = 0n;
  readonly #pool: MbufPool;
  readonly #sim: SimWorld | null;
  readonly #nic: Nic | null = null;
  /** Frames in the card: each ends in one completion, in order. */
  readonly #pending: Pending[] = [];
  #pendingBytes = 0;
  #cut = false;
  /** Of a frame's completion: it comes up, or the card kept it. */
  #startNs = -1n;

  /** sim: a one-card world made with replaySimConfig(), or null for software. Throws BusError. */
  constructor(sim: SimWorld | null) {
    this.#sim = sim;
    const arena = sim?.arena ?? new Uint8Array(ARENA_BYTES);
    this.#pool = new MbufPool(arena, new MTagPool(4 * MBUFS), {
      baseBytes: ALIGN + RING_BYTES,
      sizeBytes: POOL_BYTES,
      frameBytes: MAX_FRAME_LIMIT,
      jumboCount: JUMBOS,
    });
    // Fragments wait by the capture's clock, not by the card's: it is 250 MHz in both.
    const self = this;
    const clock = {
      get cycle(): number {
        return Number((self.timeNs - self.#startNs) / 4n);
      },
    };
    this.input = new ReplayInput(this.#pool, clock, sim !== null);
    if (sim !== null) this.#nic = this.#attach(sim);
  }

  #attach(sim: SimWorld): Nic {
    const { ipsec, inet, counters } = this.input;
    const nic = new Nic({
      name: 'nic0',
      index: 1,
      lladdr: LLADDR,
      mtu: MAX_FRAME_LIMIT - 14,
      bus: sim.buses[0]!,
      mbufs: this.#pool,
      counters,
      carrier: ipsec.carrier,
      finishInSoftware: ipsec.finishInSoftware,
      ringBaseBytes: ALIGN,
      options: OPTIONS,
    });
    nic.flags |= IFF_PROMISC;
    nic.input = (m) => this.input.frame(m, this.#cut);
    nic.onCompletion = (ring, _lenBytes, status) => {
      if (ring === 1) this.#completed(status & CPL_CODE_MASK);
    };
    nic.attach();
    inet.interfaces.push(nic);
    ipsec.attachOffload(nic, nic.sa);
    return nic;
  }

  /** Puts a frame in, and waits for the card when it has enough. Throws BusError. */
  feed(frame: Uint8Array, cut: boolean, timeNs: bigint): void {
    if (this.#startNs < 0n) this.#startNs = timeNs;
    const { figures } = this.input;
    figures.frames++;
    const fits = frame.length >= 14 && frame.length <= MAX_FRAME_LIMIT;
    if (this.#sim === null || !fits) {
      this.drain();
      this.#bySoftware(frame, cut, timeNs);
      return;
    }
    const isFull = this.#pending.length === BATCH_FRAMES;
    if (isFull || this.#pendingBytes + frame.length > BATCH_BYTES) this.drain();
    this.#pending.push({ cut, timeNs });
    this.#pendingBytes += frame.length;
    this.#sim.inject(0, frame, 0);
  }

  /** Runs the card until every frame in it has come out. */
  drain(): void {
    const sim = this.#sim;
    if (sim === null) return;
    while (this.#pending.length > 0) {
      sim.run(STEP_CYCLES);
      if (sim.irq(0)) this.#nic!.intr();
      else this.#nic!.poll();
      if (sim.idleCycles > STALLED_CYCLES && this.#pending.length > 0) {
        throw new Error(`the card keeps ${this.#pending.length} frames (cycle ${sim.cycle})`);
      }
    }
    this.#pendingBytes = 0;
  }

  /** The capture is over: takes the card down, and looks that nothing is left. */
  finish(): void {
    this.drain();
    this.input.finish();
    if (this.#nic !== null) {
      this.input.ipsec.detachOffload(this.#nic);
      this.#nic.detach();
    }
    const { inUse, tags } = this.#pool;
    if (inUse + tags.inUse > 0) throw new Error(`leaked: ${inUse} mbufs, ${tags.inUse} tags`);
  }

  /** SAs were added: lets the card take them, and all else it was told, before the first frame. */
  ready(): void {
    this.#sim?.buses.at(0)?.readReg(REG_STATUS);
  }

  #completed(code: number): void {
    const next = this.#pending.shift();
    if (next === undefined) throw new Error('the card completed a frame that it was not given');
    this.#cut = next.cut;
    this.timeNs = next.timeNs;
    if (code === CODE_AUTH_FAIL) this.input.authFailed();
  }

  #bySoftware(frame: Uint8Array, cut: boolean, timeNs: bigint): void {
    const pool = this.#pool;
    this.timeNs = timeNs;
    const m: Mbuf = frame.length > 65535 ? NO_MBUF : pool.allocFor(frame.length);
    if (m === NO_MBUF) {
      this.input.figures.malformed++;
      return;
    }
    pool.append(m, frame.length);
    pool.data.set(frame, pool.off[m]!);
    pool.rcvIf[m] = 1;
    this.input.frame(m, cut);
  }
}
