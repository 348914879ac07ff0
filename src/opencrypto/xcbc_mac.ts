// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import type { Mac } from './mac.ts';

const BLOCK_BYTES = 16;
const ZERO_IV = new Uint8Array(BLOCK_BYTES);
/** The message with its padding, for all keys: one is at work at a time. An IP packet fits. */
const message = new Uint8Array(0x10000 + 2 * BLOCK_BYTES);

/** AES-XCBC-MAC-96, RFC 3566: CBC from a zero IV, the last block first mixed with K2 or K3. */
export class XcbcMac implements Mac {
  readonly #k1: KeyObject;
  readonly #k2: Uint8Array;
  readonly #k3: Uint8Array;

  /** key: 16 bytes. */
  constructor(key: Uint8Array) {
    // RFC 3566 §4.1: three keys, of the blocks 0x0101…, 0x0202… and 0x0303….
    const c = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    const [k1, k2, k3] = [1, 2, 3].map((n) => c.update(new Uint8Array(BLOCK_BYTES).fill(n)));
    this.#k1 = createSecretKey(k1!);
    this.#k2 = k2!;
    this.#k3 = k3!;
  }

  over(data: Uint8Array, from: number, to: number, tail: Uint8Array | null): Uint8Array {
    message.set(data.subarray(from, to));
    let length = to - from;
    if (tail !== null) {
      message.set(tail, length);
      length += tail.length;
    }
    const over = length % BLOCK_BYTES;
    let mask = this.#k2;
    // §4.2: a message that fills no whole block is padded with 1 0 0 …, and gets the other key.
    if (length === 0 || over !== 0) {
      mask = this.#k3;
      message[length] = 0x80;
      message.fill(0, length + 1, length + BLOCK_BYTES - over);
      length += BLOCK_BYTES - over;
    }
    const last = length - BLOCK_BYTES;
    for (let i = 0; i < BLOCK_BYTES; i++) message[last + i]! ^= mask[i]!;
    const c = createCipheriv('aes-128-cbc', this.#k1, ZERO_IV).setAutoPadding(false);
    return c.update(message.subarray(0, length)).subarray(last);
  }
}
