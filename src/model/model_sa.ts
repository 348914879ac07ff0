// SPDX-License-Identifier: BSD-2-Clause
import {
  MATCH_BUCKETS,
  MATCH_IDX,
  MATCH_SA,
  MATCH_V6,
  MATCH_WAYS,
  matchBucket0,
  matchBucket1,
  SA_BYTES_HI,
  SA_BYTES_LO,
  SA_CLEAR,
  SA_COUNT,
  SA_CTRL,
  SA_DST,
  SA_DST1,
  SA_DST3,
  SA_ERRORS,
  SA_ESN,
  SA_GMAC,
  SA_IDX,
  SA_KEY0,
  SA_KEY256,
  SA_PACKET,
  SA_PACKETS_HI,
  SA_PACKETS_LO,
  SA_PARITY,
  SA_PARITY_MASK,
  SA_READ,
  SA_REPLAYS,
  SA_SALT,
  SA_SEEN0,
  SA_SEEN3,
  SA_SEQ_HI,
  SA_SEQ_LO,
  SA_SPI,
  SA_VALID,
  SA_WINDOW,
  SA_WINDOW_MAX,
  SA_WRITE,
} from '../dev/nic/nic_regs.ts';

/** One security association in the card. */
export interface ModelSa {
  /** Its row does not agree with its parity. */
  readonly damaged: boolean;
  readonly esn: boolean;
  readonly gmac: boolean;
  /** ESP header, trailer, numbers and window are the card's. */
  readonly packet: boolean;
  /** Of transmit under packet offload. */
  readonly spi: number;
  /** Of receive with ESN or packet offload, packets. */
  readonly window: number;
  /** 16 or 32 bytes. */
  readonly key: Uint8Array;
  /** 4 bytes. */
  readonly salt: Uint8Array;
}

interface Match {
  readonly spi: number;
  /** Family and destination. */
  readonly dst: string;
  readonly sa: number;
}

/**
 * What the card counts for an SA, and where its numbers are: the highest seen (receive, ESN or packet
 * offload), the last given (transmit, packet offload).
 */
export interface ModelSaState {
  packets: number;
  bytes: number;
  errors: number;
  seqHi: number;
  seqLo: number;
  /** Bit i: the number i below the highest was seen. */
  seen: bigint;
  replays: number;
}

function newState(): ModelSaState {
  return { packets: 0, bytes: 0, errors: 0, seqHi: 0, seqLo: 0, seen: 0n, replays: 0 };
}

/** The match table's name for a destination: words of its address, IPv4 in the first. */
export function matchDst(isV6: boolean, dst: Uint32Array): string {
  return isV6 ? `6 ${dst.join(' ')}` : `4 ${dst[0]}`;
}

/** The SA table of one direction, its register window, and on the receive side the match table. */
export class ModelSaTable {
  readonly #isRx: boolean;
  readonly #entries: (ModelSa | null)[] = new Array<ModelSa | null>(SA_COUNT).fill(null);
  readonly #match: (Match | null)[] = new Array<Match | null>(MATCH_BUCKETS * MATCH_WAYS).fill(
    null,
  );
  readonly #states: ModelSaState[] = Array.from({ length: SA_COUNT }, newState);
  #ctrl = 0;
  #spi = 0;
  readonly #dst = new Uint32Array(4);
  #matchSa = 0;
  #window = 0;
  #seqHi = 0;
  #seqLo = 0;
  #flip = 0;
  #seen = 0n;
  /** As READ found it. */
  #read: ModelSaState = newState();
  /** Salt, then key: write-only, zeroed by each commit. */
  readonly #secret: Uint8Array = new Uint8Array(36);

  constructor(isRx: boolean) {
    this.#isRx = isRx;
  }

  /** Is there such a register in the window? */
  has(offset: number): boolean {
    if ((offset & 3) !== 0) return false;
    if (offset <= SA_SALT || (offset >= SA_KEY0 && offset < SA_SPI)) return true;
    if ((offset >= SA_PACKETS_LO && offset <= SA_ERRORS) || offset === SA_PARITY) return true;
    if (offset === SA_SPI || offset === SA_SEQ_LO || offset === SA_SEQ_HI) return true;
    if (this.#isRx && offset >= SA_SEEN0 && offset <= SA_REPLAYS) return true;
    if (!this.#isRx || offset < SA_SPI || offset >= SA_PACKETS_LO) return false;
    return offset <= SA_DST || offset >= MATCH_IDX;
  }

  write(offset: number, value: number): void {
    if (offset === SA_IDX) this.#commit(value);
    else if (offset === SA_CTRL)
      this.#ctrl = value & (SA_VALID | SA_KEY256 | SA_ESN | SA_GMAC | SA_PACKET);
    else if (offset === SA_SALT) this.#setSecret(0, value);
    else if (offset === SA_SPI) this.#spi = value;
    else if (offset === SA_DST) this.#dst[0] = value;
    else if (offset >= SA_DST1 && offset <= SA_DST3) this.#dst[1 + (offset - SA_DST1) / 4] = value;
    else if (offset === MATCH_SA) this.#matchSa = (value & (MATCH_V6 | (SA_COUNT - 1))) >>> 0;
    else if (offset === MATCH_IDX) this.#commitMatch(value);
    else if (offset === SA_WINDOW) this.#window = value & SA_WINDOW_MAX;
    else if (offset === SA_PARITY) this.#flip = value & SA_PARITY_MASK;
    else if (offset === SA_SEQ_LO) this.#seqLo = value;
    else if (offset === SA_SEQ_HI) this.#seqHi = value;
    else if (offset >= SA_SEEN0 && offset <= SA_SEEN3) this.#setSeen(offset - SA_SEEN0, value);
    else if (offset < SA_SPI) this.#setSecret(4 + offset - SA_KEY0, value);
  }

  /** Keys and salt read 0, and so do the index registers: a commit is done at once. */
  read(offset: number): number {
    if (offset === SA_CTRL) return this.#ctrl;
    if (offset === SA_SPI) return this.#spi;
    if (offset === SA_DST) return this.#dst[0]!;
    if (offset >= SA_DST1 && offset <= SA_DST3) return this.#dst[1 + (offset - SA_DST1) / 4]!;
    if (offset === SA_WINDOW) return this.#window;
    if (offset === SA_PARITY) return this.#flip;
    return offset === MATCH_SA ? this.#matchSa : this.#readState(offset);
  }

  #readState(offset: number): number {
    const s = this.#read;
    if (offset >= SA_SEEN0 && offset <= SA_SEEN3)
      return Number((s.seen >> BigInt(8 * (offset - SA_SEEN0))) & 0xffff_ffffn);
    switch (offset) {
      case SA_SEQ_LO:
        return s.seqLo;
      case SA_SEQ_HI:
        return s.seqHi;
      case SA_REPLAYS:
        return s.replays >>> 0;
      case SA_PACKETS_LO:
        return s.packets >>> 0;
      case SA_PACKETS_HI:
        return Math.floor(s.packets / 2 ** 32);
      case SA_BYTES_LO:
        return s.bytes >>> 0;
      case SA_BYTES_HI:
        return Math.floor(s.bytes / 2 ** 32);
      default:
        return offset === SA_ERRORS ? s.errors >>> 0 : 0;
    }
  }

  #setSeen(at: number, value: number): void {
    const shift = BigInt(8 * at);
    this.#seen = (this.#seen & ~(0xffff_ffffn << shift)) | (BigInt(value >>> 0) << shift);
  }

  #setSecret(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.#secret[at + i] = value >>> (8 * i);
  }

  #commit(value: number): void {
    const i = value & (SA_COUNT - 1);
    if ((value & (SA_CLEAR | SA_WRITE)) === 0) {
      if ((value & SA_READ) !== 0) this.#read = { ...this.#states[i]! };
      return;
    }
    const isClear = (value & SA_CLEAR) !== 0;
    if (isClear) {
      this.#entries[i] = null;
      this.#ctrl = 0;
      this.#window = 0;
      if (!this.#isRx) this.#spi = 0;
    } else {
      const keyBytes = (this.#ctrl & SA_KEY256) !== 0 ? 32 : 16;
      const entry = {
        damaged: this.#flip !== 0,
        esn: (this.#ctrl & SA_ESN) !== 0,
        gmac: (this.#ctrl & SA_GMAC) !== 0,
        packet: (this.#ctrl & SA_PACKET) !== 0,
        spi: this.#spi,
        window: this.#window,
        salt: this.#secret.slice(0, 4),
        key: this.#secret.slice(4, 4 + keyBytes),
      };
      this.#entries[i] = entry.damaged || (this.#ctrl & SA_VALID) !== 0 ? entry : null;
    }
    const { seqHi, seqLo, seen } = this.#takeNumbers();
    this.#states[i] = { ...newState(), seqHi, seqLo, seen };
    this.#flip = 0;
    this.#secret.fill(0);
  }

  /** What was written of them; the registers are zero then. */
  #takeNumbers(): Pick<ModelSaState, 'seqHi' | 'seqLo' | 'seen'> {
    const numbers = { seqHi: this.#seqHi, seqLo: this.#seqLo, seen: this.#seen };
    this.#seqHi = 0;
    this.#seqLo = 0;
    this.#seen = 0n;
    return numbers;
  }

  #commitMatch(value: number): void {
    const slot = value & (MATCH_BUCKETS * MATCH_WAYS - 1);
    if ((value & SA_CLEAR) !== 0) this.#match[slot] = null;
    else if ((value & SA_WRITE) !== 0) {
      const dst = matchDst((this.#matchSa & MATCH_V6) !== 0, this.#dst);
      this.#match[slot] = { spi: this.#spi, dst, sa: this.#matchSa & (SA_COUNT - 1) };
    }
  }

  /** The SA at an index; null when there is none. */
  get(index: number): ModelSa | null {
    return this.#entries[index] ?? null;
  }

  /** Counters of the SA at an index, to be counted in. */
  state(index: number): ModelSaState {
    return this.#states[index]!;
  }

  /** Index of the SA for (destination, SPI), or -1; dst as matchDst() has it. */
  lookup(spi: number, dst: string): number {
    const first = this.#lookIn(matchBucket0(spi), spi, dst);
    return first >= 0 ? first : this.#lookIn(matchBucket1(spi), spi, dst);
  }

  #lookIn(bucket: number, spi: number, dst: string): number {
    for (let way = 0; way < MATCH_WAYS; way++) {
      const m = this.#match[bucket * MATCH_WAYS + way];
      if (m && m.spi === spi && m.dst === dst) return m.sa;
    }
    return -1;
  }

  scrub(): void {
    this.#entries.fill(null);
    this.#match.fill(null);
    for (let i = 0; i < SA_COUNT; i++) this.#states[i] = newState();
    this.#secret.fill(0);
    this.#ctrl = 0;
    this.#spi = 0;
    this.#dst.fill(0);
    this.#matchSa = 0;
    this.#window = 0;
    this.#takeNumbers();
    this.#flip = 0;
    this.#read = newState();
  }
}
