// SPDX-License-Identifier: BSD-2-Clause
import type { NicBus } from '../dev/nic/nic_bus.ts';
import {
  CPL_ESP_SEEN,
  CPL_SECP,
  ESP_OFFSET_MIN,
  ICV_BYTES,
  ID_VALUE,
  NO_SA_IDX,
  REG_ID,
  RING_BASE_LO,
  RING_LOG2_SIZE,
  RING_RX,
  RING_RXC,
  RING_TAIL,
  RING_TX,
  RING_TXC,
  TXD_IPSEC,
} from '../dev/nic/nic_regs.ts';
import type { FrameStore } from './frame_store.ts';

const BLOCKS = [RING_TX, RING_RX, RING_TXC, RING_RXC];
const INDEX_MASK = 0xffff;

/**
 * A card that only completes, at once and without doing anything: what is left when a host is timed
 * on it is the host. It takes no key and checks nothing; frames come from, and go to, a FrameStore.
 */
export class NullCard implements NicBus {
  readonly arena: Uint8Array;
  /** Where sent frames go; null: nowhere. */
  store: FrameStore | null = null;
  /** Frames of a store that receive() has delivered. */
  delivered = 0;
  readonly #words: Uint32Array;
  /** By ring: first word, and tail as the driver last told it. */
  readonly #base = new Int32Array(BLOCKS.length);
  readonly #told = new Int32Array(BLOCKS.length);
  #log2 = 0;
  #txHead = 0;
  #rxHead = 0;

  constructor(arenaBytes: number) {
    this.arena = new Uint8Array(arenaBytes);
    this.#words = new Uint32Array(this.arena.buffer);
  }

  writeReg(offset: number, value: number): void {
    const block = (offset - RING_TX) >> 6;
    if (block < 0 || block >= BLOCKS.length) return;
    const register = offset & 63;
    if (register === RING_TAIL) this.#told[block] = value;
    else if (register === RING_BASE_LO) this.#base[block] = value >>> 2;
    else if (register === RING_LOG2_SIZE) this.#log2 = value;
  }

  /** A driver that waits for its descriptors finds them done. */
  readReg(offset: number): number {
    this.complete();
    return offset === REG_ID ? ID_VALUE : 0;
  }

  /** Completes what was sent, at most `max` descriptors. */
  complete(max = INDEX_MASK): void {
    const w = this.#words;
    const mask = (1 << this.#log2) - 1;
    const tail = this.#told[0]!;
    for (let n = 0; n < max && this.#txHead !== tail; n++) {
      const d = this.#base[0]! + (this.#txHead & mask) * 8;
      const c = this.#base[2]! + (this.#txHead & mask) * 4;
      const isOffloaded = (w[d + 2]! >>> 16) & TXD_IPSEC;
      if (this.store !== null) this.#keep(this.store, d, isOffloaded !== 0);
      w[c] = w[d + 5]!;
      w[c + 1] = (w[d + 2]! & 0xffff) | (w[d + 3]! << 16);
      w[c + 2] = isOffloaded === 0 ? 0 : CPL_SECP;
      w[c + 3] = this.#phase(this.#txHead);
      this.#txHead = (this.#txHead + 1) & INDEX_MASK;
    }
  }

  /** Completes `count` receive buffers with the store's next frames. */
  receive(store: FrameStore, count: number): void {
    const w = this.#words;
    const mask = (1 << this.#log2) - 1;
    const seen = CPL_SECP | CPL_ESP_SEEN | (ESP_OFFSET_MIN << 8);
    for (let n = 0; n < count && this.#rxHead !== this.#told[1]!; n++) {
      const i = this.delivered++;
      const b = this.#base[1]! + (this.#rxHead & mask) * 4;
      const c = this.#base[3]! + (this.#rxHead & mask) * 4;
      store.copyTo(i, w[b]!);
      const sa = store.sa[i]!;
      w[c] = w[b + 3]!;
      w[c + 1] = store.len[i]! | ((sa < 0 ? NO_SA_IDX : sa) << 16);
      w[c + 2] = sa < 0 ? 0 : seen;
      w[c + 3] = this.#phase(this.#rxHead);
      this.#rxHead = (this.#rxHead + 1) & INDEX_MASK;
    }
  }

  #keep(store: FrameStore, d: number, isOffloaded: boolean): void {
    const w = this.#words;
    const lenBytes = (w[d + 2]! & 0xffff) + (isOffloaded ? ICV_BYTES : 0);
    const at = w[d]!;
    store.put(this.arena.subarray(at, at + lenBytes), isOffloaded ? w[d + 3]! & 0xffff : -1);
  }

  #phase(index: number): number {
    return (((index >>> this.#log2) & 1) ^ 1) << 31;
  }
}
