// SPDX-License-Identifier: BSD-2-Clause
import { ESP_HEADER_BYTES, ESP_IV_BYTES } from '../dev/nic/nic_regs.ts';
import { cksum, cksumAdd, cksumFold } from '../header/cksum.ts';
import { etherHeaderLen } from '../header/ether.ts';
import { IPPROTO_IPIP, IPPROTO_TCP, IPPROTO_UDP } from '../header/ip.ts';
import type { EspPlace } from './model_esp.ts';

const IP4_BYTES = 20;
const IP6_BYTES = 40;
const IPPROTO_IPV6 = 41;
/** Sums of the paddings that fill a last word, none, 1, 1 2, 1 2 3 (RFC 4303 §2.4), as they lie there. */
const PADDING = [0, 0x0001, 0x0102, 0x0204] as const;
const L4_MIN_BYTES = 8;

/** Which bytes of a frame are summed, and where the sum goes. */
export interface TxSum {
  start: number;
  at: number;
  stop: number;
}

/** The field lies in what is summed, and that in the frame. */
export function isSumPlaced({ start, at, stop }: TxSum, lenBytes: number): boolean {
  return start <= at && at + 2 <= stop && stop <= lenBytes;
}

/** Puts the checksum into a frame; its field has the pseudo header's sum. RFC 1071; 0 is sent as ffff. */
export function fillSum(frame: Uint8Array, { start, at, stop }: TxSum): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const sum = cksum(view, start, stop - start) || 0xffff;
  // What starts at an odd place is summed as the card sees it: by places of its own.
  view.setUint16(at, (at - start) % 2 === 0 ? sum : ((sum & 0xff) << 8) | (sum >>> 8));
}

/** A decrypted frame: is the checksum of TCP or UDP in it right, as far as the card can tell? */
export function isSumRight(frame: Uint8Array, place: EspPlace): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const text = place.espOffset + ESP_HEADER_BYTES + ESP_IV_BYTES;
  const end = text + place.textBytes;
  const pad = view.getUint8(end - 2);
  const next = view.getUint8(end - 1);
  const body = place.textBytes - 2 - pad;
  const inner = innerOf(view, text, body, next) ?? outerOf(view, text, next, place);
  if (inner === null || pad >= PADDING.length) return false;
  const { addressesAt, addressBytes, at, proto } = inner;
  const lenBytes = text + body - at;
  if (lenBytes < L4_MIN_BYTES || (proto !== IPPROTO_TCP && proto !== IPPROTO_UDP)) return false;
  // To the end of ESP, and what is no part of it taken off: of the padding the card knows what it should be.
  const not = (x: number): number => ~x & 0xffff;
  const trailer = not(view.getUint16(end - 2)) + not(PADDING[pad]!);
  const sum = cksumAdd(view, addressesAt, addressBytes, cksumFold(proto + lenBytes + trailer));
  return cksumAdd(view, at, end - at, sum) === 0xffff;
}

interface Inner {
  readonly addressesAt: number;
  readonly addressBytes: number;
  /** Where TCP or UDP begins. */
  readonly at: number;
  readonly proto: number;
}

/** Tunnel mode: a whole packet as long as ESP says. IPv4 without options, IPv6 without more headers. */
function innerOf(view: DataView, ip: number, body: number, next: number): Inner | null {
  if (next === IPPROTO_IPIP) {
    const isWhole = (view.getUint16(ip + 6) & 0x3fff) === 0 && view.getUint16(ip + 2) === body;
    if (view.getUint8(ip) !== 0x45 || !isWhole) return null;
    const proto = view.getUint8(ip + 9);
    return { addressesAt: ip + 12, addressBytes: 8, at: ip + IP4_BYTES, proto };
  }
  if (next !== IPPROTO_IPV6 || view.getUint8(ip) >>> 4 !== 6) return null;
  if (view.getUint16(ip + 4) !== body - IP6_BYTES) return null;
  return {
    addressesAt: ip + 8,
    addressBytes: 32,
    at: ip + IP6_BYTES,
    proto: view.getUint8(ip + 6),
  };
}

/** Transport mode: the addresses in front of ESP, unless options, or UDP over IPv6, hide them. */
function outerOf(view: DataView, at: number, proto: number, place: EspPlace): Inner | null {
  const ip = etherHeaderLen(view, 0);
  if (place.isV6) {
    if (place.espOffset - ip !== IP6_BYTES) return null;
    return { addressesAt: ip + 8, addressBytes: 32, at, proto };
  }
  if ((view.getUint8(ip) & 15) !== 5) return null;
  return { addressesAt: ip + 12, addressBytes: 8, at, proto };
}
