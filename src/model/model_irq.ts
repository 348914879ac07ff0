// SPDX-License-Identifier: BSD-2-Clause
import { IRQ_ERR, IRQ_SCRUB_DONE, IRQ_SW } from '../dev/nic/nic_regs.ts';
import type { ModelRing } from './model_ring.ts';

const STICKY = IRQ_ERR | IRQ_SCRUB_DONE | IRQ_SW;

/** A completion ring, its cause, and the cycle since when it ages: Infinity while nothing is pending. */
interface Source {
  readonly ring: ModelRing;
  readonly bit: number;
  since: number;
}

/**
 * Interrupt causes, mask and moderation. TXC and RXC are levels, completions pending; a ring passes
 * moderation when `count` of them are pending, or `interval` cycles after it became pending or
 * software last moved its head.
 */
export class ModelIrq {
  itr = 0;
  mask = 0;
  #sticky = 0;
  readonly #all: number;
  readonly #sources: readonly Source[];

  constructor(rings: readonly (readonly [ModelRing, number])[]) {
    this.#sources = rings.map(([ring, bit]) => ({ ring, bit, since: Number.POSITIVE_INFINITY }));
    this.#all = rings.reduce((bits, [, bit]) => bits | bit, STICKY);
  }

  get cause(): number {
    let bits = this.#sticky;
    for (const s of this.#sources) if (s.ring.used !== 0) bits |= s.bit;
    return bits;
  }

  raise(bits: number): void {
    this.#sticky |= bits & STICKY;
  }

  clear(bits: number): void {
    this.#sticky &= ~bits;
  }

  setMask(bits: number): void {
    this.mask |= bits & this.#all;
  }

  /** The completion ring got an entry, or software moved its head. */
  ringMoved(ring: ModelRing, byHead: boolean, now: number): void {
    for (const s of this.#sources) {
      if (s.ring !== ring) continue;
      if (ring.used === 0) s.since = Number.POSITIVE_INFINITY;
      else if (byHead || s.since === Number.POSITIVE_INFINITY) s.since = now;
    }
  }

  /** Level of the line at cycle `now`. */
  level(now: number): boolean {
    if ((this.mask & this.#sticky) !== 0) return true;
    return this.dueAt() <= now;
  }

  /** Cycle from which on the line is high for completions; Infinity when it never is. */
  dueAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const s of this.#sources) {
      if ((this.mask & s.bit) === 0) continue;
      const isMany = s.ring.used >= this.itr >>> 16;
      at = Math.min(at, isMany ? s.since : s.since + (this.itr & 0xffff));
    }
    return at;
  }

  reset(): void {
    this.itr = 0;
    this.mask = 0;
    this.#sticky = 0;
    for (const s of this.#sources) s.since = Number.POSITIVE_INFINITY;
  }
}
