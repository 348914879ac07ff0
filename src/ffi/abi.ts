// SPDX-License-Identifier: BSD-2-Clause
/**
 * Mirror of sim/include/tagwire_sim.h and tagwire_gcm.h: offsets and sizes in bytes, codes, and the
 * signatures of the functions. A test asks a C compiler whether it is true.
 */

export const TW_ABI_VERSION = 2;
export const TW_POSTED_MAX = 1024;
export const TW_FRAME_MAX = 9216;

export const TW_ERR_ARG = -1;
export const TW_ERR_MODEL = -2;
export const TW_ERR_TIMEOUT = -3;
export const TW_ERR_BUS = -4;
export const TW_ERR_IO = -5;
export const TW_ERR_UNSUPPORTED = -6;

export const TW_CONFIG = {
  struct_bytes: 0,
  abi_version: 4,
  card_count: 8,
  seed: 12,
  mem_latency_cycles: 16,
  mem_stall_permille: 20,
  wire_latency_cycles: 24,
  loss_ppm: 28,
  flip_ppm: 32,
  reorder_ppm: 36,
  reorder_cycles: 40,
  reg_timeout_cycles: 44,
  host_base: 48,
  host_bytes: 64,
  arena_bytes: 80,
  tap_bytes: 88,
} as const;
export const TW_CONFIG_BYTES = 96;

export const TW_POSTED = { card: 0, offset: 4, value: 8, reserved: 12 } as const;
export const TW_POSTED_BYTES = 16;

export const TW_SHARED = {
  cycle: 0,
  irq: 8,
  posted_count: 12,
  tap_used: 16,
  reg_value: 20,
  idle_cycles: 24,
  wire_frames: 32,
  wire_lost: 40,
  wire_flipped: 48,
  wire_reordered: 56,
  dma_reads: 64,
  dma_read_beats: 72,
  dma_writes: 80,
  dma_write_beats: 88,
  run_ns: 96,
  posted: 104,
} as const;
export const TW_SHARED_BYTES = 104 + TW_POSTED_MAX * TW_POSTED_BYTES;

export const TW_TAP_RECORD = {
  cycle: 0,
  arrival_cycle: 8,
  card: 16,
  len_bytes: 20,
  flags: 24,
  flip_bit: 28,
} as const;
export const TW_TAP_RECORD_BYTES = 32;

export const TW_PROBE_RECORD = {
  asked_cycle: 0,
  descriptor_cycle: 8,
  fetch_begin_cycle: 16,
  fetch_end_cycle: 24,
  sa_cycle: 32,
  crypto_begin_cycle: 40,
  crypto_end_cycle: 48,
  icv_cycle: 56,
  wire_begin_cycle: 64,
  wire_end_cycle: 72,
  completion_cycle: 80,
  card: 88,
  len_bytes: 92,
} as const;
export const TW_PROBE_RECORD_BYTES = 96;

export const TW_GCM_ABI_VERSION = 1;
export const TW_GCM_STATUS_REFUSED = 2;

export const TW_GCM_MSG = {
  decrypt: 0,
  key_bytes: 1,
  status: 2,
  key_offset: 4,
  iv_offset: 8,
  aad_offset: 12,
  aad_bytes: 16,
  text_offset: 20,
  text_bytes: 24,
  tag_offset: 28,
  out_offset: 32,
  start_cycle: 40,
  text_cycle: 48,
  finish_cycle: 56,
} as const;
export const TW_GCM_MSG_BYTES = 64;

/** C types that cross the ABI. `bytes` is a pointer to memory that the caller owns, or null. */
export type CType = 'i32' | 'u32' | 'u64' | 'handle' | 'bytes' | 'text' | 'void';

export interface Signature {
  readonly returns: CType;
  readonly args: readonly CType[];
}

/** The signature of a C function. */
export function c<R extends CType, const A extends readonly CType[]>(returns: R, ...args: A) {
  return { returns, args } as const;
}

export const WORLD_FUNCTIONS = {
  tw_abi_version: c('u32'),
  tw_world_create: c('handle', 'bytes', 'bytes', 'bytes', 'bytes', 'bytes', 'u32'),
  tw_world_destroy: c('void', 'handle'),
  tw_run: c('i32', 'handle', 'u32'),
  tw_reg_read: c('i32', 'handle', 'u32', 'u32'),
  tw_wire_inject: c('i32', 'handle', 'u32', 'u64', 'u32', 'u32'),
  tw_fault: c('i32', 'handle', 'u32', 'u32', 'u32'),
  tw_probe_open: c('i32', 'handle', 'u32', 'bytes', 'u32'),
  tw_probe_count: c('i32', 'handle', 'u32'),
  tw_trace_open: c('i32', 'handle', 'text'),
  tw_trace_close: c('i32', 'handle'),
  tw_error: c('text', 'handle'),
} as const;

export const GCM_FUNCTIONS = {
  tw_gcm_abi_version: c('u32'),
  tw_gcm_create: c('handle', 'bytes', 'u32'),
  tw_gcm_destroy: c('void', 'handle'),
  tw_gcm_run: c('i32', 'handle', 'bytes', 'u32', 'bytes', 'u64', 'bytes', 'bytes', 'u32'),
  tw_gcm_cycles: c('u64', 'handle'),
} as const;
