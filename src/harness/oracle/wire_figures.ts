// SPDX-License-Identifier: BSD-2-Clause
/** Totals since the oracle began. */
export interface WireFigures {
  frames: number;
  injected: number;
  /** ESP packets, whole ones; those that opened; scenario payloads compared. */
  esp: number;
  decrypted: number;
  compared: number;
  mismatches: number;
  /** Frames that carried in clear what policy protects. */
  plaintextLeaks: number;
  /** (key, IV) or sequence numbers encrypted twice. */
  duplicates: number;
  /** ESP packets seen again, byte for byte. */
  again: number;
}

export function newWireFigures(): WireFigures {
  return {
    frames: 0,
    injected: 0,
    esp: 0,
    decrypted: 0,
    compared: 0,
    mismatches: 0,
    plaintextLeaks: 0,
    duplicates: 0,
    again: 0,
  };
}
