// SPDX-License-Identifier: BSD-2-Clause
import { TurnRules } from '../kern/turn_rule.ts';
import { FLOW_STAMP, SA_STAMP } from '../kern/turn_rules.ts';
import { type Flow, PORT_HIDDEN } from './flow.ts';
import { hashAddr, hashWord } from './hash_chains.ts';
import type { Sa } from './sa.ts';
import type { Sadb } from './sadb.ts';
import type { Secpolicy } from './secpolicy.ts';
import type { Direction, Spd } from './spd.ts';

const SLOTS = 16384; // a power of two
// Beside the protocol, which may be PROTO_HIDDEN.
const DIRECTION_BIT = 0x200;
const HIDDEN_BIT = 0x400;
const FAMILY_BIT = 0x800;

/**
 * What SPD and SADB said about the flows seen last, so that the price of a packet does not depend on
 * how many policies there are. A slot is good as long as neither database changed.
 */
export class FlowCache {
  /** Per slot: the policy of the flow, and the SA of its first request (null: not asked yet). */
  readonly policy: (Secpolicy | null)[] = new Array<Secpolicy | null>(SLOTS).fill(null);
  readonly sa: (Sa | null)[] = new Array<Sa | null>(SLOTS).fill(null);
  /** Per slot eight words: source, destination. */
  readonly #addrs = new Uint32Array(8 * SLOTS);
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
    const family = flow.family === 6 ? FAMILY_BIT : 0;
    const proto = flow.proto | hidden | family | (direction === 'in' ? DIRECTION_BIT : 0);
    const ports = ((flow.sport << 16) | (flow.dport & 0xffff)) >>> 0;
    const i = slotOf(flow, ports, proto);
    if (
      (this.#spdStamp[i] === this.#spd.changes ||
        (this.#rules.on[FLOW_STAMP] === 0 && this.#spdStamp[i]! >= 0)) &&
      this.#ports[i] === ports &&
      this.#proto[i] === proto &&
      this.#hasAddrs(i, flow)
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
    this.#addrs.set(flow.src, 8 * i);
    this.#addrs.set(flow.dst, 8 * i + 4);
    this.#ports[i] = ports;
    this.#proto[i] = proto;
    this.#spdStamp[i] = this.#spd.changes;
    this.#sadbStamp[i] = this.#sadb.changes;
    return i;
  }

  #hasAddrs(slot: number, { family, src, dst }: Flow): boolean {
    const a = this.#addrs;
    const at = 8 * slot;
    if (a[at] !== src[0] || a[at + 4] !== dst[0]) return false;
    if (family === 4) return true;
    for (let i = 1; i < 4; i++) if (a[at + i] !== src[i] || a[at + 4 + i] !== dst[i]) return false;
    return true;
  }
}

function slotOf(flow: Flow, ports: number, proto: number): number {
  const h = hashWord(hashWord(hashAddr(hashAddr(0, flow.src), flow.dst), ports), proto);
  return (h ^ (h >>> 16)) & (SLOTS - 1);
}
