// SPDX-License-Identifier: BSD-2-Clause
import type { OffloadSa, SaCounters } from '../../netipsec/pact.ts';
import { SA_COUNT } from './nic_regs.ts';

/** Life of a slot of the card's SA table, as the driver sees it. */
export const SLOT_FREE = 0;
export const SLOT_LIVE = 1;
/** Removed, but the card may still have frames under it: not to be used again yet. */
export const SLOT_GOING = 2;

/** What the driver knows of the SAs in the card, one direction. A slot number is the `cardSa`. */
export class SaSlots {
  readonly state: Uint8Array = new Uint8Array(SA_COUNT);
  readonly handle: Int32Array = new Int32Array(SA_COUNT);
  readonly generation: Uint32Array = new Uint32Array(SA_COUNT);
  readonly spi: Uint32Array = new Uint32Array(SA_COUNT);
  /** IPv4 destination as a number; 0 for IPv6. */
  readonly dst: Uint32Array = new Uint32Array(SA_COUNT);
  readonly esn: Uint8Array = new Uint8Array(SA_COUNT);
  /** Slot of the match table (receive), or -1. */
  readonly match: Int32Array = new Int32Array(SA_COUNT).fill(-1);
  readonly packets: Float64Array = new Float64Array(SA_COUNT);
  readonly bytes: Float64Array = new Float64Array(SA_COUNT);
  readonly authFailed: Float64Array = new Float64Array(SA_COUNT);

  /** Free slots, oldest first, so that a slot rests for as long as possible. */
  readonly #free: Uint16Array = new Uint16Array(SA_COUNT);
  #first = 0;
  #count = SA_COUNT;

  constructor() {
    for (let i = 0; i < SA_COUNT; i++) this.#free[i] = i;
  }

  get freeCount(): number {
    return this.#count;
  }

  /** A slot for the SA, live from now on; -1 when all are in use. */
  take(sa: OffloadSa): number {
    if (this.#count === 0) return -1;
    const i = this.#free[this.#first]!;
    this.#first = (this.#first + 1) % SA_COUNT;
    this.#count--;
    this.state[i] = SLOT_LIVE;
    this.handle[i] = sa.saHandle;
    this.generation[i] = sa.generation;
    this.spi[i] = sa.spi;
    this.dst[i] = dstNumber(sa);
    this.esn[i] = sa.esn ? 1 : 0;
    this.match[i] = -1;
    this.packets[i] = 0;
    this.bytes[i] = 0;
    this.authFailed[i] = 0;
    return i;
  }

  /** Once only: the last completion of an SA on its way out may have released the slot before. */
  release(i: number): void {
    if (this.state[i] === SLOT_FREE) return;
    this.state[i] = SLOT_FREE;
    this.#free[(this.#first + this.#count) % SA_COUNT] = i;
    this.#count++;
  }

  releaseAll(): void {
    for (let i = 0; i < SA_COUNT; i++) if (this.state[i] !== SLOT_FREE) this.release(i);
  }

  /** The live slot of (spi, dst), or -1. */
  find(sa: OffloadSa): number {
    const dst = dstNumber(sa);
    for (let i = 0; i < SA_COUNT; i++)
      if (this.state[i] === SLOT_LIVE && this.spi[i] === sa.spi && this.dst[i] === dst) return i;
    return -1;
  }

  counters(i: number): SaCounters {
    return {
      packets: this.packets[i]!,
      bytes: this.bytes[i]!,
      authFailed: this.authFailed[i]!,
    };
  }
}

function dstNumber(sa: OffloadSa): number {
  if (sa.family !== 4) return 0;
  const d = sa.dst;
  return ((d[0]! << 24) | (d[1]! << 16) | (d[2]! << 8) | d[3]!) >>> 0;
}
