// SPDX-License-Identifier: BSD-2-Clause

/**
 * Host memory as one card sees it: the arena behind a window, with the faults a test may ask for.
 * An access that fails touches nothing and returns null or false.
 */
export class ModelMemory {
  /** No answers: the card waits. */
  silent = false;
  /** The next so many reads or writes fail. */
  failReads = 0;
  failWrites = 0;
  reads = 0;
  writes = 0;

  readonly #arena: Uint8Array;
  readonly #base: number;
  readonly #end: number;

  constructor(arena: Uint8Array, baseBytes: number, sizeBytes: number) {
    this.#arena = arena;
    this.#base = baseBytes;
    this.#end = baseBytes + sizeBytes;
  }

  /** A view of [address, address + lenBytes): good until the card lets time pass. */
  read(address: number, lenBytes: number): Uint8Array | null {
    this.reads++;
    if (this.failReads > 0) {
      this.failReads--;
      return null;
    }
    return this.#isInside(address, lenBytes)
      ? this.#arena.subarray(address, address + lenBytes)
      : null;
  }

  write(address: number, bytes: Uint8Array): boolean {
    this.writes++;
    if (this.failWrites > 0) {
      this.failWrites--;
      return false;
    }
    if (!this.#isInside(address, bytes.length)) return false;
    this.#arena.set(bytes, address);
    return true;
  }

  #isInside(address: number, lenBytes: number): boolean {
    return address >= this.#base && address + lenBytes <= this.#end;
  }
}
