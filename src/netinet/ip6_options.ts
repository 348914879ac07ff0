// SPDX-License-Identifier: BSD-2-Clause
import { IP6OPT_PAD1 } from '../header/ip6_ext.ts';

export const IP6_OPTIONS_RIGHT = -1;
/** What becomes of a packet whose option at fault is known only by its top two bits (RFC 8200 §4.2). */
export const IP6OPT_DISCARD = 1;
export const IP6OPT_ICMP = 2;
export const IP6OPT_ICMP_UNLESS_GROUP = 3;

/**
 * Reads the options of the hop-by-hop or destination options header at data[at], len bytes long.
 * IP6_OPTIONS_RIGHT, or action << 16 | bytes from `at` to what is at fault; action 0: the option does
 * not fit its header.
 */
export function ip6OptionsCheck(data: Uint8Array, at: number, len: number): number {
  for (let i = 2; i < len; ) {
    const type = data[at + i]!;
    if (type === IP6OPT_PAD1) {
      i++;
      continue;
    }
    if (i + 2 > len || i + 2 + data[at + i + 1]! > len) return i;
    // PadN is skipped as any option whose top bits are 0: router alert, and what nobody here knows.
    const action = type >> 6;
    if (action !== 0) return (action << 16) | i;
    i += 2 + data[at + i + 1]!;
  }
  return IP6_OPTIONS_RIGHT;
}
