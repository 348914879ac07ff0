// SPDX-License-Identifier: BSD-2-Clause
/** Where a hazard is, or was, in real stacks. */
export interface InRealStacks {
  /**
   * Function, callback, driver. Linux: struct xfrmdev_ops of include/linux/netdevice.h; its
   * xdo_dev_offload_ok is gone from drivers of late. FreeBSD: sys/netipsec/ipsec_offload.c, sys/net/if.c.
   */
  readonly elsewhere: string;
  /** What the sender, or whoever added the SA, gets when a rule stops it. */
  readonly errno?: string;
  /** Commit that repaired a real stack. */
  readonly fix?: string;
}

/** All of it in one line. */
export function inRealStacks({ elsewhere, errno, fix }: InRealStacks): string {
  return [elsewhere, errno, fix].filter((text) => text !== undefined).join('; ');
}

/**
 * What happens to tags where a packet turns round, is copied, is put in again, or where something
 * changes between tagging and transmit: one row a rule, all of them in turn_rules.ts.
 *
 * The hazards H1 … H40 are known accidents of real stacks at such turns. A rule can be switched off,
 * to see the accident happen; nothing but tests and `tagwire run hazards` ever does.
 */
export interface TurnRule extends InRealStacks {
  readonly id: string;
  /** Where the packet, or the SA under it, turns. */
  readonly turn: string;
  /** Which tags stay on the packet, and which go. */
  readonly tags: string;
  /** Who does it: file of src. */
  readonly by: string;
  readonly why: string;
  /** Numbers of the hazards that it prevents. */
  readonly hazards: readonly number[];
}

const rules: TurnRule[] = [];
const CAPACITY = 64;

/** Declares a rule, once, at load time; returns its index. */
export function rule(row: TurnRule): number {
  if (rules.some((r) => r.id === row.id)) throw new Error(`rule "${row.id}" is declared twice`);
  if (rules.length === CAPACITY) throw new RangeError(`more than ${CAPACITY} rules`);
  rules.push(row);
  return rules.length - 1;
}

/** The table, in the order of its declarations. */
export function turnRules(): readonly TurnRule[] {
  return rules;
}

/** Which rules hold in one host: 1 or 0 by index. All of them do. */
export class TurnRules {
  readonly on: Uint8Array = new Uint8Array(CAPACITY).fill(1);

  /** Takes a rule out, for a test. Throws RangeError for a name that is none. */
  off(id: string): void {
    const i = rules.findIndex((r) => r.id === id);
    if (i < 0) throw new RangeError(`no rule is called "${id}"`);
    this.on[i] = 0;
  }
}
