// SPDX-License-Identifier: BSD-2-Clause
import koffi from 'koffi';

/** The C ABI as the tests of sim/ use it: names and offsets are those of tagwire_sim.h. */
export const TW = {
  stopBudget: 0,
  stopIrq: 1,
  stopTap: 2,
  errArg: -1,
  errModel: -2,
  errTimeout: -3,
  errBus: -4,
  errIo: -5,
  errUnsupported: -6,
  tapLost: 1,
  tapFlipped: 2,
  tapReordered: 4,
  tapInjected: 8,
  faultMemSilent: 1,
  faultRegSilent: 2,
  faultReadError: 3,
  faultWriteError: 4,
  frameMax: 9216,
} as const;

const postedMax = 1024;
const postedAt = 104;
const sharedBytes = postedAt + 16 * postedMax;

/** tw_config in the order of its fields. */
export interface Config {
  abiVersion: number;
  cardCount: number;
  seed: number;
  memLatencyCycles: number;
  memStallPermille: number;
  wireLatencyCycles: number;
  lossPpm: number;
  flipPpm: number;
  reorderPpm: number;
  reorderCycles: number;
  regTimeoutCycles: number;
  arenaBytes: number;
  tapBytes: number;
}

const defaults: Config = {
  abiVersion: 2,
  cardCount: 2,
  seed: 1,
  memLatencyCycles: 40,
  memStallPermille: 0,
  wireLatencyCycles: 200,
  lossPpm: 0,
  flipPpm: 0,
  reorderPpm: 0,
  reorderCycles: 0,
  regTimeoutCycles: 1000,
  arenaBytes: 1 << 20,
  tapBytes: 1 << 20,
};

const configBytes = (config: Config): Uint8Array => {
  const view = new DataView(new ArrayBuffer(96));
  const { abiVersion, arenaBytes, tapBytes, ...rest } = config;
  [96, abiVersion, ...Object.values(rest)].forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  const half = BigInt(arenaBytes / 2);
  [0n, half, half, half, BigInt(arenaBytes), BigInt(tapBytes)].forEach((value, i) => {
    view.setBigUint64(48 + 8 * i, value, true);
  });
  return new Uint8Array(view.buffer);
};

export interface TappedFrame {
  cycle: number;
  arrivalCycle: number;
  card: number;
  flags: number;
  flipBit: number;
  bytes: Uint8Array;
}

const bind = (path: string) => {
  const lib = koffi.load(path);
  return {
    version: lib.func('uint32_t tw_abi_version()'),
    create: lib.func(
      'void *tw_world_create(void *config, void *arena, void *shared, void *tap, void *err, uint32_t bytes)',
    ),
    destroy: lib.func('void tw_world_destroy(void *world)'),
    run: lib.func('int32_t tw_run(void *world, uint32_t max_cycles)'),
    regRead: lib.func('int32_t tw_reg_read(void *world, uint32_t card, uint32_t offset)'),
    inject: lib.func(
      'int32_t tw_wire_inject(void *world, uint32_t card, uint64_t offset, uint32_t len, uint32_t delay)',
    ),
    fault: lib.func('int32_t tw_fault(void *world, uint32_t card, uint32_t fault, uint32_t arg)'),
    traceOpen: lib.func('int32_t tw_trace_open(void *world, const char *path)'),
    traceClose: lib.func('int32_t tw_trace_close(void *world)'),
    error: lib.func('const char *tw_error(void *world)'),
  };
};

/** Halves of the arena belong to card 0 and 1. */
export class World {
  readonly arena: Uint8Array;
  readonly arenaView: DataView;
  readonly shared = new DataView(new ArrayBuffer(sharedBytes));
  readonly #tap: Uint8Array;
  readonly #abi: ReturnType<typeof bind>;
  #handle: unknown;

  /** @throws Error with the library's text */
  constructor(library: string, options: Partial<Config> = {}) {
    const config = { ...defaults, ...options };
    this.#abi = bind(library);
    this.arena = new Uint8Array(config.arenaBytes);
    this.arenaView = new DataView(this.arena.buffer);
    this.#tap = new Uint8Array(config.tapBytes);
    const err = new Uint8Array(256);
    const shared = new Uint8Array(this.shared.buffer);
    const bytes = configBytes(config);
    this.#handle = this.#abi.create(bytes, this.arena, shared, this.#tap, err, err.length);
    if (!this.#handle) throw new Error(new TextDecoder().decode(err).replace(/\0.*$/s, ''));
  }

  destroy(): void {
    this.#abi.destroy(this.#handle);
    this.#handle = null;
  }

  get cycle(): number {
    return Number(this.shared.getBigUint64(0, true));
  }

  get idleCycles(): number {
    return Number(this.shared.getBigUint64(24, true));
  }

  /** Frames sent, lost, flipped, reordered. */
  get wireCounts(): number[] {
    return [0, 1, 2, 3].map((i) => Number(this.shared.getBigUint64(32 + 8 * i, true)));
  }

  get tapUsed(): number {
    return this.shared.getUint32(16, true);
  }

  /** Appends a register write, to be delivered by the next call. */
  post(card: number, offset: number, value: number): void {
    const count = this.shared.getUint32(12, true);
    [card, offset, value, 0].forEach((word, i) => {
      this.shared.setUint32(postedAt + 16 * count + 4 * i, word, true);
    });
    this.shared.setUint32(12, count + 1, true);
  }

  run(maxCycles: number): number {
    return this.#abi.run(this.#handle, maxCycles);
  }

  /** @returns a TW code; the value is in `regValue` */
  tryRead(card: number, offset: number): number {
    return this.#abi.regRead(this.#handle, card, offset);
  }

  get regValue(): number {
    return this.shared.getUint32(20, true);
  }

  /** @throws Error when the access fails */
  read(card: number, offset: number): number {
    if (this.tryRead(card, offset) !== 0) throw new Error(this.error);
    return this.regValue;
  }

  inject(card: number, offset: number, lenBytes: number, delayCycles = 0): number {
    return this.#abi.inject(this.#handle, card, offset, lenBytes, delayCycles);
  }

  fault(card: number, fault: number, arg: number): number {
    return this.#abi.fault(this.#handle, card, fault, arg);
  }

  traceOpen(path: string): number {
    return this.#abi.traceOpen(this.#handle, path);
  }

  traceClose(): number {
    return this.#abi.traceClose(this.#handle);
  }

  get error(): string {
    return this.#abi.error(this.#handle);
  }

  /** Drains the tap. */
  frames(): TappedFrame[] {
    const view = new DataView(this.#tap.buffer);
    const found: TappedFrame[] = [];
    for (let at = 0; at < this.tapUsed; ) {
      const lenBytes = view.getUint32(at + 20, true);
      found.push({
        cycle: Number(view.getBigUint64(at, true)),
        arrivalCycle: Number(view.getBigUint64(at + 8, true)),
        card: view.getUint32(at + 16, true),
        flags: view.getUint32(at + 24, true),
        flipBit: view.getUint32(at + 28, true),
        bytes: this.#tap.slice(at + 32, at + 32 + lenBytes),
      });
      at += 32 + Math.ceil(lenBytes / 8) * 8;
    }
    this.shared.setUint32(16, 0, true);
    return found;
  }
}
