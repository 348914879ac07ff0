// SPDX-License-Identifier: BSD-2-Clause
/**
 * Ethernet II frame, without FCS.
 *
 *      0                   6                   12      14
 *     +-------------------+-------------------+-------+----------------
 *     | destination       | source            | type  | payload …
 *     +-------------------+-------------------+-------+----------------
 */
export const ETHER_DST = 0;
export const ETHER_SRC = 6;
export const ETHER_TYPE = 12;
export const ETHER_HDR_LEN = 14;

export const ETHERTYPE_IP = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;
/** IEEE 802.1Q: a tag of four bytes in front of the type. */
export const ETHERTYPE_VLAN = 0x8100;
export const VLAN_TAG_LEN = 4;

export const ETHER_BROADCAST: Uint8Array = new Uint8Array(6).fill(0xff);

export function etherType(v: DataView, at: number): number {
  return v.getUint16(at + ETHER_TYPE);
}

/** Bytes in front of the packet: with one VLAN tag, or none. */
export function etherHeaderLen(v: DataView, at: number): number {
  return etherType(v, at) === ETHERTYPE_VLAN ? ETHER_HDR_LEN + VLAN_TAG_LEN : ETHER_HDR_LEN;
}

/** Group bit: multicast or broadcast destination. */
export function etherIsGroup(b: Uint8Array, at: number): boolean {
  return (b[at]! & 1) !== 0;
}

/** Are the 6 bytes at a[aAt] and b[bAt] the same address? */
export function etherSame(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  for (let i = 0; i < 6; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** Copies the 6 bytes of an address. */
export function etherCopy(to: Uint8Array, toAt: number, from: Uint8Array, fromAt: number): void {
  for (let i = 0; i < 6; i++) to[toAt + i] = from[fromAt + i]!;
}

/** Writes a whole frame header; the addresses are 6 bytes at dst[dstAt] and src[0]. */
export function etherPut(
  b: Uint8Array,
  at: number,
  dst: Uint8Array,
  dstAt: number,
  src: Uint8Array,
  type: number,
): void {
  etherCopy(b, at + ETHER_DST, dst, dstAt);
  etherCopy(b, at + ETHER_SRC, src, 0);
  b[at + ETHER_TYPE] = type >> 8;
  b[at + ETHER_TYPE + 1] = type;
}

/** '02:00:00:00:00:01' as six bytes. Throws TypeError on anything else. */
export function etherParse(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw new TypeError(`"${text}" is no Ethernet address such as 02:00:00:00:00:01`);
  }
  return Uint8Array.from(text.split(':'), (x) => Number.parseInt(x, 16));
}
