// SPDX-License-Identifier: BSD-2-Clause
import {
  RING_BASE_HI,
  RING_BASE_LO,
  RING_CTRL,
  RING_ENABLE,
  RING_HEAD,
  RING_LOG2_MAX,
  RING_LOG2_MIN,
  RING_LOG2_SIZE,
  RING_TAIL,
} from '../dev/nic/nic_regs.ts';

/** A ring as the card holds it: its register block and the card's index. */
export class ModelRing {
  readonly isCompletion: boolean;
  enabled = false;
  head = 0;
  tail = 0;
  /** How often the ring was enabled: nothing of before counts. */
  epoch = 0;
  log2Size = RING_LOG2_MIN;
  #baseLo = 0;
  #baseHi = 0;

  constructor(isCompletion: boolean) {
    this.isCompletion = isCompletion;
  }

  get used(): number {
    return (this.tail - this.head) & 0xffff;
  }

  get isFull(): boolean {
    return this.used === 1 << this.log2Size;
  }

  /** DMA address of the entry that an index names. */
  address(index: number, entryBytes: number): number {
    const slot = index & ((1 << this.log2Size) - 1);
    return this.#baseHi * 0x1_0000_0000 + this.#baseLo + slot * entryBytes;
  }

  /** Phase bit of the entry at `tail`: 1 on the first lap. */
  get phase(): number {
    return ((this.tail >>> this.log2Size) & 1) ^ 1;
  }

  /** A register write, offset inside the block. False: an index that cannot be, ignored. */
  write(offset: number, value: number): boolean {
    switch (offset) {
      case RING_BASE_LO:
        this.#baseLo = (value & ~63) >>> 0;
        return true;
      case RING_BASE_HI:
        this.#baseHi = value;
        return true;
      case RING_LOG2_SIZE:
        this.log2Size = Math.min(Math.max(value, RING_LOG2_MIN), RING_LOG2_MAX);
        return true;
      case RING_CTRL:
        this.enabled = (value & RING_ENABLE) !== 0;
        if (this.enabled) {
          this.head = 0;
          this.tail = 0;
          this.epoch++;
        }
        return true;
      case RING_HEAD:
        return !this.isCompletion || this.#move('head', this.tail, value);
      case RING_TAIL:
        return this.isCompletion || this.#move('tail', this.head + (1 << this.log2Size), value);
      default:
        return true;
    }
  }

  /** Software's index goes forward, at most up to limit. */
  #move(which: 'head' | 'tail', limit: number, value: number): boolean {
    if (((limit - value) & 0xffff) > ((limit - this[which]) & 0xffff)) return false;
    this[which] = value & 0xffff;
    return true;
  }

  read(offset: number): number {
    switch (offset) {
      case RING_BASE_LO:
        return this.#baseLo;
      case RING_BASE_HI:
        return this.#baseHi;
      case RING_LOG2_SIZE:
        return this.log2Size;
      case RING_CTRL:
        return this.enabled ? RING_ENABLE : 0;
      case RING_HEAD:
        return this.head;
      default:
        return this.tail;
    }
  }
}
