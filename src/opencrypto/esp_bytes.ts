// SPDX-License-Identifier: BSD-2-Clause
/** SPI and sequence number (RFC 4303 §2). */
export const ESP_HEADER_BYTES = 8;

/** Writes 32 bits, most significant byte first. */
export function writeU32(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 24;
  b[at + 1] = value >>> 16;
  b[at + 2] = value >>> 8;
  b[at + 3] = value;
}
