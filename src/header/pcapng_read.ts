// SPDX-License-Identifier: BSD-2-Clause
import { CaptureError, checkLinkType, type Frame } from './capture.ts';
import { PCAPNG_BYTE_ORDER, PCAPNG_EPB, PCAPNG_IDB, PCAPNG_SHB, PCAPNG_SPB } from './pcapng.ts';

/** What the enhanced packet block was before: all but the interface number is at the same place. */
const PCAPNG_PB = 2;
const OPT_IF_TSRESOL = 9;
const OPT_IF_TSOFFSET = 14;

/** What an interface description block says that its packets need. */
interface Interface {
  readonly linkType: number;
  readonly snapLen: number;
  /** Ticks of its clock in a second. */
  readonly ticksPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

/** Frames of a pcapng file: packet blocks of all three kinds; other blocks are passed over. */
export function* pcapngFrames(path: string, file: Uint8Array, v: DataView): Generator<Frame> {
  let little = false;
  let interfaces: Interface[] = [];
  for (let at = 0; at < file.length; ) {
    if (at + 12 > file.length) {
      throw new CaptureError(path, at, 'truncated', 'file ends inside a block header');
    }
    // A section may come in another byte order; its type reads the same in both.
    const isSection = v.getUint32(at) === PCAPNG_SHB;
    if (isSection) little = sectionIsLittle(path, v, at);
    const len = v.getUint32(at + 4, little);
    if (len < 12 || (len & 3) !== 0) {
      throw new CaptureError(path, at + 4, 'malformed', `block length ${len}`);
    }
    if (at + len > file.length) {
      const missing = at + len - file.length;
      throw new CaptureError(path, at, 'truncated', `file ends ${missing} bytes before the block`);
    }
    if (v.getUint32(at + len - 4, little) !== len) {
      throw new CaptureError(path, at + len - 4, 'malformed', 'the two block lengths differ');
    }
    const type = v.getUint32(at, little);
    if (isSection) interfaces = [];
    else if (type === PCAPNG_IDB) interfaces.push(interfaceOf(path, v, at, len, little));
    else if (type === PCAPNG_EPB || type === PCAPNG_PB) {
      yield enhanced(path, file, v, at, len, little, interfaces);
    } else if (type === PCAPNG_SPB) yield simple(path, file, v, at, len, little, interfaces);
    at += len;
  }
}

function sectionIsLittle(path: string, v: DataView, at: number): boolean {
  if (v.getUint32(at + 8, true) === PCAPNG_BYTE_ORDER) return true;
  if (v.getUint32(at + 8) === PCAPNG_BYTE_ORDER) return false;
  throw new CaptureError(path, at + 8, 'malformed', 'no byte-order magic in the section header');
}

function interfaceOf(
  path: string,
  v: DataView,
  at: number,
  len: number,
  little: boolean,
): Interface {
  if (len < 20) throw new CaptureError(path, at, 'malformed', `interface block of ${len} bytes`);
  const linkType = v.getUint16(at + 8, little);
  let ticksPerSecond = 1_000_000n;
  let offsetSeconds = 0n;
  for (let o = at + 16; o + 4 <= at + len - 4; ) {
    const code = v.getUint16(o, little);
    const optLen = v.getUint16(o + 2, little);
    if (code === 0) break;
    if (o + 4 + optLen > at + len - 4) {
      throw new CaptureError(path, o, 'malformed', `option ${code} is longer than its block`);
    }
    if (code === OPT_IF_TSRESOL && optLen === 1) {
      const resolution = v.getUint8(o + 4);
      const exponent = BigInt(resolution & 0x7f);
      ticksPerSecond = (resolution & 0x80) !== 0 ? 1n << exponent : 10n ** exponent;
    }
    if (code === OPT_IF_TSOFFSET && optLen === 8) offsetSeconds = v.getBigInt64(o + 4, little);
    o += 4 + ((optLen + 3) & ~3);
  }
  return { linkType, snapLen: v.getUint32(at + 12, little), ticksPerSecond, offsetSeconds };
}

function enhanced(
  path: string,
  file: Uint8Array,
  v: DataView,
  at: number,
  len: number,
  little: boolean,
  interfaces: readonly Interface[],
): Frame {
  if (len < 32) throw new CaptureError(path, at, 'malformed', `packet block of ${len} bytes`);
  const isOld = v.getUint32(at, little) === PCAPNG_PB;
  const id = isOld ? v.getUint16(at + 8, little) : v.getUint32(at + 8, little);
  const from = interfaces[id];
  if (from === undefined) {
    throw new CaptureError(path, at + 8, 'malformed', `interface ${id} was never described`);
  }
  // An interface of another kind is no fault until a packet comes from it.
  checkLinkType(path, at, from.linkType);
  const captured = v.getUint32(at + 20, little);
  if (captured > len - 32) {
    throw new CaptureError(path, at + 20, 'malformed', 'packet is longer than its block');
  }
  const ticks =
    (BigInt(v.getUint32(at + 12, little)) << 32n) | BigInt(v.getUint32(at + 16, little));
  return {
    bytes: file.subarray(at + 28, at + 28 + captured),
    originalLen: v.getUint32(at + 24, little),
    linkType: from.linkType,
    timeNs: (ticks * 1_000_000_000n) / from.ticksPerSecond + from.offsetSeconds * 1_000_000_000n,
    offset: at,
  };
}

function simple(
  path: string,
  file: Uint8Array,
  v: DataView,
  at: number,
  len: number,
  little: boolean,
  interfaces: readonly Interface[],
): Frame {
  const from = interfaces[0];
  if (len < 16) throw new CaptureError(path, at, 'malformed', `packet block of ${len} bytes`);
  if (from === undefined) {
    throw new CaptureError(path, at, 'malformed', 'packet before any interface description');
  }
  checkLinkType(path, at, from.linkType);
  const originalLen = v.getUint32(at + 8, little);
  const cut = from.snapLen === 0 ? originalLen : Math.min(originalLen, from.snapLen);
  const captured = Math.min(cut, len - 16);
  return {
    bytes: file.subarray(at + 12, at + 12 + captured),
    originalLen,
    linkType: from.linkType,
    timeNs: 0n,
    offset: at,
  };
}
