// SPDX-License-Identifier: BSD-2-Clause
/** The anti-replay rule of RFC 4303 §3.4.3 in so many words: every number ever seen is kept. */
export class RefReplay {
  readonly #size: number;
  readonly #seen = new Set<number>();
  #top = 0;

  constructor(size: number) {
    this.#size = size;
  }

  accepts(seq: number): boolean {
    if (this.#size === 0) return true;
    return seq > 0 && seq > this.#top - this.#size && !this.#seen.has(seq);
  }

  note(seq: number): void {
    this.#seen.add(seq);
    this.#top = Math.max(this.#top, seq);
  }
}
