// SPDX-License-Identifier: BSD-2-Clause
import {
  BusError,
  FAULT_MEM_SILENT,
  FAULT_READ_ERROR,
  FAULT_REG_SILENT,
  FAULT_WRITE_ERROR,
  type NicBus,
  type SimConfig,
  type SimTotals,
  type SimWorld,
  STOP_BUDGET,
  STOP_IRQ,
  STOP_TAP,
} from '../dev/nic/nic_bus.ts';
import { ModelMemory } from './model_memory.ts';
import { ModelWire } from './model_wire.ts';
import { NicModel } from './nic_model.ts';

/** Cycles that a register access takes on the bus. */
const WRITE_CYCLES = 5;
const READ_CYCLES = 5;
const FRAME_MAX_BYTES = 9216;

interface Posted {
  readonly card: number;
  readonly offset: number;
  readonly value: number;
}

/** A world of model cards. Time jumps from event to event; otherwise it is the world of the RTL. */
export class ModelWorld implements SimWorld {
  readonly arena: Uint8Array;
  readonly tap: Uint8Array;
  readonly buses: readonly NicBus[];

  readonly #config: SimConfig;
  readonly #wire: ModelWire;
  readonly #cards: NicModel[] = [];
  readonly #memories: ModelMemory[] = [];
  readonly #regSilent: boolean[] = [];
  #posted: Posted[] = [];
  #cycle = 0;
  #movedCycle = 0;
  #runNs = 0;

  /** queues: of each card, 1 or QUEUES_MAX. */
  constructor(
    config: SimConfig,
    arena: Uint8Array = new Uint8Array(config.arenaBytes),
    queues = 1,
  ) {
    this.#config = config;
    this.arena = arena;
    this.tap = new Uint8Array(config.tapBytes);
    this.#wire = new ModelWire(config, this.tap);
    const buses: NicBus[] = [];
    for (let card = 0; card < config.cardCount; card++) {
      const host = config.hosts[card]!;
      const memory = new ModelMemory(arena, host.baseBytes, host.sizeBytes);
      this.#memories.push(memory);
      this.#regSilent.push(false);
      const send = (frame: Uint8Array, now: number): void => this.#wire.send(card, frame, now);
      this.#cards.push(new NicModel(memory, config.memLatencyCycles, send, queues));
      buses.push({
        arena,
        writeReg: (offset, value) => {
          this.#posted.push({ card, offset, value: value >>> 0 });
        },
        readReg: (offset) => this.#readReg(card, offset),
      });
    }
    this.buses = buses;
  }

  get cycle(): number {
    return this.#cycle;
  }

  get idleCycles(): number {
    return this.#cycle - this.#movedCycle;
  }

  get tapUsed(): number {
    return this.#wire.tapUsed;
  }

  tapDrained(): void {
    this.#wire.tapUsed = 0;
    this.#wire.refillTap();
  }

  run(maxCycles: number): number {
    const start = process.hrtime.bigint();
    try {
      return this.#run(maxCycles);
    } finally {
      this.#runNs += Number(process.hrtime.bigint() - start);
    }
  }

  #run(maxCycles: number): number {
    this.#deliver();
    const end = this.#cycle + maxCycles;
    for (;;) {
      if (this.#wire.tapIsFull) return STOP_TAP;
      if (this.#irqAt() <= this.#cycle) return STOP_IRQ;
      const next = Math.min(this.#nextAt(), this.#irqAt());
      if (next > end) break;
      this.#advance(next);
    }
    this.#cycle = end;
    return STOP_BUDGET;
  }

  /** Register writes, in order; each takes its time on the bus. */
  #deliver(): void {
    for (;;) {
      const p = this.#posted.shift();
      if (p === undefined) return;
      const what = `write of register ${hex(p.offset)} of card ${p.card}`;
      if (this.#regSilent[p.card]) {
        // A card that does not answer loses what was meant for it.
        this.#posted = this.#posted.filter((later) => later.card !== p.card);
        this.#advance(this.#cycle + this.#config.regTimeoutCycles);
        throw this.#error('timeout', what);
      }
      this.#advance(this.#cycle + WRITE_CYCLES);
      this.#movedCycle = this.#cycle;
      if (!this.#cards[p.card]!.write(p.offset, p.value, this.#cycle))
        throw this.#error('bus', what);
    }
  }

  #readReg(card: number, offset: number): number {
    this.#deliver();
    if (this.#regSilent[card]) {
      this.#advance(this.#cycle + this.#config.regTimeoutCycles);
      throw this.#error('timeout', `read of register ${hex(offset)} of card ${card}`);
    }
    this.#advance(this.#cycle + READ_CYCLES);
    this.#movedCycle = this.#cycle;
    const value = this.#cards[card]!.read(offset);
    if (value === undefined)
      throw this.#error('bus', `read of register ${hex(offset)} of card ${card}`);
    return value;
  }

  #error(kind: 'timeout' | 'bus', what: string): BusError {
    const how = kind === 'timeout' ? 'was not answered in time' : 'was answered with SLVERR';
    return new BusError(kind, `${what} ${how} (cycle ${this.#cycle})`, this.#cycle);
  }

  /** Lets everything happen up to and including a cycle. */
  #advance(to: number): void {
    for (let next = this.#nextAt(); next <= to; next = this.#nextAt()) {
      this.#cycle = Math.max(this.#cycle, next);
      this.#movedCycle = this.#cycle;
      for (let i = 0; i < this.#cards.length; i++) {
        if (this.#wire.nextAt(i) <= this.#cycle)
          this.#cards[i]!.receive(this.#wire.take(i), this.#cycle);
        if (this.#cards[i]!.nextAt <= this.#cycle) this.#cards[i]!.step(this.#cycle);
      }
    }
    this.#cycle = Math.max(this.#cycle, to);
  }

  #nextAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#cards.length; i++)
      at = Math.min(at, this.#cards[i]!.nextAt, this.#wire.nextAt(i));
    return at;
  }

  /** Cycle at which the first interrupt line is high: now, when one is. */
  #irqAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const card of this.#cards)
      at = card.irq(this.#cycle) ? this.#cycle : Math.min(at, card.irqAt());
    return at;
  }

  irq(card: number): boolean {
    return this.#cards[card]!.irq(this.#cycle);
  }

  inject(card: number, frame: Uint8Array, delayCycles: number): void {
    if (this.#cards[card] === undefined) throw this.#argument(`"card" ${card} is not there`);
    if (frame.length < 1 || frame.length > FRAME_MAX_BYTES)
      throw this.#argument(`"frame" has ${frame.length} bytes, expected 1..${FRAME_MAX_BYTES}`);
    this.#wire.inject(card, frame, delayCycles, this.#cycle);
  }

  fault(card: number, fault: number, arg: number): void {
    const memory = this.#memories[card];
    if (memory === undefined) throw this.#argument(`"card" ${card} is not there`);
    if (fault === FAULT_MEM_SILENT) {
      memory.silent = arg !== 0;
      if (!memory.silent) this.#cards[card]!.kick(this.#cycle);
    } else if (fault === FAULT_REG_SILENT) this.#regSilent[card] = arg !== 0;
    else if (fault === FAULT_READ_ERROR) memory.failReads = arg;
    else if (fault === FAULT_WRITE_ERROR) memory.failWrites = arg;
    else throw this.#argument(`"fault" ${fault} is unknown`);
  }

  #argument(text: string): BusError {
    return new BusError('argument', text, this.#cycle);
  }

  totals(): SimTotals {
    const sum = (of: 'reads' | 'writes'): number =>
      this.#memories.reduce((n, memory) => n + memory[of], 0);
    return {
      cycles: this.#cycle,
      wireFrames: this.#wire.frames,
      wireLost: this.#wire.lost,
      wireFlipped: this.#wire.flipped,
      wireReordered: this.#wire.reordered,
      dmaReads: sum('reads'),
      dmaWrites: sum('writes'),
      dmaReadBeats: 0,
      dmaWriteBeats: 0,
      runNs: this.#runNs,
      calls: 0,
    };
  }

  traceOpen(_path: string): void {
    throw new BusError('unsupported', 'the model has no waveform: use the RTL', this.#cycle);
  }

  traceClose(): void {}

  close(): void {}
}

function hex(n: number): string {
  return `0x${n.toString(16).padStart(4, '0')}`;
}
