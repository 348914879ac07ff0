// SPDX-License-Identifier: BSD-2-Clause
import type { Nic } from '../dev/nic/if_nic.ts';
import type { SimWorld } from '../dev/nic/nic_bus.ts';
import { CODE_AUTH_FAIL, CPL_CODE_MASK, MAX_FRAME_LIMIT } from '../dev/nic/nic_regs.ts';
import { NS_PER_CYCLE } from '../kern/clock.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { LONE_ARENA_BYTES, loneNic, lonePool, loneReady, loneRun } from './lone_card.ts';
import { ReplayInput } from './replay_input.ts';

/** Frames on their way into the card at once: below what it can hold, so that none is lost. */
const BATCH_FRAMES = 32;
const BATCH_BYTES = 8192;
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
  /** Frames in the card that are yet to come up, or to be refused. */
  #awaited = 0;
  /** Of a frame's completion: it comes up, or the card kept it. */
  #startNs = -1n;

  /** sim: a one-card world made with loneConfig(), or null for software. Throws BusError. */
  constructor(sim: SimWorld | null) {
    this.#sim = sim;
    const arena = sim?.arena ?? new Uint8Array(LONE_ARENA_BYTES);
    this.#pool = lonePool(arena);
    // Fragments wait by the capture's clock, not by the card's.
    const self = this;
    const clock = {
      get cycle(): number {
        return Number(self.timeNs - self.#startNs) / NS_PER_CYCLE;
      },
    };
    this.input = new ReplayInput(this.#pool, clock, sim !== null);
    if (sim !== null) this.#nic = this.#attach(sim);
  }

  #attach(sim: SimWorld): Nic {
    const { ipsec, inet, counters } = this.input;
    const nic = loneNic(sim, this.#pool, counters, ipsec.carrier, ipsec.finishInSoftware);
    nic.input = (m) => {
      this.#awaited--;
      this.input.frame(m, this.#cut);
    };
    nic.onCompletion = (ring, _lenBytes, status) => {
      if (ring === 1) this.#completed(status & CPL_CODE_MASK);
    };
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
    this.#awaited++;
    this.#sim.inject(0, frame, 0);
  }

  /** Runs the card until every frame in it has come out. */
  drain(): void {
    if (this.#sim === null) return;
    loneRun(this.#sim, this.#nic!, () => this.#pending.length === 0);
    this.#pendingBytes = 0;
    // What the driver threw away, under a name of its own.
    this.input.figures.malformed += this.#awaited;
    this.#awaited = 0;
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
    if (this.#sim !== null) loneReady(this.#sim);
  }

  #completed(code: number): void {
    const next = this.#pending.shift();
    if (next === undefined) throw new Error('the card completed a frame that it was not given');
    this.#cut = next.cut;
    this.timeNs = next.timeNs;
    if (code !== CODE_AUTH_FAIL) return;
    this.#awaited--;
    this.input.authFailed();
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
