// SPDX-License-Identifier: BSD-2-Clause
import {
  MATCH_BUCKETS,
  MATCH_IDX,
  MATCH_SA,
  MATCH_WAYS,
  matchBucket0,
  matchBucket1,
  SA_CLEAR,
  SA_COUNT,
  SA_CTRL,
  SA_DST,
  SA_ESN,
  SA_IDX,
  SA_KEY0,
  SA_KEY256,
  SA_SALT,
  SA_SPI,
  SA_VALID,
  SA_WRITE,
} from '../dev/nic/nic_regs.ts';

/** One security association in the card. */
export interface ModelSa {
  readonly esn: boolean;
  /** 16 or 32 bytes. */
  readonly key: Uint8Array;
  /** 4 bytes. */
  readonly salt: Uint8Array;
}

interface Match {
  readonly spi: number;
  readonly dst: number;
  readonly sa: number;
}

/** The SA table of one direction, its register window, and on the receive side the match table. */
export class ModelSaTable {
  readonly #isRx: boolean;
  readonly #entries: (ModelSa | null)[] = new Array<ModelSa | null>(SA_COUNT).fill(null);
  readonly #match: (Match | null)[] = new Array<Match | null>(MATCH_BUCKETS * MATCH_WAYS).fill(
    null,
  );
  #ctrl = 0;
  #spi = 0;
  #dst = 0;
  #matchSa = 0;
  /** Salt, then key: write-only, zeroed by each commit. */
  readonly #secret: Uint8Array = new Uint8Array(36);

  constructor(isRx: boolean) {
    this.#isRx = isRx;
  }

  /** Is there such a register in the window? */
  has(offset: number): boolean {
    if ((offset & 3) !== 0) return false;
    if (offset <= SA_SALT || (offset >= SA_KEY0 && offset < SA_SPI)) return true;
    return this.#isRx && (offset <= SA_DST || offset === MATCH_IDX || offset === MATCH_SA);
  }

  write(offset: number, value: number): void {
    if (offset === SA_IDX) this.#commit(value);
    else if (offset === SA_CTRL) this.#ctrl = value & (SA_VALID | SA_KEY256 | SA_ESN);
    else if (offset === SA_SALT) this.#setSecret(0, value);
    else if (offset === SA_SPI) this.#spi = value;
    else if (offset === SA_DST) this.#dst = value;
    else if (offset === MATCH_SA) this.#matchSa = value & (SA_COUNT - 1);
    else if (offset === MATCH_IDX) this.#commitMatch(value);
    else this.#setSecret(4 + offset - SA_KEY0, value);
  }

  /** Keys and salt read 0, and so do the index registers: a commit is done at once. */
  read(offset: number): number {
    if (offset === SA_CTRL) return this.#ctrl;
    if (offset === SA_SPI) return this.#spi;
    if (offset === SA_DST) return this.#dst;
    return offset === MATCH_SA ? this.#matchSa : 0;
  }

  #setSecret(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.#secret[at + i] = value >>> (8 * i);
  }

  #commit(value: number): void {
    const i = value & (SA_COUNT - 1);
    if ((value & SA_CLEAR) !== 0) this.#entries[i] = null;
    else if ((value & SA_WRITE) !== 0) {
      const keyBytes = (this.#ctrl & SA_KEY256) !== 0 ? 32 : 16;
      const entry = {
        esn: (this.#ctrl & SA_ESN) !== 0,
        salt: this.#secret.slice(0, 4),
        key: this.#secret.slice(4, 4 + keyBytes),
      };
      this.#entries[i] = (this.#ctrl & SA_VALID) !== 0 ? entry : null;
    } else return;
    this.#secret.fill(0);
  }

  #commitMatch(value: number): void {
    const slot = value & (MATCH_BUCKETS * MATCH_WAYS - 1);
    if ((value & SA_CLEAR) !== 0) this.#match[slot] = null;
    else if ((value & SA_WRITE) !== 0)
      this.#match[slot] = { spi: this.#spi, dst: this.#dst, sa: this.#matchSa };
  }

  /** The SA at an index; null when there is none. */
  get(index: number): ModelSa | null {
    return this.#entries[index] ?? null;
  }

  /** Index of the SA for (SPI, destination), or -1. */
  lookup(spi: number, dst: number): number {
    const first = this.#lookIn(matchBucket0(spi), spi, dst);
    return first >= 0 ? first : this.#lookIn(matchBucket1(spi), spi, dst);
  }

  #lookIn(bucket: number, spi: number, dst: number): number {
    for (let way = 0; way < MATCH_WAYS; way++) {
      const m = this.#match[bucket * MATCH_WAYS + way];
      if (m && m.spi === spi && m.dst === dst) return m.sa;
    }
    return -1;
  }

  scrub(): void {
    this.#entries.fill(null);
    this.#match.fill(null);
    this.#secret.fill(0);
    this.#ctrl = 0;
    this.#spi = 0;
    this.#dst = 0;
    this.#matchSa = 0;
  }
}
