// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_HDR_LEN, ETHERTYPE_IP, ETHERTYPE_IPV6 } from './ether.ts';
import { LINKTYPE_ETHERNET, LINKTYPE_RAW } from './pcapng.ts';

/**
 * What stands before a packet in a capture, by its link type (https://www.tcpdump.org/linktypes.html).
 *
 *     Ethernet   | dst 6 | src 6 | type 2 | …
 *     SLL        | packet type 2 | ARPHRD 2 | length 2 | address 8 | type 2 | …
 *     SLL2       | type 2 | 0 | interface 4 | ARPHRD 2 | packet type 1 | length 1 | address 8 | …
 *     null, loop | address family 4, in the order of the host, of the network | …
 *     raw IP     | …
 */
export const LINKTYPE_NULL = 0;
export const LINKTYPE_LOOP = 108;
export const LINKTYPE_LINUX_SLL = 113;
export const LINKTYPE_IPV4 = 228;
export const LINKTYPE_IPV6 = 229;
export const LINKTYPE_LINUX_SLL2 = 276;
/** DLT_RAW, as some systems write it: of BSD and of OpenBSD. */
const DLT_RAW = 12;
const DLT_RAW_OPENBSD = 14;

const LINK_TYPES: ReadonlyMap<number, string> = new Map([
  [LINKTYPE_ETHERNET, 'Ethernet'],
  [LINKTYPE_RAW, 'raw IP'],
  [DLT_RAW, ''],
  [DLT_RAW_OPENBSD, ''],
  [LINKTYPE_IPV4, ''],
  [LINKTYPE_IPV6, ''],
  [LINKTYPE_NULL, 'null'],
  [LINKTYPE_LOOP, 'loop'],
  [LINKTYPE_LINUX_SLL, 'Linux cooked'],
  [LINKTYPE_LINUX_SLL2, 'Linux cooked v2'],
]);

export function isLinkType(linkType: number): boolean {
  return LINK_TYPES.has(linkType);
}

/** '1 (Ethernet), 101 (raw IP), …' for people. */
export function linkTypesText(): string {
  const named = [...LINK_TYPES].filter(([, name]) => name !== '');
  return named.map(([type, name]) => `${type} (${name})`).join(', ');
}

/**
 * The same packet behind an Ethernet header, as a card takes it; an Ethernet frame is returned as it
 * is. What is too short to be of its link type becomes a frame too short to be one.
 */
export function asEthernet(bytes: Uint8Array, linkType: number): Uint8Array {
  switch (linkType) {
    case LINKTYPE_ETHERNET:
      return bytes;
    case LINKTYPE_LINUX_SLL:
      return framed(bytes.subarray(14, 16), bytes.subarray(16));
    case LINKTYPE_LINUX_SLL2:
      return framed(bytes.subarray(0, bytes.length < 20 ? 0 : 2), bytes.subarray(20));
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      return ipFramed(bytes.subarray(4));
    default:
      return ipFramed(bytes);
  }
}

/** The family's number differs from system to system; the packet's version does not. */
function ipFramed(packet: Uint8Array): Uint8Array {
  if (packet.length === 0) return packet;
  const type = packet[0]! >> 4 === 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
  return framed(Uint8Array.of(type >> 8, type & 0xff), packet);
}

function framed(type: Uint8Array, packet: Uint8Array): Uint8Array {
  if (type.length < 2) return type;
  const frame = new Uint8Array(ETHER_HDR_LEN + packet.length);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
  frame.set(type, ETHER_HDR_LEN - 2);
  frame.set(packet, ETHER_HDR_LEN);
  return frame;
}
