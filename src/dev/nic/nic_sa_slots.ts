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
  readonly family: Uint8Array = new Uint8Array(SA_COUNT);
  /** Four words a slot: the destination; IPv4 in the first, the rest 0. */
  readonly dst: Uint32Array = new Uint32Array(4 * SA_COUNT);
  /** ESP in UDP: to this port; else 0. */
  readonly udpPort: Uint16Array = new Uint16Array(SA_COUNT);
  readonly esn: Uint8Array = new Uint8Array(SA_COUNT);
  /** The card has found its row damaged: it does no crypto under it any more. */
  readonly damaged: Uint8Array = new Uint8Array(SA_COUNT);
  /** 1: packet offload. */
  readonly packet: Uint8Array = new Uint8Array(SA_COUNT);
  /** Slot of the match table (receive), or -1. */
  readonly match: Int32Array = new Int32Array(SA_COUNT).fill(-1);
  readonly packets: Float64Array = new Float64Array(SA_COUNT);
  readonly bytes: Float64Array = new Float64Array(SA_COUNT);
  readonly authFailed: Float64Array = new Float64Array(SA_COUNT);
  readonly replayed: Float64Array = new Float64Array(SA_COUNT);

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
    this.family[i] = sa.family;
    for (let w = 0; w < 4; w++) this.dst[4 * i + w] = dstWord(sa, w);
    this.udpPort[i] = sa.udpPort;
    this.esn[i] = sa.esn ? 1 : 0;
    this.damaged[i] = 0;
    this.packet[i] = sa.mode === 'packet' ? 1 : 0;
    this.match[i] = -1;
    this.packets[i] = 0;
    this.bytes[i] = 0;
    this.authFailed[i] = 0;
    this.replayed[i] = 0;
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

  /** The live slot of (destination, SPI), or -1. */
  find(sa: OffloadSa): number {
    const dst = Uint32Array.of(dstWord(sa, 0), dstWord(sa, 1), dstWord(sa, 2), dstWord(sa, 3));
    for (let i = 0; i < SA_COUNT; i++)
      if (this.state[i] === SLOT_LIVE && this.isAt(i, sa.spi, sa.family, dst, 0)) return i;
    return -1;
  }

  /** Is slot i that of an SPI and a destination, four words at words[at]? */
  isAt(i: number, spi: number, family: number, words: Uint32Array, at: number): boolean {
    if (this.spi[i] !== spi || this.family[i] !== family) return false;
    for (let w = 0; w < 4; w++) if (this.dst[4 * i + w] !== words[at + w]) return false;
    return true;
  }

  /** The port of a live SA whose ESP travels in UDP to another port than this; 0: there is none. */
  otherUdpPort(port: number): number {
    for (let i = 0; i < SA_COUNT; i++) {
      const p = this.udpPort[i]!;
      if (this.state[i] === SLOT_LIVE && p !== 0 && p !== port) return p;
    }
    return 0;
  }

  counters(i: number): SaCounters {
    return {
      packets: this.packets[i]!,
      bytes: this.bytes[i]!,
      authFailed: this.authFailed[i]!,
      replayed: this.replayed[i]!,
    };
  }
}

/** Word w of the destination, as a number. */
function dstWord(sa: OffloadSa, w: number): number {
  if (4 * w >= sa.dst.length) return 0;
  const d = sa.dst;
  const at = 4 * w;
  return ((d[at]! << 24) | (d[at + 1]! << 16) | (d[at + 2]! << 8) | d[at + 3]!) >>> 0;
}
