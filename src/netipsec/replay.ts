// SPDX-License-Identifier: BSD-2-Clause
/**
 * The receiver's window of sequence numbers, RFC 4303 §3.4.3 and Appendix A.
 *
 *         too old        |<------ sizePackets ------>|   new
 *     ───────────────────┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴─┴──────────
 *                                                    ^ top, highest number seen
 *
 * Numbers are whole Numbers up to 2^53; without ESN they stay below 2^32. Bit n % sizePackets says
 * that n was seen. Ask high() and check() before the crypto, call update() after the ICV was good.
 */
export class ReplayWindow {
  /** 0: no check is done. */
  readonly sizePackets: number;
  /** Highest sequence number accepted so far. */
  top = 0;
  readonly #bits: Uint32Array;

  constructor(sizePackets: number) {
    this.sizePackets = sizePackets;
    this.#bits = new Uint32Array((sizePackets + 31) >>> 5);
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
    const bit = seq % this.sizePackets;
    return (this.#bits[bit >>> 5]! & (1 << (bit & 31))) === 0;
  }

  /** The packet with this number is authentic: note it. Only after check() said yes. */
  update(seq: number): void {
    const size = this.sizePackets;
    if (size === 0) {
      if (seq > this.top) this.top = seq;
      return;
    }
    if (seq > this.top) {
      if (seq - this.top >= size) this.#bits.fill(0);
      else for (let n = this.top + 1; n < seq; n++) this.#clear(n % size);
      this.top = seq;
    }
    const bit = seq % size;
    this.#bits[bit >>> 5]! |= 1 << (bit & 31);
  }

  #clear(bit: number): void {
    this.#bits[bit >>> 5]! &= ~(1 << (bit & 31));
  }
}
