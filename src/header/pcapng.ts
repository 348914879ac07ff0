// SPDX-License-Identifier: BSD-2-Clause
import { fstatSync, ftruncateSync, writeSync } from 'node:fs';
import { TextEncoder } from 'node:util';
import { NS_PER_CYCLE } from '../kern/clock.ts';

/**
 * pcapng (draft-ietf-opsawg-pcapng), written as a stream.
 *
 *      0          4          8                             len - 4    len
 *     +----------+----------+-----------------------------+----------+
 *     | type     | len      | body, options, padded to 32 | len      |
 *     +----------+----------+-----------------------------+----------+
 */
export const PCAPNG_SHB = 0x0a0d0d0a;
export const PCAPNG_IDB = 1;
export const PCAPNG_SPB = 3;
export const PCAPNG_EPB = 6;
export const PCAPNG_BYTE_ORDER = 0x1a2b3c4d;

export const LINKTYPE_ETHERNET = 1;
export const LINKTYPE_RAW = 101;

/** Bits 1:0 of epb_flags. */
export const EPB_INBOUND = 1;
export const EPB_OUTBOUND = 2;

const OPT_END = 0;
const OPT_COMMENT = 1;
const OPT_IF_NAME = 2;
const OPT_IF_TSRESOL = 9;
const OPT_EPB_FLAGS = 2;
const MAX_BLOCK_BYTES = 65536 + 4096;
const MAX_COMMENT_BYTES = 2048;

/** The file could not be written: full disk, or no file of ours any more. */
export class CaptureWriteError extends Error {
  readonly path: string;

  constructor(path: string, cause: Error) {
    super(`cannot write "${path}": ${cause.message}`, { cause });
    this.name = 'CaptureWriteError';
    this.path = path;
  }
}

/**
 * Writes a capture to an open file descriptor through a fixed buffer, which only ever goes out in
 * whole blocks: what is on the disk is a readable file at any moment, also after a failed write.
 * The descriptor stays the caller's. Methods throw CaptureWriteError.
 */
export class PcapngWriter {
  readonly path: string;
  /** Packets taken so far. */
  packets = 0;
  readonly #fd: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #utf8: TextEncoder = new TextEncoder();
  #len = 0;
  /** Bytes in the file; whole blocks. */
  #written: number;
  #interfaces = 0;

  /** path is for error messages only. */
  constructor(fd: number, path: string, bufferBytes = 1 << 18) {
    this.#fd = fd;
    this.path = path;
    this.#bytes = new Uint8Array(Math.max(bufferBytes, 2 * MAX_BLOCK_BYTES));
    this.#view = new DataView(this.#bytes.buffer);
    this.#written = fstatSync(fd).size;
    const begin = this.#begin(PCAPNG_SHB);
    this.#u32(PCAPNG_BYTE_ORDER);
    this.#u32(1); // version 1.0
    this.#u32(0xffffffff); // section length: not known
    this.#u32(0xffffffff);
    this.#end(begin);
  }

  /** Declares an interface; returns its number for packet(). Times are in nanoseconds. */
  addInterface(name: string, linkType: number): number {
    const begin = this.#begin(PCAPNG_IDB);
    this.#u32(linkType);
    this.#u32(0); // snaplen: none
    this.#text(OPT_IF_NAME, name);
    this.#u32(OPT_IF_TSRESOL | (1 << 16));
    this.#u32(9);
    this.#u32(OPT_END);
    this.#end(begin);
    return this.#interfaces++;
  }

  /** Adds the packet data[at, at + lenBytes); flags: EPB_INBOUND, EPB_OUTBOUND or 0. */
  packet(
    ifId: number,
    cycle: number,
    data: Uint8Array,
    at: number,
    lenBytes: number,
    flags = 0,
    comment = '',
  ): void {
    const ns = cycle * NS_PER_CYCLE;
    const high = Math.floor(ns / 0x1_0000_0000);
    this.#packet(ifId, high, ns % 0x1_0000_0000, data, at, lenBytes, flags, comment);
  }

  /** The same at a time since 1970, as a capture that was read has it. */
  packetAt(ifId: number, timeNs: bigint, data: Uint8Array, at: number, lenBytes: number): void {
    const high = Number((timeNs >> 32n) & 0xffff_ffffn);
    this.#packet(ifId, high, Number(timeNs & 0xffff_ffffn), data, at, lenBytes, 0, '');
  }

  #packet(
    ifId: number,
    nsHigh: number,
    nsLow: number,
    data: Uint8Array,
    at: number,
    lenBytes: number,
    flags: number,
    comment: string,
  ): void {
    if (ifId >= this.#interfaces) throw new RangeError(`no interface ${ifId} was declared`);
    const begin = this.#begin(PCAPNG_EPB);
    this.#u32(ifId);
    this.#u32(nsHigh);
    this.#u32(nsLow);
    const captured = Math.min(lenBytes, 65536);
    this.#u32(captured);
    this.#u32(lenBytes);
    const to = this.#len;
    for (let i = 0; i < captured; i++) this.#bytes[to + i] = data[at + i]!;
    this.#len += captured;
    this.#pad();
    if (flags !== 0) {
      this.#u32(OPT_EPB_FLAGS | (4 << 16));
      this.#u32(flags);
    }
    if (comment !== '') this.#text(OPT_COMMENT, comment);
    if (flags !== 0 || comment !== '') this.#u32(OPT_END);
    this.#end(begin);
    this.packets++;
  }

  /** Brings everything to the file. Call it before the descriptor is closed. */
  flush(): void {
    let done = 0;
    try {
      while (done < this.#len) {
        const at = this.#written + done;
        done += writeSync(this.#fd, this.#bytes, done, this.#len - done, at);
      }
      this.#written += done;
      this.#len = 0;
    } catch (error) {
      // Half a block may have got out: back to the last whole one, and what is buffered is lost.
      if (done > 0) ftruncateSync(this.#fd, this.#written);
      this.#len = 0;
      throw new CaptureWriteError(this.path, error as Error);
    }
  }

  #begin(type: number): number {
    if (this.#len + MAX_BLOCK_BYTES > this.#bytes.length) this.flush();
    const begin = this.#len;
    this.#u32(type);
    this.#u32(0);
    return begin;
  }

  #end(begin: number): void {
    const len = this.#len + 4 - begin;
    this.#u32(len);
    this.#view.setUint32(begin + 4, len, true);
  }

  #u32(value: number): void {
    this.#view.setUint32(this.#len, value, true);
    this.#len += 4;
  }

  #pad(): void {
    while ((this.#len & 3) !== 0) this.#bytes[this.#len++] = 0;
  }

  /** An option with text, cut at MAX_COMMENT_BYTES. */
  #text(code: number, text: string): void {
    const at = this.#len + 4;
    const room = this.#bytes.subarray(at, at + MAX_COMMENT_BYTES);
    const { written } = this.#utf8.encodeInto(text, room);
    this.#u32(code | (written << 16));
    this.#len += written;
    this.#pad();
  }
}
