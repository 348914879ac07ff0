// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { CaptureError, checkLinkType, type Frame } from './capture.ts';
import { PCAPNG_SHB } from './pcapng.ts';
import { pcapngFrames } from './pcapng_read.ts';

/**
 * Reads captures, pcap and pcapng, of either byte order.
 *
 *     pcap:  | magic | version | 0 | 0 | snaplen | link type |  then for each packet
 *            | seconds | fraction | captured length | original length | bytes … |
 */
const PCAP_US = 0xa1b2c3d4;
const PCAP_NS = 0xa1b23c4d;
/** Of Linux 2.x: each record header has 8 bytes more, of interface and protocol. */
const PCAP_KUZNETZOV = 0xa1b2cd34;
const PCAP_HDR_LEN = 24;
const PCAP_RECORD_LEN = 16;

/** Frames of the capture at path, in order. Throws CaptureError, at the frame where it happens. */
export function* readCapture(path: string): Generator<Frame> {
  let file: Uint8Array;
  try {
    file = readFileSync(path);
  } catch (error) {
    throw new CaptureError(path, 0, 'unreadable', (error as Error).message);
  }
  yield* captureFrames(path, file);
}

/** The same of a file in memory; path is for error messages. */
export function* captureFrames(path: string, file: Uint8Array): Generator<Frame> {
  const v = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = file.length >= 4 ? v.getUint32(0) : 0;
  const swapped = file.length >= 4 ? v.getUint32(0, true) : 0;
  if (magic === PCAPNG_SHB) yield* pcapngFrames(path, file, v);
  else if (isPcap(magic)) yield* pcapFrames(path, file, v, false, magic);
  else if (isPcap(swapped)) yield* pcapFrames(path, file, v, true, swapped);
  else {
    throw new CaptureError(path, 0, 'not-a-capture', 'neither pcap nor pcapng');
  }
}

function isPcap(magic: number): boolean {
  return magic === PCAP_US || magic === PCAP_NS || magic === PCAP_KUZNETZOV;
}

function* pcapFrames(
  path: string,
  file: Uint8Array,
  v: DataView,
  little: boolean,
  magic: number,
): Generator<Frame> {
  if (file.length < PCAP_HDR_LEN) {
    throw new CaptureError(path, 0, 'truncated', `file header ends after ${file.length} bytes`);
  }
  const recordLen = PCAP_RECORD_LEN + (magic === PCAP_KUZNETZOV ? 8 : 0);
  const nsPerTick = magic === PCAP_NS ? 1n : 1000n;
  const linkType = v.getUint32(20, little) & 0xffff;
  checkLinkType(path, 20, linkType);
  for (let at = PCAP_HDR_LEN; at < file.length; ) {
    if (at + recordLen > file.length) {
      throw new CaptureError(path, at, 'truncated', 'file ends inside a record header');
    }
    const len = v.getUint32(at + 8, little);
    const begin = at + recordLen;
    if (begin + len > file.length) {
      const missing = begin + len - file.length;
      throw new CaptureError(path, at, 'truncated', `file ends ${missing} bytes before the packet`);
    }
    yield {
      bytes: file.subarray(begin, begin + len),
      originalLen: v.getUint32(at + 12, little),
      linkType,
      timeNs:
        BigInt(v.getUint32(at, little)) * 1_000_000_000n +
        BigInt(v.getUint32(at + 4, little)) * nsPerTick,
      offset: at,
    };
    at = begin + len;
  }
}
