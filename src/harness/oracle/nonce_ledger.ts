// SPDX-License-Identifier: BSD-2-Clause

/**
 * Remembers every 64-bit number it is shown, exactly: sequence numbers of an SA, IVs of a key.
 *
 * Numbers lie in pages of 4096 bits (512 bytes), made when first touched; a page that is full shrinks
 * to one shared constant. Counters, as IPsec's are, keep one or two pages alive. Memory is bounded by
 * PAGES_MAX pages, 16 MiB of bits, with numbers that are scattered; past it the ledger says FULL
 * rather than guess.
 *
 * A frame seen again on a wire is not an encryption, so each number has a fingerprint of its
 * ciphertext, remembered for the last 16384 numbers: the same number with the same bytes is AGAIN.
 */

export const FRESH = 0;
export const AGAIN = 1;
export const REUSED = 2;
export const FULL = 3;

const PAGE_BITS = 4096;
const PAGES_MAX = 32768;
const RECENT = 16384;
const COMPLETE = new Uint32Array(0);

interface Page {
  bits: Uint32Array;
  set: number;
}

export class NonceLedger {
  readonly #pages = new Map<number, Page>();
  #live = 0;
  /** Last numbers, by their low bits: high word, low word, fingerprint, used. */
  readonly #recent = new Uint32Array(RECENT * 4);
  #page: Page | undefined;
  #pageKey = -1;

  /** Bytes held now, for the report. */
  get bytes(): number {
    return this.#live * (PAGE_BITS / 8) + this.#recent.byteLength;
  }

  /** Notes (hi, lo), the u32 halves of a number, used for bytes with this fingerprint (u32). */
  note(hi: number, lo: number, fingerprint: number): number {
    // Below 2^52: a page is named by the number's upper 52 bits.
    const key = hi * (0x1_0000_0000 / PAGE_BITS) + Math.floor(lo / PAGE_BITS);
    if (key !== this.#pageKey) {
      const page = this.#pages.get(key) ?? this.#newPage(key);
      if (page === undefined) return FULL;
      this.#page = page;
      this.#pageKey = key;
    }
    const page = this.#page!;
    const bit = lo % PAGE_BITS;
    const slot = (lo % RECENT) * 4;
    const recent = this.#recent;
    if (page.bits === COMPLETE || (page.bits[bit >>> 5]! & (1 << (bit & 31))) !== 0) {
      const same =
        recent[slot] === hi &&
        recent[slot + 1] === lo &&
        recent[slot + 2] === fingerprint >>> 0 &&
        recent[slot + 3] === 1;
      return same ? AGAIN : REUSED;
    }
    page.bits[bit >>> 5]! |= 1 << (bit & 31);
    page.set++;
    if (page.set === PAGE_BITS) {
      page.bits = COMPLETE;
      this.#live--;
    }
    recent[slot] = hi;
    recent[slot + 1] = lo;
    recent[slot + 2] = fingerprint;
    recent[slot + 3] = 1;
    return FRESH;
  }

  #newPage(key: number): Page | undefined {
    if (this.#live === PAGES_MAX) return undefined;
    const page = { bits: new Uint32Array(PAGE_BITS / 32), set: 0 };
    this.#pages.set(key, page);
    this.#live++;
    return page;
  }
}
