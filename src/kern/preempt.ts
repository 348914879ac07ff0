// SPDX-License-Identifier: BSD-2-Clause
/**
 * Named points where, in a real host, something else may come in between: an interrupt, another
 * thread. They lie where BSD holds no lock. Here nothing runs by itself, so nothing comes in between
 * unless a test, or a hazard's little world, puts a hook there: in normal runs a point costs one
 * comparison with null.
 */
export interface PreemptPoint {
  readonly name: string;
  readonly text: string;
}

const points: PreemptPoint[] = [];

/** Declares a point, once, at load time; returns its index. `name` is `module.where`. */
function point(name: string, text: string): number {
  points.push({ name, text });
  return points.length - 1;
}

export const P_TAGGED = point('ipsec.tagged', 'tagged, and on its way into ip_output again');
export const P_GATE = point('ip.gate', 'route and link address are found, the last gate is next');
export const P_POSTED = point('nic.posted', 'its descriptor is written, the doorbell not yet rung');
export const P_COMPLETED = point('nic.completed', 'off the receive ring, without its report yet');
export const P_REPORTED = point('nic.reported', 'the report hangs on it, ip_input is next');
export const P_OPENED = point('ipsec.opened', 'out of ESP, and on its way into ip_input again');
export const P_INSTALL = point('sadb.install', 'the SA is in the SADB, and in no card yet');
export const P_REMOVE = point('sadb.remove', 'the SA is out of the SADB, and still in a card');
export const P_HALF_IN = point('nic.halfIn', 'one half of an inbound SA is written to the card');
export const P_HALF_OUT = point('nic.halfOut', 'its match entry is cleared, the SA not yet');

export function preemptPoints(): readonly PreemptPoint[] {
  return points;
}

/** Of one host. */
export class Preempt {
  /** Called at each point; what it does happens there. */
  hook: ((point: number) => void) | null = null;
}
