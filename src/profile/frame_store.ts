// SPDX-License-Identifier: BSD-2-Clause

/** A whole batch of frames between two cards, in the receiver's arena: a copy leaves no garbage. */
export class FrameStore {
  /** Per frame: length, and the receiving card's SA, -1 when the card decrypts nothing. */
  readonly len: Int32Array;
  readonly sa: Int32Array;
  count = 0;
  readonly slotBytes: number;
  readonly #arena: Uint8Array;
  readonly #base: number;

  /** Takes frameStoreBytes() of the arena from baseBytes on. */
  constructor(arena: Uint8Array, baseBytes: number, capacity: number, frameBytes: number) {
    this.#arena = arena;
    this.#base = baseBytes;
    this.slotBytes = slotBytes(frameBytes);
    this.len = new Int32Array(capacity);
    this.sa = new Int32Array(capacity);
  }

  put(frame: Uint8Array, sa: number): void {
    const i = this.count++;
    this.#arena.set(frame, this.#base + i * this.slotBytes);
    this.len[i] = frame.length;
    this.sa[i] = sa;
  }

  /** Copies frame i to the arena offset `to`. */
  copyTo(i: number, to: number): void {
    const from = this.#base + i * this.slotBytes;
    this.#arena.copyWithin(to, from, from + this.len[i]!);
  }

  /** Arena offset of frame i. */
  at(i: number): number {
    return this.#base + i * this.slotBytes;
  }
}

export function frameStoreBytes(capacity: number, frameBytes: number): number {
  return capacity * slotBytes(frameBytes);
}

function slotBytes(frameBytes: number): number {
  return (frameBytes + 63) & ~63;
}
