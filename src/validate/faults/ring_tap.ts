// SPDX-License-Identifier: BSD-2-Clause
import type { NicBus } from '../../dev/nic/nic_bus.ts';
import * as R from '../../dev/nic/nic_regs.ts';

type Block = typeof R.RING_TX | typeof R.RING_RX | typeof R.RING_TXC | typeof R.RING_RXC;

const BLOCKS: readonly Block[] = [R.RING_TX, R.RING_RX, R.RING_TXC, R.RING_RXC];
const BYTES: Readonly<Record<Block, number>> = {
  [R.RING_TX]: R.TXD_BYTES,
  [R.RING_RX]: R.RXD_BYTES,
  [R.RING_TXC]: R.CPL_BYTES,
  [R.RING_RXC]: R.CPL_BYTES,
};

interface Seen {
  baseBytes: number;
  log2Size: number;
  /** Descriptor ring: its tail. Completion ring: its head. As the driver last said. */
  told: number;
  shown: number;
}

/**
 * Sits between a driver and its card, and reads and changes the rings in memory: descriptors before
 * the card hears of them, completions before the driver looks. It knows what the driver has told the
 * card, and no more. To be put there before the driver attaches.
 */
export class RingTap {
  /** Called for each descriptor of a transmit ring before its doorbell; words of it. */
  onTransmit: ((words: Uint32Array) => void) | null = null;
  readonly #arena: Uint8Array;
  readonly #rings = new Map<Block, Seen>(
    BLOCKS.map((block) => [block, { baseBytes: 0, log2Size: 0, told: 0, shown: 0 }]),
  );

  constructor(bus: NicBus) {
    this.#arena = bus.arena;
    const write = bus.writeReg.bind(bus);
    bus.writeReg = (offset, value) => {
      this.#write(offset, value);
      write(offset, value);
    };
  }

  /**
   * Completions that the card has written and the driver has not read, oldest first: their words. Each
   * is shown once.
   */
  unread(block: typeof R.RING_TXC | typeof R.RING_RXC): Uint32Array[] {
    const ring = this.#rings.get(block)!;
    const list: Uint32Array[] = [];
    for (let at = Math.max(ring.told, ring.shown); ; at++) {
      const words = this.#words(block, at);
      const lap = (at >>> ring.log2Size) & 1;
      if (words[3]! >>> 31 === lap) return list;
      ring.shown = at + 1;
      list.push(words);
    }
  }

  #words(block: Block, index: number): Uint32Array {
    const { baseBytes, log2Size } = this.#rings.get(block)!;
    const slot = index & ((1 << log2Size) - 1);
    const at = this.#arena.byteOffset + baseBytes + slot * BYTES[block];
    return new Uint32Array(this.#arena.buffer, at, BYTES[block] >>> 2);
  }

  #write(offset: number, value: number): void {
    const block = BLOCKS.find((b) => offset >= b && offset < b + 0x40);
    if (block === undefined) return;
    const ring = this.#rings.get(block)!;
    const reg = offset - block;
    if (reg === R.RING_BASE_LO) ring.baseBytes = value;
    else if (reg === R.RING_LOG2_SIZE) ring.log2Size = value;
    else if (reg === R.RING_CTRL) ring.told = ring.shown = 0;
    else if (reg === R.RING_HEAD) ring.told = value;
    else if (reg === R.RING_TAIL) {
      for (let at = ring.told; at !== value; at = (at + 1) & 0xffff) {
        if (block === R.RING_TX) this.onTransmit?.(this.#words(block, at));
      }
      ring.told = value;
    }
  }
}
