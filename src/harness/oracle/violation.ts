// SPDX-License-Identifier: BSD-2-Clause

/** Something that must never happen, and where it did. */
export interface Violation {
  /** Which check tripped: 'leak', 'icv', 'nonce', 'payload'... */
  readonly oracle: string;
  readonly text: string;
  /** Number of the frame on the wire, from 1: its number in the capture. */
  readonly frame: number;
  readonly cycle: number;
  /** Number of the scenario's packet; -1 when it could not be told. */
  readonly packetIndex: number;
}

const KEPT = 20;

/** Counts every violation and keeps the first 20 whole, so that a broken run stays small. */
export class ViolationLog {
  readonly kept: Violation[] = [];
  count = 0;

  add(violation: Violation): void {
    this.count++;
    if (this.kept.length < KEPT) this.kept.push(violation);
  }
}

/** One line for people. */
export function violationText(v: Violation): string {
  const packet = v.packetIndex < 0 ? '' : `packet ${v.packetIndex}, `;
  return `${v.oracle}: ${v.text} (${packet}frame ${v.frame}, cycle ${v.cycle})`;
}
