// SPDX-License-Identifier: BSD-2-Clause
/**
 * Hash chains over SADB slots: finds a slot by two words without allocating. Entries with the same
 * words come newest first.
 */
export class SaIndex {
  readonly #mask: number;
  #head: Int32Array;
  #next: Int32Array;
  #a: Uint32Array;
  #b: Uint32Array;

  constructor(capacity: number) {
    let buckets = 16;
    while (buckets < capacity) buckets *= 2;
    this.#mask = buckets - 1;
    this.#head = new Int32Array(buckets).fill(-1);
    this.#next = new Int32Array(capacity).fill(-1);
    this.#a = new Uint32Array(capacity);
    this.#b = new Uint32Array(capacity);
  }

  insert(a: number, b: number, slot: number): void {
    const h = hash(a, b) & this.#mask;
    this.#a[slot] = a;
    this.#b[slot] = b;
    this.#next[slot] = this.#head[h]!;
    this.#head[h] = slot;
  }

  remove(slot: number): void {
    const h = hash(this.#a[slot]!, this.#b[slot]!) & this.#mask;
    let at = this.#head[h]!;
    if (at === slot) {
      this.#head[h] = this.#next[slot]!;
      return;
    }
    while (this.#next[at] !== slot) at = this.#next[at]!;
    this.#next[at] = this.#next[slot]!;
  }

  /** First slot with these words, or -1. */
  first(a: number, b: number): number {
    return this.#from(this.#head[hash(a, b) & this.#mask]!, a, b);
  }

  /** The next one after `slot`, or -1. */
  after(slot: number): number {
    return this.#from(this.#next[slot]!, this.#a[slot]!, this.#b[slot]!);
  }

  #from(start: number, a: number, b: number): number {
    let at = start;
    while (at !== -1 && (this.#a[at] !== a || this.#b[at] !== b)) at = this.#next[at]!;
    return at;
  }
}

function hash(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}
