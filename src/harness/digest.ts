// SPDX-License-Identifier: BSD-2-Clause
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';

/**
 * The fingerprint of a run: SHA-256 over what happened and the cycle it happened in. Frames on the
 * wire, completions the drivers saw, verdicts on delivered packets, and changes of tag state go in;
 * pointers, wall time and calls into native code never do. So one seed gives one digest, on every
 * machine and with either binding, and one flipped bit or one cycle more gives another.
 *
 * Records are little-endian: u32 kind, u32 who, u64 cycle, then what the kind says.
 */
export const FRAME = 1;
export const COMPLETION = 2;
export const VERDICT = 3;
export const TAG = 4;

const BUFFER_BYTES = 1 << 16;
export const RECORD_BYTES = 32;

export class Digest {
  /** Cycle that the following records happen in; the world sets it whenever time has moved. */
  cycle = 0;
  readonly #hash: Hash = createHash('sha256');
  readonly #bytes = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #used = 0;
  #result = '';
  /** File that keeps what goes into the digest: its SHA-256 is the digest. -1: none. */
  #fd = -1;

  /** Throws the errors of node:fs when the file cannot be made. */
  constructor(path: string | null = null) {
    if (path !== null) this.#fd = openSync(path, 'w');
  }

  /** A frame as it left `card`: its tap record's words, then its bytes. */
  frame(
    card: number,
    cycle: number,
    arrival: number,
    flags: number,
    flipBit: number,
    bytes: Uint8Array,
    off: number,
    len: number,
  ): void {
    this.#record(FRAME, card, cycle, len, flags, flipBit, arrival);
    if (this.#used + len > BUFFER_BYTES) this.#flush();
    this.#bytes.set(bytes.subarray(off, off + len), this.#used);
    this.#used += len;
  }

  /** A completion that host `host` took from a ring (0 transmit, 1 receive). */
  completion(host: number, ring: number, len: number, status: number, saIndex: number): void {
    this.#record(COMPLETION, host, this.cycle, ring, len, status, saIndex);
  }

  /** Host `host` was given packet `index`, and it was (not) what had been sent. */
  verdict(host: number, index: number, len: number, good: boolean): void {
    this.#record(VERDICT, host, this.cycle, index, len, good ? 1 : 0, 0);
  }

  /** A tag of host `host` went from one state to another. */
  tag(host: number, from: number, to: number): void {
    this.#record(TAG, host, this.cycle, from, to, 0, 0);
  }

  /** The digest so far, in hex; nothing may be added afterwards. */
  hex(): string {
    if (this.#result === '') {
      this.#flush();
      this.#result = this.#hash.digest('hex');
    }
    return this.#result;
  }

  #record(kind: number, who: number, cycle: number, a: number, b: number, c: number, d: number) {
    if (this.#used + RECORD_BYTES > BUFFER_BYTES) this.#flush();
    const v = this.#view;
    const at = this.#used;
    v.setUint32(at, kind, true);
    v.setUint32(at + 4, who, true);
    v.setUint32(at + 8, cycle >>> 0, true);
    v.setUint32(at + 12, cycle / 0x1_0000_0000, true);
    v.setUint32(at + 16, a, true);
    v.setUint32(at + 20, b, true);
    v.setUint32(at + 24, c, true);
    v.setUint32(at + 28, d >>> 0, true);
    this.#used = at + RECORD_BYTES;
  }

  /** Closes the file, which has all records so far. Idempotent. */
  close(): void {
    if (this.#result === '') this.#flush();
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #flush(): void {
    const bytes = this.#bytes.subarray(0, this.#used);
    this.#hash.update(bytes);
    if (this.#fd >= 0) writeFileSync(this.#fd, bytes);
    this.#used = 0;
  }
}
