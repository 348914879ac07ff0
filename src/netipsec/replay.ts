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

  #block(seq: number): number {
    return Math.floor(seq / 32);
  }
}
