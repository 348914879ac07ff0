// SPDX-License-Identifier: BSD-2-Clause
/**
 * ESP packet (RFC 4303 §2), with an explicit IV of 8 bytes as in RFC 4106 §3.1.
 *
 *      0               4               8                       16
 *     +---------------+---------------+-----------------------+---------
 *     | SPI           | sequence      | IV                    | payload …
 *     +---------------+---------------+-----------------------+---------
 *       … padding 1 2 3 … | pad length | next header | ICV    |
 *                          -ICV - 2     -ICV - 1      -ICV      end
 */
export const ESP_SPI = 0;
export const ESP_SEQ = 4;
/** SPI and sequence number. */
export const ESP_HDR_LEN = 8;
/** Pad length and next header. */
export const ESP_TRAILER_LEN = 2;

export function espSpi(v: DataView, at: number): number {
  return v.getUint32(at + ESP_SPI);
}

/** Low 32 bits of the sequence number. */
export function espSeq(v: DataView, at: number): number {
  return v.getUint32(at + ESP_SEQ);
}
