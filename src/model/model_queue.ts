// SPDX-License-Identifier: BSD-2-Clause
import { RSS_ENTRIES, rssHash } from '../dev/nic/nic_regs.ts';
import { ModelRing } from './model_ring.ts';

/** The rings of one queue of one direction: descriptors, completions. */
export class ModelQueue {
  readonly ring: ModelRing = new ModelRing(false);
  readonly done: ModelRing = new ModelRing(true);

  /** A descriptor, and room for its completion. */
  get isReady(): boolean {
    return this.isOn && this.ring.used > 0 && !this.done.isFull;
  }

  get isOn(): boolean {
    return this.ring.enabled && this.done.enabled;
  }
}

/** Receive-side scaling: which queue an SPI goes to. */
export class ModelRss {
  readonly #table: Uint8Array = new Uint8Array(RSS_ENTRIES);
  readonly #queues: readonly ModelQueue[];

  constructor(queues: readonly ModelQueue[]) {
    this.#queues = queues;
  }

  /** at: byte offset of a register, each with four entries. */
  write(at: number, value: number): void {
    for (let i = 0; i < 4; i++)
      this.#table[at + i] = (value >>> (8 * i)) & (this.#queues.length - 1);
  }

  read(at: number): number {
    let word = 0;
    for (let i = 3; i >= 0; i--) word = (word << 8) | this.#table[at + i]!;
    return word >>> 0;
  }

  queueOf(spi: number): ModelQueue {
    const queue = this.#queues[this.#table[rssHash(spi)]!]!;
    return queue.isOn ? queue : this.#queues[0]!;
  }

  reset(): void {
    this.#table.fill(0);
  }
}
