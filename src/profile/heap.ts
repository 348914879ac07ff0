// SPDX-License-Identifier: BSD-2-Clause
import { PerformanceObserver } from 'node:perf_hooks';

/** What a row of batches leaves to the garbage collector, and the time that takes. */
export class HeapWatch {
  readonly #bytes: number[] = [];
  readonly #observer: PerformanceObserver;
  #gcMs = 0;
  #before = 0;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#gcMs += entry.duration;
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  begin(): void {
    this.#before = process.memoryUsage().heapUsed;
  }

  /** Ends a batch of so many packets. */
  end(packets: number): void {
    const bytes = process.memoryUsage().heapUsed - this.#before;
    // A collection in between makes it less than nothing: says nothing.
    if (bytes >= 0) this.#bytes.push(bytes / packets);
  }

  /**
   * Median bytes per packet, and all collecting since the beginning, milliseconds. Waits one turn of
   * the event loop: that is when Node tells of collections.
   */
  async result(): Promise<{ heapBytes: number; gcMs: number }> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#observer.disconnect();
    const sorted = [...this.#bytes].sort((a, b) => a - b);
    return { heapBytes: sorted[sorted.length >> 1] ?? 0, gcMs: this.#gcMs };
  }
}
