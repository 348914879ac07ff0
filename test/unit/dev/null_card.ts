// SPDX-License-Identifier: BSD-2-Clause
import type { NicBus } from '../../../src/dev/nic/nic_bus.ts';
import * as R from '../../../src/dev/nic/nic_regs.ts';

/**
 * A card that does nothing but complete: what is left when one times the driver on it is the driver
 * alone. Rings must lie as the driver lays them out; it keeps no state but indices.
 */
export class NullCard implements NicBus {
  readonly arena: Uint8Array;
  readonly #words: Uint32Array;
  readonly #base = new Map<number, number>();
  readonly #log2 = new Map<number, number>();
  #txTail = 0;
  #rxTail = 0;
  #txHead = 0;
  #rxHead = 0;
  #txcTail = 0;
  #rxcTail = 0;

  constructor(arenaBytes: number) {
    this.arena = new Uint8Array(arenaBytes);
    this.#words = new Uint32Array(this.arena.buffer);
  }

  writeReg(offset: number, value: number): void {
    if (offset === R.RING_TX + R.RING_TAIL) this.#txTail = value;
    else if (offset === R.RING_RX + R.RING_TAIL) this.#rxTail = value;
    else if ((offset & 63) === R.RING_BASE_LO) this.#base.set(offset & ~63, value >>> 2);
    else if ((offset & 63) === R.RING_LOG2_SIZE) this.#log2.set(offset & ~63, value);
  }

  readReg(offset: number): number {
    return offset === R.REG_ID ? R.ID_VALUE : 0;
  }

  /** Completes all transmit descriptors, and for each of them receives a frame of frame[]. */
  loopBack(status: number, saIdx: number, lenBytes: number, header: Uint32Array): void {
    const w = this.#words;
    const tx = this.#base.get(R.RING_TX)!;
    const rx = this.#base.get(R.RING_RX)!;
    const txc = this.#base.get(R.RING_TXC)!;
    const rxc = this.#base.get(R.RING_RXC)!;
    const log2 = this.#log2.get(R.RING_TX)!;
    const mask = (1 << log2) - 1;
    while (this.#txHead !== this.#txTail) {
      const d = tx + (this.#txHead & mask) * 8;
      const c = txc + (this.#txcTail & mask) * 4;
      w[c] = w[d + 5]!;
      w[c + 1] = (w[d + 2]! & 0xffff) | (saIdx << 16);
      w[c + 2] = R.CPL_SECP;
      w[c + 3] = (((this.#txcTail >>> log2) & 1) ^ 1) << 31;
      this.#txHead = (this.#txHead + 1) & 0xffff;
      this.#txcTail = (this.#txcTail + 1) & 0xffff;
      if (this.#rxHead === this.#rxTail) continue;
      const b = rx + (this.#rxHead & mask) * 4;
      const at = w[b]! >>> 2;
      for (let i = 0; i < header.length; i++) w[at + i] = header[i]!;
      const r = rxc + (this.#rxcTail & mask) * 4;
      w[r] = w[b + 3]!;
      w[r + 1] = lenBytes | (saIdx << 16);
      w[r + 2] = status;
      w[r + 3] = (((this.#rxcTail >>> log2) & 1) ^ 1) << 31;
      this.#rxHead = (this.#rxHead + 1) & 0xffff;
      this.#rxcTail = (this.#rxcTail + 1) & 0xffff;
    }
  }
}
