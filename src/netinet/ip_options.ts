// SPDX-License-Identifier: BSD-2-Clause
import {
  IP_HDR_LEN,
  IPOPT_EOL,
  IPOPT_LSRR,
  IPOPT_NOP,
  IPOPT_RR,
  IPOPT_SSRR,
  IPOPT_TS,
} from '../header/ip.ts';

export const IP_OPTIONS_RIGHT = -1;
export const IP_OPTIONS_SOURCE_ROUTE = -2;

/**
 * Reads the options of the header at data[at], hdrLen bytes long. IP_OPTIONS_RIGHT,
 * IP_OPTIONS_SOURCE_ROUTE, or the place in the header of the byte that is at fault.
 */
export function ipOptionsCheck(data: Uint8Array, at: number, hdrLen: number): number {
  let sourceRoute = false;
  for (let i = IP_HDR_LEN; i < hdrLen; ) {
    const type = data[at + i]!;
    // RFC 791 §3.1: what follows the end of the list is padding.
    if (type === IPOPT_EOL) break;
    if (type === IPOPT_NOP) {
      i++;
      continue;
    }
    if (i + 1 >= hdrLen) return i;
    const len = data[at + i + 1]!;
    if (len < 2 || i + len > hdrLen) return i + 1;
    // Options that carry a pointer: it counts from 1 and its smallest value names the first slot.
    const firstSlot = type === IPOPT_TS ? 5 : 4;
    const hasPointer =
      type === IPOPT_RR || type === IPOPT_TS || type === IPOPT_LSRR || type === IPOPT_SSRR;
    if (hasPointer && len < firstSlot - 1) return i + 1;
    if (hasPointer && data[at + i + 2]! < firstSlot) return i + 2;
    if (type === IPOPT_LSRR || type === IPOPT_SSRR) sourceRoute = true;
    i += len;
  }
  return sourceRoute ? IP_OPTIONS_SOURCE_ROUTE : IP_OPTIONS_RIGHT;
}
