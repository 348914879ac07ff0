// SPDX-License-Identifier: BSD-2-Clause
/**
 * Seeded random numbers: xoshiro128** (Blackman and Vigna), its state filled by splitmix32. For
 * faults, ids and test traffic; never for keys. Same seed, same sequence, on every machine.
 */
export class Rng {
  readonly #s: Uint32Array = new Uint32Array(4);

  constructor(seed: number) {
    let z = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      z = (z + 0x9e3779b9) >>> 0;
      let x = z ^ (z >>> 16);
      x = Math.imul(x, 0x21f0aaad);
      x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
      this.#s[i] = x ^ (x >>> 15);
    }
  }

  /** A generator in a known state: four words, not all zero. */
  static fromState(state: readonly number[]): Rng {
    const rng = new Rng(0);
    for (let i = 0; i < 4; i++) rng.#s[i] = state[i]!;
    return rng;
  }

  /** 32 random bits, as an unsigned number. */
  u32(): number {
    const s = this.#s;
    const s1 = s[1]!;
    const r = Math.imul(s1, 5);
    const result = Math.imul((r << 7) | (r >>> 25), 9) >>> 0;
    s[2]! ^= s[0]!;
    s[3]! ^= s1;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= s1 << 9;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** An integer of [0, n), n at most 2^32. */
  below(n: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * n);
  }

  /** True with the given probability, 0 … 1. Draws one number whatever the probability. */
  chance(probability: number): boolean {
    return this.u32() < probability * 0x1_0000_0000;
  }
}
