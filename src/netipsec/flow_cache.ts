// SPDX-License-Identifier: BSD-2-Clause
import { TurnRules } from '../kern/turn_rule.ts';
import { FLOW_STAMP, SA_STAMP } from '../kern/turn_rules.ts';
import { type Flow, PORT_HIDDEN } from './flow.ts';
import type { Sa } from './sa.ts';
import type { Sadb } from './sadb.ts';
import type { Direction, Policy, Spd } from './spd.ts';

const SLOTS = 4096; // a power of two
const DIRECTION_BIT = 0x100;
const HIDDEN_BIT = 0x200;

/**
 * What SPD and SADB said about the flows seen last, so that the price of a packet does not depend on
 * how many policies there are. A slot is good as long as neither database changed.
 */
export class FlowCache {
  /** Per slot: the policy of the flow, and the SA of its first request (null: not asked yet). */
  readonly policy: (Policy | null)[] = new Array<Policy | null>(SLOTS).fill(null);
  readonly sa: (Sa | null)[] = new Array<Sa | null>(SLOTS).fill(null);
  readonly #src = new Uint32Array(SLOTS);
  readonly #dst = new Uint32Array(SLOTS);
  readonly #ports = new Uint32Array(SLOTS);
  readonly #proto = new Uint32Array(SLOTS);
  readonly #spdStamp = new Float64Array(SLOTS).fill(-1);
  readonly #sadbStamp = new Float64Array(SLOTS).fill(-1);
  readonly #spd: Spd;
  readonly #sadb: Sadb;
  readonly #rules: TurnRules;

  constructor(spd: Spd, sadb: Sadb, rules: TurnRules = new TurnRules()) {
    this.#rules = rules;
    this.#spd = spd;
    this.#sadb = sadb;
  }

  /** The slot of the flow, its policy looked up. */
  lookup(direction: Direction, flow: Flow): number {
    const hidden = flow.sport === PORT_HIDDEN ? HIDDEN_BIT : 0;
    const proto = flow.proto | hidden | (direction === 'in' ? DIRECTION_BIT : 0);
    const ports = ((flow.sport << 16) | flow.dport) >>> 0;
    const i = slotOf(flow.src, flow.dst, ports, proto);
    if (
      (this.#spdStamp[i] === this.#spd.changes ||
        (this.#rules.on[FLOW_STAMP] === 0 && this.#spdStamp[i]! >= 0)) &&
      this.#src[i] === flow.src &&
      this.#dst[i] === flow.dst &&
      this.#ports[i] === ports &&
      this.#proto[i] === proto
    ) {
      const isOld = this.#sadbStamp[i] !== this.#sadb.changes;
      if (isOld && this.#rules.on[SA_STAMP] === 1) {
        this.#sadbStamp[i] = this.#sadb.changes;
        this.sa[i] = null;
      }
      return i;
    }
    this.policy[i] = this.#spd.lookup(direction, flow);
    this.sa[i] = null;
    this.#src[i] = flow.src;
    this.#dst[i] = flow.dst;
    this.#ports[i] = ports;
    this.#proto[i] = proto;
    this.#spdStamp[i] = this.#spd.changes;
    this.#sadbStamp[i] = this.#sadb.changes;
    return i;
  }
}

function slotOf(src: number, dst: number, ports: number, proto: number): number {
  let h = Math.imul(src, 0x9e3779b1) ^ Math.imul(dst, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ ports, 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 13) ^ proto, 0x297a2d39);
  return (h ^ (h >>> 16)) & (SLOTS - 1);
}
