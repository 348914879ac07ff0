// SPDX-License-Identifier: BSD-2-Clause

/**
 * Payload sizes of a scenario's packets. `imix` is the simple Internet mix: IP packets of 40, 576
 * and 1500 bytes in the ratio 7:4:1, here as UDP payloads (28 bytes less).
 */
const IMIX = [12, 12, 548, 12, 12, 548, 12, 548, 12, 12, 548, 1472] as const;

export type PacketSize = number | 'imix';

export const SIZE_MAX_BYTES = 65507;

/** UDP payload bytes of packet number `index`. */
export function payloadBytes(size: PacketSize, index: number): number {
  return size === 'imix' ? IMIX[index % IMIX.length]! : size;
}
