// SPDX-License-Identifier: BSD-2-Clause
import { sameWords } from '../header/ip_addr.ts';
import { HashChains, hashAddr, hashWord } from './hash_chains.ts';
import type { Sa } from './sa.ts';

/** Finds the SAs that are alive: by destination and SPI, and by their ends, the newest first. */
export class SaIndex {
  readonly #slots: readonly (Sa | null)[];
  readonly #bySpi: HashChains;
  readonly #byEnds: HashChains;
  readonly #byReqid: HashChains;

  /** slots: whose SAs these are, by handle. */
  constructor(slots: readonly (Sa | null)[], capacity: number) {
    this.#slots = slots;
    this.#bySpi = new HashChains(capacity);
    this.#byEnds = new HashChains(capacity);
    this.#byReqid = new HashChains(capacity);
  }

  insert(sa: Sa): void {
    this.#bySpi.insert(hashSpi(sa.dstWords, sa.spi), sa.handle);
    this.#insertEnds(sa);
  }

  remove(sa: Sa): void {
    this.#bySpi.remove(sa.handle);
    this.#removeEnds(sa);
  }

  #insertEnds(sa: Sa): void {
    const ends = hashEnds(sa.srcWords, sa.dstWords);
    this.#byEnds.insert(ends, sa.handle);
    this.#byReqid.insert(hashWord(ends, sa.reqid), sa.handle);
  }

  #removeEnds(sa: Sa): void {
    this.#byEnds.remove(sa.handle);
    this.#byReqid.remove(sa.handle);
  }

  /** Puts a removed SA where it was: behind `newer`, its ends' newer SAs. */
  restore(sa: Sa, newer: readonly Sa[]): void {
    this.insert(sa);
    for (const n of newer.toReversed()) {
      if (!n.alive) continue;
      this.#removeEnds(n);
      this.#insertEnds(n);
    }
  }

  /** RFC 4301 §4.1: a received packet's SA. */
  lookup(family: 4 | 6, dst: Uint32Array, spi: number, proto: number): Sa | null {
    const chains = this.#bySpi;
    for (let i = chains.first(hashSpi(dst, spi)); i !== -1; i = chains.after(i)) {
      const sa = this.#slots[i]!;
      if (sa.spi !== spi || sa.family !== family || sa.proto !== proto) continue;
      if (sameWords(sa.dstWords, dst)) return sa;
    }
    return null;
  }

  /**
   * The outbound SA that is to send between two ends; reqid 0 takes any. The newest one in good
   * health; preferOld: the oldest.
   */
  select(
    family: 4 | 6,
    src: Uint32Array,
    dst: Uint32Array,
    tunnel: boolean,
    reqid: number,
    proto: number,
    preferOld: boolean,
  ): Sa | null {
    const chains = reqid === 0 ? this.#byEnds : this.#byReqid;
    const ends = hashEnds(src, dst);
    const start = chains.first(reqid === 0 ? ends : hashWord(ends, reqid));
    let best: Sa | null = null;
    for (let i = start; i !== -1; i = chains.after(i)) {
      const sa = this.#slots[i]!;
      if (sa.direction !== 'out' || sa.proto !== proto || !hasMode(sa, tunnel)) continue;
      if (reqid !== 0 && sa.reqid !== reqid) continue;
      if (!hasEnds(sa, family, src, dst)) continue;
      if (preferOld) best = sa;
      else if (!sa.dying) return sa;
      else best ??= sa;
    }
    return best;
  }

  /** All between two ends, newest first. */
  between(family: 4 | 6, src: Uint32Array, dst: Uint32Array): Sa[] {
    const found: Sa[] = [];
    const chains = this.#byEnds;
    for (let i = chains.first(hashEnds(src, dst)); i !== -1; i = chains.after(i)) {
      const sa = this.#slots[i]!;
      if (hasEnds(sa, family, src, dst)) found.push(sa);
    }
    return found;
  }
}

function hashSpi(dst: Uint32Array, spi: number): number {
  return hashWord(hashAddr(0, dst), spi);
}

function hashEnds(src: Uint32Array, dst: Uint32Array): number {
  return hashAddr(hashAddr(0, src), dst);
}

function hasMode(sa: Sa, tunnel: boolean): boolean {
  return sa.mode === 'any' || (sa.mode === 'tunnel') === tunnel;
}

function hasEnds(sa: Sa, family: 4 | 6, src: Uint32Array, dst: Uint32Array): boolean {
  return sa.family === family && sameWords(sa.dstWords, dst) && sameWords(sa.srcWords, src);
}
