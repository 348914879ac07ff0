// SPDX-License-Identifier: BSD-2-Clause
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { AuthAlg } from './algorithm.ts';
import { XcbcMac } from './xcbc_mac.ts';

/** A key that authenticates. */
export interface Mac {
  /**
   * The MAC, of which the first icvBytes count, over bytes from..to and those of `tail` behind them
   * (the high half of an ESN, RFC 4303 §2.2.1).
   */
  over(data: Uint8Array, from: number, to: number, tail: Uint8Array | null): Uint8Array;
}

export function newMac(alg: AuthAlg, key: Uint8Array): Mac {
  return alg.kind === 'xcbc' ? new XcbcMac(key) : new HmacMac(alg.openssl, key);
}

class HmacMac implements Mac {
  readonly #hash: string;
  readonly #key: KeyObject;

  constructor(hash: string, key: Uint8Array) {
    this.#hash = hash;
    this.#key = createSecretKey(key);
  }

  over(data: Uint8Array, from: number, to: number, tail: Uint8Array | null): Uint8Array {
    const h = createHmac(this.#hash, this.#key);
    h.update(data.subarray(from, to));
    if (tail !== null) h.update(tail);
    return h.digest();
  }
}
