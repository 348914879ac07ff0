// SPDX-License-Identifier: BSD-2-Clause

/**
 * What a scenario sends: the payload of packet `index` follows from the world's seed alone, so a
 * receiver, and an oracle on the wire, can say what it should have been without having been told.
 *
 *     size >= 8:  | marker, 8 bytes | up to 4 bytes ^ index | slice of a seeded random block ... |
 *     size <  8:  | slice of the block |
 *
 * The marker is one constant of the world: found in clear on a wire, it is a leak. The source port
 * carries the index modulo PORTS, from which a receiver recovers it.
 */

const MARKER_BYTES = 8;
const INDEX_BYTES = 4;
const BLOCK_BYTES = 1 << 16;
/** First source port, and how many there are: 2048..63487, clear of well-known and ephemeral ends. */
const PORT_FIRST = 2048;
const PORTS = 61440;

/** Integer hash, u32 to u32; the wire's faults use the same (tagwire_sim.h). */
function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

export class Payloads {
  readonly marker: Uint8Array;
  readonly maxBytes: number;
  readonly #block: Buffer;
  readonly #salt: number;

  /** seed: u32. maxBytes: the longest payload that will be asked for. */
  constructor(seed: number, maxBytes: number) {
    if (!Number.isInteger(maxBytes) || maxBytes < 0 || maxBytes > 65535) {
      throw new RangeError(`"maxBytes" expected 0..65535, got ${maxBytes}`);
    }
    this.maxBytes = maxBytes;
    this.#salt = mix(seed ^ 0x9e3779b9);
    this.#block = Buffer.alloc(BLOCK_BYTES + maxBytes + 4);
    for (let at = 0; at + 4 <= this.#block.length; at += 4) {
      this.#block.writeUInt32LE(mix(mix(this.#salt + at) ^ seed), at);
    }
    this.marker = new Uint8Array(MARKER_BYTES);
    const words = new DataView(this.marker.buffer);
    words.setUint32(0, mix(this.#salt ^ 0x6d61726b), true);
    words.setUint32(4, mix(this.#salt ^ 0x65720000), true);
  }

  /** Writes payload `index` into out[off, off + sizeBytes). */
  fill(out: Uint8Array, off: number, sizeBytes: number, index: number): void {
    const from = mix(this.#salt ^ index) & (BLOCK_BYTES - 1);
    if (sizeBytes < MARKER_BYTES) {
      for (let i = 0; i < sizeBytes; i++) out[off + i] = this.#block[from + i];
      return;
    }
    this.#block.copy(out, off, from, from + sizeBytes);
    for (let i = 0; i < MARKER_BYTES; i++) out[off + i] = this.marker[i];
    const end = Math.min(MARKER_BYTES + INDEX_BYTES, sizeBytes);
    for (let i = MARKER_BYTES; i < end; i++) out[off + i] ^= index >>> (8 * (i - MARKER_BYTES));
  }

  /** Is buf[off, off + sizeBytes) payload `index`, byte for byte? */
  matches(buf: Uint8Array, off: number, sizeBytes: number, index: number): boolean {
    if (off + sizeBytes > buf.length || sizeBytes > this.maxBytes) return false;
    const from = mix(this.#salt ^ index) & (BLOCK_BYTES - 1);
    if (sizeBytes < MARKER_BYTES) {
      for (let i = 0; i < sizeBytes; i++) if (buf[off + i] !== this.#block[from + i]) return false;
      return true;
    }
    for (let i = 0; i < MARKER_BYTES; i++) if (buf[off + i] !== this.marker[i]) return false;
    const end = Math.min(MARKER_BYTES + INDEX_BYTES, sizeBytes);
    for (let i = MARKER_BYTES; i < end; i++) {
      const expected = this.#block[from + i] ^ ((index >>> (8 * (i - MARKER_BYTES))) & 0xff);
      if (buf[off + i] !== expected) return false;
    }
    return this.#block.compare(buf, off + end, off + sizeBytes, from + end, from + sizeBytes) === 0;
  }

  sourcePort(index: number): number {
    return PORT_FIRST + (index % PORTS);
  }

  /** The index nearest to nearIndex that uses sourcePort; -1 when no index does. */
  indexOf(sourcePort: number, nearIndex: number): number {
    const rest = sourcePort - PORT_FIRST;
    if (rest < 0 || rest >= PORTS) return -1;
    const lap = Math.round((nearIndex - rest) / PORTS);
    return rest + (lap > 0 ? lap * PORTS : 0);
  }
}
