// SPDX-License-Identifier: BSD-2-Clause
import { GCProfiler } from 'node:v8';

/** What a row of batches leaves to the garbage collector, and the time that takes. */
export class HeapWatch {
  readonly #bytes: number[] = [];
  #collector = new GCProfiler();
  #gcMs = 0;
  #packets = 0;
  #before = 0;

  begin(): void {
    this.#collector = new GCProfiler();
    this.#collector.start();
    this.#before = process.memoryUsage().heapUsed;
  }

  /** Ends a batch of so many packets. */
  end(packets: number): void {
    let bytes = process.memoryUsage().heapUsed - this.#before;
    for (const { cost, beforeGC, afterGC } of this.#collector.stop().statistics) {
      bytes += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize;
      this.#gcMs += cost / 1000;
    }
    this.#bytes.push(bytes / packets);
    this.#packets += packets;
  }

  /**
   * Bytes per packet of the batch with the fewest (what packets leave is in every batch, what the
   * compiler leaves is not), and milliseconds of all collections per packet.
   */
  result(): { heapBytes: number; gcMs: number } {
    return { heapBytes: Math.max(0, Math.min(...this.#bytes)), gcMs: this.#gcMs / this.#packets };
  }
}
