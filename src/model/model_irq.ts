// SPDX-License-Identifier: BSD-2-Clause
import { IRQ_ERR, IRQ_RXC, IRQ_SCRUB_DONE, IRQ_SW, IRQ_TXC } from '../dev/nic/nic_regs.ts';
import type { ModelRing } from './model_ring.ts';

const STICKY = IRQ_ERR | IRQ_SCRUB_DONE | IRQ_SW;
const ALL = STICKY | IRQ_TXC | IRQ_RXC;

/**
 * Interrupt causes, mask and moderation. TXC and RXC are levels, completions pending; a ring passes
 * moderation when `count` of them are pending, or `interval` cycles after it became pending or
 * software last moved its head.
 */
export class ModelIrq {
  itr = 0;
  mask = 0;
  #sticky = 0;
  /** Cycle since when TXC and RXC age; Infinity while nothing is pending. */
  #txSince = Number.POSITIVE_INFINITY;
  #rxSince = Number.POSITIVE_INFINITY;
  readonly #txc: ModelRing;
  readonly #rxc: ModelRing;

  constructor(txc: ModelRing, rxc: ModelRing) {
    this.#txc = txc;
    this.#rxc = rxc;
  }

  get cause(): number {
    const tx = this.#txc.used !== 0 ? IRQ_TXC : 0;
    return this.#sticky | tx | (this.#rxc.used !== 0 ? IRQ_RXC : 0);
  }

  raise(bits: number): void {
    this.#sticky |= bits & STICKY;
  }

  clear(bits: number): void {
    this.#sticky &= ~bits;
  }

  setMask(bits: number): void {
    this.mask |= bits & ALL;
  }

  /** The completion ring got an entry, or software moved its head. */
  ringMoved(ring: ModelRing, byHead: boolean, now: number): void {
    const isTx = ring === this.#txc;
    const since = isTx ? this.#txSince : this.#rxSince;
    let at = since;
    if (ring.used === 0) at = Number.POSITIVE_INFINITY;
    else if (byHead || since === Number.POSITIVE_INFINITY) at = now;
    if (isTx) this.#txSince = at;
    else this.#rxSince = at;
  }

  /** Level of the line at cycle `now`. */
  level(now: number): boolean {
    if ((this.mask & this.#sticky) !== 0) return true;
    return this.dueAt() <= now;
  }

  /** Cycle from which on the line is high for completions; Infinity when it never is. */
  dueAt(): number {
    let at = Number.POSITIVE_INFINITY;
    if ((this.mask & IRQ_TXC) !== 0) at = this.#ringDueAt(this.#txc, this.#txSince);
    if ((this.mask & IRQ_RXC) !== 0) at = Math.min(at, this.#ringDueAt(this.#rxc, this.#rxSince));
    return at;
  }

  #ringDueAt(ring: ModelRing, since: number): number {
    return ring.used >= this.itr >>> 16 ? since : since + (this.itr & 0xffff);
  }

  reset(): void {
    this.itr = 0;
    this.mask = 0;
    this.#sticky = 0;
    this.#txSince = Number.POSITIVE_INFINITY;
    this.#rxSince = Number.POSITIVE_INFINITY;
  }
}
