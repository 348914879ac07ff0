// SPDX-License-Identifier: BSD-2-Clause
import { timeNs } from './timer.ts';

/** Times of loops, a column for each loop by its name: nanoseconds per packet, one number a batch. */
export class Columns {
  readonly #ns = new Map<string, number[]>();
  readonly #timerNs: number;
  readonly #packets: number;

  constructor(timerNs: number, packets: number) {
    this.#timerNs = timerNs;
    this.#packets = packets;
  }

  /** Another batch of a loop. */
  time(name: string, f: () => void): void {
    this.add(name, timeNs(this.#timerNs, f) / this.#packets);
  }

  add(name: string, ns: number): void {
    const column = this.#ns.get(name);
    if (column === undefined) this.#ns.set(name, [ns]);
    else column.push(ns);
  }

  /** Forgets what was measured while the compiler worked. */
  clear(): void {
    this.#ns.clear();
  }

  /** A loop's batches, less the quickest of each loop whose work is in it and is not meant. */
  less(name: string, ...others: string[]): number[] {
    const known = others.reduce((sum, other) => sum + Math.min(...this.#of(other)), 0);
    return this.#of(name).map((ns) => ns - known);
  }

  #of(name: string): readonly number[] {
    const column = this.#ns.get(name);
    if (column === undefined) throw new Error(`'${name}' was not timed`);
    return column;
  }
}
