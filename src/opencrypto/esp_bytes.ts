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

/**
 * What an AEAD authenticates beside the text: SPI, [high half of an ESN,] sequence number (RFC 4106
 * §5). aad has 8 bytes, or 12 with ESN.
 */
export function fillEspAad(aad: Uint8Array, data: Uint8Array, espOff: number, seqHi: number): void {
  const seqAt = aad.length - 4;
  for (let i = 0; i < 4; i++) {
    aad[i] = data[espOff + i]!;
    aad[seqAt + i] = data[espOff + 4 + i]!;
  }
  if (seqAt === 8) writeU32(aad, 4, seqHi);
}
