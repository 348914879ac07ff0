// SPDX-License-Identifier: BSD-2-Clause
import {
  BusError,
  type NicBus,
  type SimConfig,
  type SimTotals,
  type SimWorld,
} from '../dev/nic/nic_bus.ts';
import {
  TW_ABI_VERSION,
  TW_CONFIG,
  TW_CONFIG_BYTES,
  TW_ERR_ARG,
  TW_ERR_BUS,
  TW_ERR_IO,
  TW_ERR_TIMEOUT,
  TW_ERR_UNSUPPORTED,
  TW_FRAME_MAX,
  TW_POSTED_BYTES,
  TW_POSTED_MAX,
  TW_PROBE_RECORD_BYTES,
  TW_SHARED,
  TW_SHARED_BYTES,
  WORLD_FUNCTIONS,
} from './abi.ts';
import { type Binding, BindingError, type Handle, type Native } from './binding.ts';

const ERROR_TEXT_BYTES = 1024;
const MAX_CYCLES = 0xffffffff;

// Words of the shared block.
const IRQ = TW_SHARED.irq >> 2;
const POSTED_COUNT = TW_SHARED.posted_count >> 2;
const TAP_USED = TW_SHARED.tap_used >> 2;
const REG_VALUE = TW_SHARED.reg_value >> 2;
const POSTED = TW_SHARED.posted >> 2;
const POSTED_WORDS = TW_POSTED_BYTES >> 2;

/** A card of a NativeWorld as another library sees it: a driver in C. */
export interface NativeCard {
  readonly binding: Binding;
  readonly library: string;
  readonly world: Handle;
  readonly shared: Uint8Array;
  readonly arena: Uint8Array;
  readonly card: number;
  /** Throws the BusError that a TW_ERR_ code stands for. */
  fail(code: number): never;
}

const nativeCards = new WeakMap<NicBus, NativeCard>();

/** Whose bus it is; undefined: that of a model. */
export function nativeCard(bus: NicBus): NativeCard | undefined {
  return nativeCards.get(bus);
}

/**
 * The world in a verilated library. All that both sides look at often lies in shared memory, so that
 * a batch of packets costs one call: run(). Register writes are appended there too.
 */
export class NativeWorld implements SimWorld {
  readonly arena: Uint8Array;
  readonly tap: Uint8Array;
  readonly buses: readonly NicBus[];

  readonly #native: Native<typeof WORLD_FUNCTIONS>;
  readonly #handle: Handle;
  /** The arena with room for one frame behind it, from where frames are injected. */
  readonly #memory: Uint8Array;
  readonly #shared: Uint32Array;
  readonly #probes: Uint8Array[] = [];
  #calls = 0;
  #isOpen = true;

  /** Throws BindingError when the library does not fit, BusError when the world cannot be made. */
  constructor(binding: Binding, libraryPath: string, config: SimConfig) {
    this.#native = binding.open(libraryPath, WORLD_FUNCTIONS);
    const version = this.#native.tw_abi_version();
    if (version !== TW_ABI_VERSION)
      throw new BindingError(
        binding.name,
        `${libraryPath} has version ${version} of the ABI, expected ${TW_ABI_VERSION}`,
        'build the library again',
      );
    this.#memory = new Uint8Array(config.arenaBytes + TW_FRAME_MAX);
    this.arena = this.#memory.subarray(0, config.arenaBytes);
    this.tap = new Uint8Array(config.tapBytes);
    this.#shared = new Uint32Array(TW_SHARED_BYTES >> 2);
    const shared = new Uint8Array(this.#shared.buffer);
    const error = new Uint8Array(ERROR_TEXT_BYTES);
    const tap = config.tapBytes > 0 ? this.tap : null;
    const packed = packConfig(config, this.#memory.length);
    this.#calls += 2;
    this.#handle = this.#native.tw_world_create(
      packed,
      this.#memory,
      shared,
      tap,
      error,
      ERROR_TEXT_BYTES,
    );
    if (binding.isNull(this.#handle)) {
      const text = new TextDecoder().decode(error.subarray(0, error.indexOf(0)));
      throw new BusError('argument', `the world cannot be made: ${text}`, 0);
    }
    this.buses = Array.from({ length: config.cardCount }, (_, card) => ({
      arena: this.arena,
      writeReg: (offset, value) => this.#post(card, offset, value),
      readReg: (offset) => this.#readReg(card, offset),
    }));
    for (const [card, bus] of this.buses.entries()) {
      const [world, arena] = [this.#handle, this.#memory];
      const fail = (code: number): never => this.#fail(code);
      nativeCards.set(bus, { binding, library: libraryPath, world, shared, arena, card, fail });
    }
  }

  get cycle(): number {
    return this.#u64(TW_SHARED.cycle);
  }

  get idleCycles(): number {
    return this.#u64(TW_SHARED.idle_cycles);
  }

  get tapUsed(): number {
    return this.#shared[TAP_USED]!;
  }

  tapDrained(): void {
    this.#shared[TAP_USED] = 0;
  }

  irq(card: number): boolean {
    return ((this.#shared[IRQ]! >>> card) & 1) !== 0;
  }

  run(maxCycles: number): number {
    this.#calls++;
    const code = this.#native.tw_run(this.#open(), Math.min(maxCycles, MAX_CYCLES));
    if (code < 0) this.#fail(code);
    return code;
  }

  #post(card: number, offset: number, value: number): void {
    const shared = this.#shared;
    // A full list is delivered now: that takes cycles, but no more than it would later.
    if (shared[POSTED_COUNT] === TW_POSTED_MAX) this.run(0);
    const n = shared[POSTED_COUNT]!;
    const at = POSTED + n * POSTED_WORDS;
    shared[at] = card;
    shared[at + 1] = offset;
    shared[at + 2] = value;
    shared[POSTED_COUNT] = n + 1;
  }

  #readReg(card: number, offset: number): number {
    this.#call(this.#native.tw_reg_read(this.#open(), card, offset));
    return this.#shared[REG_VALUE]!;
  }

  inject(card: number, frame: Uint8Array, delayCycles: number): void {
    if (frame.length > TW_FRAME_MAX)
      throw new BusError('argument', `"frame" has ${frame.length} bytes`, this.cycle);
    const at = this.arena.length;
    this.#memory.set(frame, at);
    this.#call(this.#native.tw_wire_inject(this.#open(), card, at, frame.length, delayCycles));
  }

  fault(card: number, fault: number, arg: number): void {
    this.#call(this.#native.tw_fault(this.#open(), card, fault, arg));
  }

  /**
   * Records the frames that a card sends from now on, tw_probe_record format, at most `capacity`;
   * the card sends nothing right now. The records go into the bytes that come back.
   */
  probeOpen(card: number, capacity: number): Uint8Array {
    const records = new Uint8Array(capacity * TW_PROBE_RECORD_BYTES);
    this.#call(this.#native.tw_probe_open(this.#open(), card, records, capacity));
    // The library writes there until the next probe: the bytes live as long as the world.
    this.#probes[card] = records;
    return records;
  }

  /** Records written since probeOpen(). */
  probeCount(card: number): number {
    const count = this.#native.tw_probe_count(this.#open(), card);
    this.#call(count);
    return count;
  }

  traceOpen(path: string): void {
    this.#call(this.#native.tw_trace_open(this.#open(), path));
  }

  traceClose(): void {
    this.#call(this.#native.tw_trace_close(this.#open()));
  }

  totals(): SimTotals {
    return {
      cycles: this.cycle,
      wireFrames: this.#u64(TW_SHARED.wire_frames),
      wireLost: this.#u64(TW_SHARED.wire_lost),
      wireFlipped: this.#u64(TW_SHARED.wire_flipped),
      wireReordered: this.#u64(TW_SHARED.wire_reordered),
      dmaReads: this.#u64(TW_SHARED.dma_reads),
      dmaReadBeats: this.#u64(TW_SHARED.dma_read_beats),
      dmaWriteBeats: this.#u64(TW_SHARED.dma_write_beats),
      dmaWrites: this.#u64(TW_SHARED.dma_writes),
      runNs: this.#u64(TW_SHARED.run_ns),
      calls: this.#calls,
    };
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#native.tw_world_destroy(this.#handle);
  }

  #open(): Handle {
    if (!this.#isOpen) throw new BusError('argument', 'the world is closed', this.cycle);
    return this.#handle;
  }

  #call(code: number): void {
    this.#calls++;
    if (code < 0) this.#fail(code);
  }

  #fail(code: number): never {
    this.#calls++;
    throw new BusError(kindOf(code), this.#native.tw_error(this.#handle), this.cycle);
  }

  /** Simulated time stays far below 2^53. */
  #u64(offset: number): number {
    const w = offset >> 2;
    return this.#shared[w]! + this.#shared[w + 1]! * 0x1_0000_0000;
  }
}

function kindOf(code: number): BusError['kind'] {
  switch (code) {
    case TW_ERR_ARG:
      return 'argument';
    case TW_ERR_TIMEOUT:
      return 'timeout';
    case TW_ERR_BUS:
      return 'bus';
    case TW_ERR_IO:
      return 'io';
    case TW_ERR_UNSUPPORTED:
      return 'unsupported';
    default:
      return 'model';
  }
}

function packConfig(config: SimConfig, arenaBytes: number): Uint8Array {
  const bytes = new Uint8Array(TW_CONFIG_BYTES);
  const v = new DataView(bytes.buffer);
  const u32 = (at: number, value: number): void => v.setUint32(at, value, true);
  const u64 = (at: number, value: number): void => v.setBigUint64(at, BigInt(value), true);
  u32(TW_CONFIG.struct_bytes, TW_CONFIG_BYTES);
  u32(TW_CONFIG.abi_version, TW_ABI_VERSION);
  u32(TW_CONFIG.card_count, config.cardCount);
  u32(TW_CONFIG.seed, config.seed);
  u32(TW_CONFIG.mem_latency_cycles, config.memLatencyCycles);
  u32(TW_CONFIG.mem_stall_permille, config.memStallPermille);
  u32(TW_CONFIG.wire_latency_cycles, config.wireLatencyCycles);
  u32(TW_CONFIG.loss_ppm, config.lossPpm);
  u32(TW_CONFIG.flip_ppm, config.flipPpm);
  u32(TW_CONFIG.reorder_ppm, config.reorderPpm);
  u32(TW_CONFIG.reorder_cycles, config.reorderCycles);
  u32(TW_CONFIG.reg_timeout_cycles, config.regTimeoutCycles);
  for (const [card, host] of config.hosts.slice(0, config.cardCount).entries()) {
    u64(TW_CONFIG.host_base + 8 * card, host.baseBytes);
    u64(TW_CONFIG.host_bytes + 8 * card, host.sizeBytes);
  }
  u64(TW_CONFIG.arena_bytes, arenaBytes);
  u64(TW_CONFIG.tap_bytes, config.tapBytes);
  return bytes;
}
