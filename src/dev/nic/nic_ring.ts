// SPDX-License-Identifier: BSD-2-Clause
import type { NicBus } from './nic_bus.ts';
import {
  CPL_BYTES,
  RING_BASE_HI,
  RING_BASE_LO,
  RING_CTRL,
  RING_ENABLE,
  RING_HEAD,
  RING_LOG2_MAX,
  RING_LOG2_MIN,
  RING_LOG2_SIZE,
  RING_TAIL,
} from './nic_regs.ts';

/** Where one ring lies and which register block it has. */
export interface RingPlace {
  /** Register block: RING_TX, RING_RX, RING_TXC or RING_RXC. */
  readonly block: number;
  /** Arena offset, a multiple of 64. */
  readonly baseBytes: number;
  readonly log2Size: number;
  readonly entryBytes: number;
}

/**
 * A ring in the arena. Indices are free-running 16-bit counters, slot = index & mask:
 *
 *     | done | done | head: oldest in use | ... | in use | tail: next free | free | ...
 *
 * empty: head == tail; full: tail - head == size. Invariant: (tail - head) & 0xffff <= size.
 */
export class Ring {
  readonly words: Uint32Array;
  readonly size: number;
  readonly mask: number;
  readonly log2Size: number;
  /** Words of a slot, and the first word of slot 0. */
  readonly stride: number;
  readonly base: number;
  head = 0;
  tail = 0;

  readonly #bus: NicBus;
  readonly #place: RingPlace;
  /** What the card was last told. */
  #told = 0;

  constructor(bus: NicBus, place: RingPlace) {
    const { baseBytes, log2Size, entryBytes } = place;
    if (log2Size < RING_LOG2_MIN || log2Size > RING_LOG2_MAX)
      throw new RangeError(`"log2Size" expected 4..12, got ${log2Size}`);
    const bytes = entryBytes << log2Size;
    if (baseBytes % 64 !== 0 || baseBytes + bytes > bus.arena.byteLength)
      throw new RangeError(`ring at ${baseBytes}: expected a multiple of 64 inside the arena`);
    const arena = bus.arena;
    this.words = new Uint32Array(arena.buffer, arena.byteOffset, arena.byteLength >>> 2);
    this.log2Size = log2Size;
    this.size = 1 << log2Size;
    this.mask = this.size - 1;
    this.stride = entryBytes >>> 2;
    this.base = baseBytes >>> 2;
    this.#bus = bus;
    this.#place = place;
  }

  /** Zeroes the ring, and gives it to the card, empty. */
  enable(): void {
    const { block, baseBytes, log2Size } = this.#place;
    this.words.fill(0, this.base, this.base + this.size * this.stride);
    this.head = 0;
    this.tail = 0;
    this.#told = 0;
    this.#bus.writeReg(block + RING_BASE_LO, baseBytes >>> 0);
    this.#bus.writeReg(block + RING_BASE_HI, Math.floor(baseBytes / 0x1_0000_0000));
    this.#bus.writeReg(block + RING_LOG2_SIZE, log2Size);
    this.#bus.writeReg(block + RING_CTRL, RING_ENABLE);
  }

  get used(): number {
    return (this.tail - this.head) & 0xffff;
  }

  get free(): number {
    return this.size - ((this.tail - this.head) & 0xffff);
  }

  /** Index into `words` of the slot that an index names. */
  word(index: number): number {
    return this.base + (index & this.mask) * this.stride;
  }

  /** Descriptor ring: rings the doorbell if entries were added since the last time. */
  tellTail(): void {
    if (this.tail === this.#told) return;
    this.#told = this.tail;
    this.#bus.writeReg(this.#place.block + RING_TAIL, this.tail);
  }

  /** Completion ring: gives the entries read since the last time back to the card. */
  tellHead(): void {
    if (this.head === this.#told) return;
    this.#told = this.head;
    this.#bus.writeReg(this.#place.block + RING_HEAD, this.head);
  }

  /**
   * Completion ring: has the card written the entry at index? Its phase bit is 1 on the first lap
   * and flips with each lap, so host memory alone tells.
   */
  isWritten(index: number): boolean {
    const lap = (index >>> this.log2Size) & 1;
    return this.words[this.word(index) + 3]! >>> 31 !== lap;
  }

  /** Completion ring: does the card count the entry at head as written, while memory has none? */
  isHeadLost(): boolean {
    if (this.isWritten(this.head)) return false;
    const tail = this.#bus.readReg(this.#place.block + RING_TAIL);
    // An entry can be seen, and taken, before the card counts it: then its tail is still behind head.
    const counted = (tail - this.head) & 0xffff;
    // The read ran the clock: the entry may have come, and been counted, meanwhile.
    return counted !== 0 && counted <= this.size && !this.isWritten(this.head);
  }

  /** Completion ring: entries that the card has written and nobody has read. */
  pending(): number {
    let n = 0;
    while (n < this.size && this.isWritten((this.head + n) & 0xffff)) n++;
    return n;
  }
}

/** Bytes of a ring, rounded up so that the next one may follow. */
export function ringBytes(log2Size: number, entryBytes: number = CPL_BYTES): number {
  return ((entryBytes << log2Size) + 63) & ~63;
}
