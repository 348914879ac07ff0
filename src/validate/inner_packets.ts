// SPDX-License-Identifier: BSD-2-Clause
import { ESP_DST, ESP_DST6, type EspShape, espClear, pattern, placesOf } from './frames.ts';

/** Packets to be put into ESP, with their checksums: made here and not by the stack, as frames.ts is. */

/** Next headers. */
export const TCP = 6;
export const UDP = 17;
export const IPV4 = 4;
export const IPV6 = 41;

/** Sum of 16-bit words with end-around carry (RFC 1071 §1); an odd last byte is an upper half. */
export function wordSum(bytes: Uint8Array): number {
  let sum = 0;
  for (const [i, byte] of bytes.entries()) {
    sum += i % 2 === 0 ? byte << 8 : byte;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

const SUM_AT: Readonly<Record<number, number>> = { [TCP]: 16, [UDP]: 6 };
const bytes32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

/** Source and destination as ESP frames of src/validate/frames.ts have them. */
export const OUTER4 = Uint8Array.from([...bytes32(0x0a000001), ...bytes32(ESP_DST)]);
export const OUTER6 = Uint8Array.from([...new Uint8Array(16), ...ESP_DST6]);

/** Pseudo header: RFC 9293 §3.1, RFC 768; RFC 8200 §8.1, whose longer fields have the same sum. */
export function pseudo(addresses: Uint8Array, proto: number, lenBytes: number): Uint8Array {
  return Uint8Array.from([...addresses, 0, proto, lenBytes >> 8, lenBytes & 255]);
}

/** A segment or datagram between these addresses, its checksum right. */
export function l4(
  proto: number,
  lenBytes: number,
  addresses: Uint8Array,
  seed: number,
): Uint8Array {
  const bytes = pattern(lenBytes, seed);
  const view = new DataView(bytes.buffer);
  const at = SUM_AT[proto] ?? 2;
  if (proto === UDP) view.setUint16(4, lenBytes);
  view.setUint16(at, 0);
  const sum = 0xffff - wordSum(Uint8Array.from([...pseudo(addresses, proto, lenBytes), ...bytes]));
  view.setUint16(at, proto === UDP ? sum || 0xffff : sum);
  return bytes;
}

export interface InnerShape {
  readonly proto: number;
  readonly lenBytes: number;
  readonly seed: number;
  /** Words of IPv4 options; bits of IPv4's flags and offset; bytes that the length lies about. */
  readonly options?: number;
  readonly fragment?: number;
  readonly longer?: number;
}

/** An IPv4 packet. */
export function inner4({ proto, lenBytes, seed, ...s }: InnerShape): Uint8Array {
  const headerBytes = 20 + 4 * (s.options ?? 0);
  const out = new Uint8Array(headerBytes + lenBytes);
  const view = new DataView(out.buffer);
  const addresses = pattern(8, seed + 1);
  out[0] = 0x40 | (headerBytes / 4);
  view.setUint16(2, out.length + (s.longer ?? 0));
  view.setUint16(4, seed);
  view.setUint16(6, s.fragment ?? 0x4000);
  out.set([64, proto], 8);
  out.set(addresses, 12);
  out.fill(1, 20, headerBytes);
  view.setUint16(10, 0xffff - wordSum(out.subarray(0, headerBytes)));
  out.set(l4(proto, lenBytes, addresses, seed), headerBytes);
  return out;
}

/** An IPv6 packet. */
export function inner6({ proto, lenBytes, seed, ...s }: InnerShape): Uint8Array {
  const out = new Uint8Array(40 + lenBytes);
  const view = new DataView(out.buffer);
  const addresses = pattern(32, seed + 2);
  view.setUint32(0, 0x60000000 | (seed & 0xfffff));
  view.setUint16(4, lenBytes + (s.longer ?? 0));
  out.set([proto, 64], 6);
  out.set(addresses, 8);
  out.set(l4(proto, lenBytes, addresses, seed), 40);
  return out;
}

/** ESP round it. */
export function around(
  payload: Uint8Array,
  next: number,
  more: Partial<EspShape> & Pick<EspShape, 'spi' | 'seq'>,
): EspShape & { readonly payload: Uint8Array } {
  return { to: 0, payload, payloadBytes: payload.length, next, ...more };
}

/** Leaves in the field of TCP or UDP at `at` what software does: the pseudo header's sum. The field's place. */
export function leaveSum(
  packet: Uint8Array,
  at: number,
  proto: number,
  addresses: Uint8Array,
): number {
  const field = at + SUM_AT[proto]!;
  const sum = wordSum(pseudo(addresses, proto, packet.length - at));
  new DataView(packet.buffer, packet.byteOffset).setUint16(field, sum);
  return field;
}

/** A frame whose sum the card makes: its memory without ICV, and what the descriptor says of the sum. */
export interface SummedFrame {
  readonly clear: Uint8Array;
  readonly csum: readonly [start: number, at: number, stop: number];
}

/** The ESP frame of this shape as software leaves it to the card. */
export function leftToCard(shape: EspShape & { readonly payload: Uint8Array }): SummedFrame {
  const clear = espClear(shape).subarray(0, -16);
  const text = placesOf(shape).esp + 16;
  const payload = shape.payload.slice();
  const [at, proto, addresses] =
    shape.next === IPV4
      ? [20, payload[9]!, payload.subarray(12, 20)]
      : shape.next === IPV6
        ? [40, payload[6]!, payload.subarray(8, 40)]
        : [0, shape.next!, OUTER4];
  const field = leaveSum(payload, at, proto, addresses);
  clear.set(payload, text);
  return { clear, csum: [text + at, text + field, text + payload.length] };
}
