// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { BUFFERS_AT, CardHost, type Completion, REG } from '../../test/rtl/card/card_host.ts';
import { type Config, TW, World } from '../../test/sim/world.ts';

/** More than any stimulus needs: a card that takes longer hangs. */
const CYCLES_MAX = 1_500_000;

/** A world that ends with an error when it runs for too long. */
class BoundedWorld extends World {
  override run(maxCycles: number): number {
    if (this.cycle > CYCLES_MAX) throw new Error(`not done in ${CYCLES_MAX} cycles`);
    return super.run(maxCycles);
  }

  override tryRead(card: number, offset: number): number {
    if (this.cycle > CYCLES_MAX) throw new Error(`not done in ${CYCLES_MAX} cycles`);
    return super.tryRead(card, offset);
  }

  override read(card: number, offset: number): number {
    if (this.tryRead(card, offset) !== 0) throw new Error(this.error);
    return this.regValue;
  }
}

export const ARENA_BYTES = 4 << 20;

/** One card with a bare host; all that it shows is noted, with its cycle, and ends in a digest. */
export class Bench {
  readonly world: World;
  readonly host: CardHost;
  readonly #hash = createHash('sha256');

  constructor(library: string, options: Partial<Config> = {}, log2 = 6) {
    const config = { cardCount: 1, arenaBytes: ARENA_BYTES, tapBytes: 4 << 20 };
    this.world = new BoundedWorld(library, { ...config, regTimeoutCycles: 5000, ...options });
    this.host = new CardHost(this.world, 0, log2);
  }

  note(...values: unknown[]): void {
    this.#hash.update(JSON.stringify([this.world.cycle, ...values]));
  }

  /** A register, whether it can be read or not. */
  noteRegister(offset: number): void {
    const code = this.world.tryRead(0, offset);
    this.note(offset, code, code === 0 ? this.world.regValue : 0);
  }

  noteStatistics(): void {
    for (let at = REG.txFrames; at < REG.txFrames + 60; at += 4) this.noteRegister(at);
    for (const at of [REG.status, REG.eicr]) this.noteRegister(at);
  }

  noteMemory(from: number, to: number): void {
    this.#hash.update(this.world.arena.subarray(from, to));
  }

  /** Both completion rings as they lie in memory: more than a Completion has. */
  noteCompletions(): void {
    this.noteMemory(0, BUFFERS_AT);
  }

  /** What the card has put on the wire and on memory since the last time. */
  noteFrames(): void {
    for (const { cycle, arrivalCycle, flags, bytes } of this.world.frames()) {
      this.note(cycle, arrivalCycle, flags, bytes.length);
      this.#hash.update(bytes);
    }
  }

  /** Runs until so many completions came, or nothing comes for some time. */
  noteSent(count: number): Completion[] {
    return this.#note(count, () => this.host.sent());
  }

  noteReceived(count: number): Completion[] {
    return this.#note(count, () => this.host.received());
  }

  #note(count: number, take: () => Completion[]): Completion[] {
    const all: Completion[] = [];
    for (let idle = 0; all.length < count && idle < 200; idle++) {
      const some = take();
      if (some.length > 0) {
        this.note(some);
        all.push(...some);
        idle = 0;
      }
      this.host.run(50);
    }
    this.note('of', count, all.length);
    this.noteCompletions();
    return all;
  }

  /** Runs, and notes when the interrupt line rose. */
  noteRun(maxCycles: number): void {
    const code = this.world.run(maxCycles);
    if (code < TW.stopBudget) throw new Error(this.world.error);
    this.note('ran', code);
  }

  /** Ends it. */
  digest(): string {
    this.noteFrames();
    return this.#hash.digest('hex');
  }
}
