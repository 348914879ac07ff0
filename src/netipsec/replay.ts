// SPDX-License-Identifier: BSD-2-Clause
/**
 * The receiver's window of sequence numbers, RFC 4303 §3.4.3 and Appendix A.
 *
 *         too old        |<------ sizePackets ------>|   new
 *     ───────────────────┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴──────────
 *                                                    ^ top, highest number seen
 *
 * Numbers are whole Numbers up to 2^53; without ESN they stay below 2^32. Who was seen stands in a
 * ring of blocks of 32 bits, one block more than the window at least (RFC 6479): a window that moves
 * clears whole blocks. Ask high() and check() before the crypto, update() after the ICV was good.
 */
export class ReplayWindow {
  /** 0: no check is done. */
  readonly sizePackets: number;
  /** Highest sequence number accepted so far. */
  top: number;
  readonly #blocks: Uint32Array;
  readonly #mask: number;

  /** With a top that is brought from elsewhere, all numbers up to it count as seen. */
  constructor(sizePackets: number, top = 0) {
    let blocks = 1;
    while (blocks * 32 < sizePackets + 32) blocks *= 2;
    this.sizePackets = sizePackets;
    this.top = top;
    this.#blocks = new Uint32Array(blocks);
    this.#mask = blocks - 1;
    if (top === 0) return;
    this.#blocks.fill(0xffff_ffff);
    this.#blocks[this.#block(top) & this.#mask] = (2 << (top & 31)) - 1;
  }

  /**
   * High half of the 64-bit number whose low half came in, guessed as RFC 4303 §A2.2 says;
   * -1 when it would lie before the first number ever sent.
   */
  high(seqLo: number): number {
    const topHi = Math.floor(this.top / 0x1_0000_0000);
    const topLo = this.top >>> 0;
    const bottom = topLo - this.sizePackets + 1;
    if (bottom >= 0) return seqLo >= bottom ? topHi : topHi + 1; // case A
    return seqLo >= bottom + 0x1_0000_0000 ? topHi - 1 : topHi; // case B: window spans two halves
  }

  /** May a packet with this number be new? */
  check(seq: number): boolean {
    if (this.sizePackets === 0) return true;
    // RFC 4303 §3.3.3: the first packet sent has number 1, so 0 is never valid.
    if (seq <= 0) return false;
    if (seq > this.top) return true;
    if (this.top - seq >= this.sizePackets) return false;
    return (this.#blocks[this.#block(seq) & this.#mask]! & (1 << (seq & 31))) === 0;
  }

  /** The packet with this number is authentic: note it. Only after check() said yes. */
  update(seq: number): void {
    if (seq > this.top) {
      const from = this.#block(this.top);
      const n = Math.min(this.#block(seq) - from, this.#blocks.length);
      for (let i = 1; i <= n; i++) this.#blocks[(from + i) & this.#mask] = 0;
      this.top = seq;
    }
    this.#blocks[this.#block(seq) & this.#mask]! |= 1 << (seq & 31);
  }

  /** Bit i of `words`: the number top - i was seen. A window without a size notes nothing. */
  seen(words: Uint32Array): void {
    words.fill(0);
    const n = Math.min(words.length * 32, this.sizePackets, this.top + 1);
    for (let i = 0; i < n; i++) if (!this.check(this.top - i)) words[i >>> 5]! |= 1 << (i & 31);
  }

  /** Goes on where a card was: seen as seen() has it; what is older counts as seen. */
  resume(top: number, seen: Uint32Array): void {
    this.top = top;
    this.#blocks.fill(0xffff_ffff);
    const last = this.#block(top);
    this.#blocks[last & this.#mask] = (2 << (top & 31)) - 1;
    for (let i = 0; i < seen.length * 32 && i <= top; i++) {
      if ((seen[i >>> 5]! & (1 << (i & 31))) !== 0) continue;
      const seq = top - i;
      if (last - this.#block(seq) >= this.#blocks.length) break;
      this.#blocks[this.#block(seq) & this.#mask]! &= ~(1 << (seq & 31));
    }
  }

  /** Where the window was is not known any more: nothing is new to it again. */
  close(): void {
    this.top = Number.MAX_SAFE_INTEGER;
  }

  #block(seq: number): number {
    return Math.floor(seq / 32);
  }
}
