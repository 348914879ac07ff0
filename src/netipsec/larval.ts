// SPDX-License-Identifier: BSD-2-Clause
import { type IpAddr, ipAddrText } from '../header/ip_addr.ts';
import { secondsToCycles } from '../kern/clock.ts';
import { hashWord } from './hash_chains.ts';
import { SadbError } from './sadb_error.ts';

/** net.key.larval_lifetime of the BSDs. */
const LARVAL_SECONDS = 30;
const MIN_SPI = 256;
const SPIS = 0x1_0000_0000 - MIN_SPI;
const TRIES = 1000;

/** SPIs given out for SAs that key management is still to add: larval state. */
export class Larvals {
  /** Cycle until which each is reserved. */
  readonly #until = new Map<string, number>();
  #last = 1;

  /** An SPI that no SA and no larva has. Throws SadbError. */
  reserve(dst: IpAddr, proto: number, cycle: number, isTaken: (spi: number) => boolean): number {
    for (const [key, until] of this.#until) if (until <= cycle) this.#until.delete(key);
    for (let i = 0; i < TRIES; i++) {
      this.#last = hashWord(this.#last, 0x5bd1e995) >>> 0;
      const spi = MIN_SPI + (this.#last % SPIS);
      const key = keyOf(dst, spi, proto);
      if (this.#until.has(key) || isTaken(spi)) continue;
      this.#until.set(key, cycle + secondsToCycles(LARVAL_SECONDS));
      return spi;
    }
    throw new SadbError('full', 'no SPI is free for this destination');
  }

  has(dst: IpAddr, spi: number, proto: number, cycle: number): boolean {
    return (this.#until.get(keyOf(dst, spi, proto)) ?? 0) > cycle;
  }

  /** The SA is there. */
  delete(dst: IpAddr, spi: number, proto: number): void {
    if (this.#until.size > 0) this.#until.delete(keyOf(dst, spi, proto));
  }

  get size(): number {
    return this.#until.size;
  }
}

function keyOf(dst: IpAddr, spi: number, proto: number): string {
  return `${ipAddrText(dst)} ${spi} ${proto}`;
}
