// SPDX-License-Identifier: BSD-2-Clause
/** Mirror of sim/include/tagwire_driver.h; a test asks a C compiler whether it is true. */
import { c } from './abi.ts';

export const TWD_ABI_VERSION = 1;

export const TWD_CONFIG = {
  struct_bytes: 0,
  abi_version: 4,
  card: 8,
  log2_tx: 12,
  itr_count: 16,
  itr_interval_cycles: 20,
  max_frame_bytes: 24,
  reserved: 28,
  ring_base: 32,
  mac: 40,
} as const;
export const TWD_CONFIG_BYTES = 48;

export const TWD_SEAL = 1;
export const TWD_OPENED = 2;
export const TWD_ESP_NO_SA = 4;

export const TWD_OK = 1;
export const TWD_ICV_BAD = 3;
export const TWD_SA_GONE = 4;

export const TWD_FRAME = {
  offset: 0,
  len_bytes: 8,
  flags: 12,
  status: 16,
  card_sa: 20,
  esp_offset: 24,
  esn_hi: 28,
} as const;
export const TWD_FRAME_BYTES = 32;

export const TWD_SA_KEY256 = 1;
export const TWD_SA_ESN = 2;
export const TWD_SA_GMAC = 4;
export const TWD_SA_V6 = 8;
export const TWD_SA_IN = 16;

export const TWD_SA = {
  card_sa: 0,
  flags: 4,
  spi: 8,
  window: 12,
  received_seq: 16,
  udp_port: 24,
  salt: 28,
  dst: 32,
  key: 48,
} as const;
export const TWD_SA_BYTES = 80;

/** What a driver is asked before there is a card. */
export const DRIVER_ABOUT = {
  twd_abi_version: c('u32'),
  twd_capabilities: c('u32'),
  twd_ring_bytes: c('u32'),
  twd_sa_count: c('u32'),
} as const;

export const DRIVER_FUNCTIONS = {
  twd_create: c('handle', 'bytes', 'text', 'handle', 'bytes', 'bytes'),
  twd_destroy: c('void', 'handle'),
  twd_attach: c('i32', 'handle'),
  twd_detach: c('i32', 'handle'),
  twd_transmit: c('i32', 'handle', 'bytes'),
  twd_flush: c('i32', 'handle'),
  twd_sent: c('i32', 'handle', 'bytes'),
  twd_received: c('i32', 'handle', 'bytes'),
  twd_release: c('void', 'handle'),
  twd_unread: c('u32', 'handle'),
  twd_sa_put: c('i32', 'handle', 'bytes'),
  twd_sa_clear: c('i32', 'handle', 'u32', 'u32'),
  twd_rx_busy: c('i32', 'handle'),
  twd_overflows: c('i32', 'handle'),
} as const;
