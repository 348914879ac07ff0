// SPDX-License-Identifier: BSD-2-Clause

/**
 * The bus a driver needs, and the world that the bus belongs to. Two implementations: the simulated
 * RTL (src/ffi) and the functional model (src/model). Time is in cycles of the card's clock.
 */
export interface NicBus {
  /** Host memory as the card sees it: a DMA address is an offset into it. */
  readonly arena: Uint8Array;
  /** Posted write: it reaches the card, in order, before the clock next runs. */
  writeReg(offset: number, value: number): void;
  /** Runs the clock until the card has answered. Throws BusError when it does not. */
  readReg(offset: number): number;
}

/** Why run() came back. */
export const STOP_BUDGET = 0;
export const STOP_IRQ = 1;
export const STOP_TAP = 2;

/** A register access failed, or the card's model did: text, and the cycle it happened in. */
export class BusError extends Error {
  readonly kind: 'model' | 'timeout' | 'bus' | 'io' | 'unsupported' | 'argument';
  readonly cycle: number;
  constructor(kind: BusError['kind'], message: string, cycle: number) {
    super(message);
    this.name = 'BusError';
    this.kind = kind;
    this.cycle = cycle;
  }
}

export interface WireConfig {
  readonly wireLatencyCycles: number;
  readonly lossPpm: number;
  readonly flipPpm: number;
  readonly reorderPpm: number;
  readonly reorderCycles: number;
}

export interface SimConfig extends WireConfig {
  readonly cardCount: 1 | 2;
  readonly seed: number;
  readonly memLatencyCycles: number;
  readonly memStallPermille: number;
  readonly regTimeoutCycles: number;
  readonly arenaBytes: number;
  /** Arena bytes [base, base + size) belong to card n's host. */
  readonly hosts: readonly { readonly baseBytes: number; readonly sizeBytes: number }[];
  /** Size of the tap buffer; 0 = frames on the wire are not recorded. */
  readonly tapBytes: number;
}

/** Totals since the world began. `runNs` is wall time in the model and enters no digest. */
export interface SimTotals {
  readonly cycles: number;
  readonly wireFrames: number;
  readonly wireLost: number;
  readonly wireFlipped: number;
  readonly wireReordered: number;
  readonly dmaReads: number;
  readonly dmaWrites: number;
  /** Of 32 bytes, both cards; the functional model moves none. */
  readonly dmaReadBeats: number;
  readonly dmaWriteBeats: number;
  readonly runNs: number;
  /** Calls that crossed into native code. */
  readonly calls: number;
}

/** Faults a test may switch on; see tagwire_sim.h. */
export const FAULT_MEM_SILENT = 1;
export const FAULT_REG_SILENT = 2;
export const FAULT_READ_ERROR = 3;
export const FAULT_WRITE_ERROR = 4;

export interface SimWorld {
  readonly arena: Uint8Array;
  readonly buses: readonly NicBus[];
  readonly cycle: number;
  /** Cycles since anything moved on a bus or the wire. */
  readonly idleCycles: number;
  /** Delivers posted writes, then runs at most maxCycles: STOP_ code. Throws BusError. */
  run(maxCycles: number): number;
  /** Is the interrupt line of card n high? As of the end of the last run. */
  irq(card: number): boolean;
  /** Frames seen on the wire, tw_tap_record format (tagwire_sim.h): tapUsed bytes are valid. */
  readonly tap: Uint8Array;
  readonly tapUsed: number;
  /** The host has read the tap: it starts again from its first byte. */
  tapDrained(): void;
  /** Puts a frame on the wire towards a card, at least delayCycles from now. */
  inject(card: number, frame: Uint8Array, delayCycles: number): void;
  fault(card: number, fault: number, arg: number): void;
  totals(): SimTotals;
  /** FST waveform of both cards from now on. */
  traceOpen(path: string): void;
  traceClose(): void;
  close(): void;
}
