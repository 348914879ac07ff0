// SPDX-License-Identifier: BSD-2-Clause
/**
 * Hash chains over the slots of a table that somebody else holds: finds the slots of a hash without
 * allocating. Entries come newest first; whether one is what was sought its table must say.
 */
export class HashChains {
  #mask: number;
  #head: Int32Array;
  #next: Int32Array;
  #hash: Int32Array;

  /** Slots are below `capacity`, or it grows when one is not. */
  constructor(capacity = 16) {
    let buckets = 16;
    while (buckets < capacity) buckets *= 2;
    this.#mask = buckets - 1;
    this.#head = new Int32Array(buckets).fill(-1);
    this.#next = new Int32Array(buckets).fill(-1);
    this.#hash = new Int32Array(buckets);
  }

  insert(hash: number, slot: number): void {
    if (slot > this.#mask) this.#grow(slot);
    const h = hash & this.#mask;
    this.#hash[slot] = hash;
    this.#next[slot] = this.#head[h]!;
    this.#head[h] = slot;
  }

  remove(slot: number): void {
    const h = this.#hash[slot]! & this.#mask;
    let at = this.#head[h]!;
    if (at === slot) {
      this.#head[h] = this.#next[slot]!;
      return;
    }
    while (this.#next[at] !== slot) at = this.#next[at]!;
    this.#next[at] = this.#next[slot]!;
  }

  /** The newest slot of this hash, or -1. */
  first(hash: number): number {
    return this.#from(this.#head[hash & this.#mask]!, hash | 0);
  }

  /** The next older one of the same hash, or -1. */
  after(slot: number): number {
    return this.#from(this.#next[slot]!, this.#hash[slot]!);
  }

  #from(start: number, hash: number): number {
    let at = start;
    while (at !== -1 && this.#hash[at] !== hash) at = this.#next[at]!;
    return at;
  }

  #grow(slot: number): void {
    const old = this.#head;
    const next = this.#next;
    const hash = this.#hash;
    let buckets = old.length;
    while (buckets <= slot) buckets *= 2;
    this.#mask = buckets - 1;
    this.#head = new Int32Array(buckets).fill(-1);
    this.#next = new Int32Array(buckets).fill(-1);
    this.#hash = new Int32Array(buckets);
    for (let i = 0; i < old.length; i++) {
      // Oldest first, so that the newest is at the head again.
      const chain: number[] = [];
      for (let at = old[i]!; at !== -1; at = next[at]!) chain.push(at);
      for (let at = chain.pop(); at !== undefined; at = chain.pop()) this.insert(hash[at]!, at);
    }
  }
}

/** A hash with one more word in it. */
export function hashWord(h: number, word: number): number {
  const x = Math.imul(h ^ word, 0x9e3779b1);
  return x ^ (x >>> 15);
}

/** A hash with the four words of an address in it. */
export function hashAddr(h: number, w: Uint32Array): number {
  const { 1: w1, 2: w2, 3: w3 } = w;
  // Of IPv4 there is the first word alone.
  if ((w1! | w2! | w3!) === 0) return hashWord(h, w[0]!);
  const rest = Math.imul(w1!, 0x85ebca6b) ^ Math.imul(w2!, 0xc2b2ae35);
  return hashWord(h ^ rest ^ Math.imul(w3!, 0x27d4eb2f), w[0]!);
}
