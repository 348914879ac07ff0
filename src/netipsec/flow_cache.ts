// SPDX-License-Identifier: BSD-2-Clause
import { TurnRules } from '../kern/turn_rule.ts';
import { FLOW_STAMP, SA_STAMP } from '../kern/turn_rules.ts';
import { type Flow, PORT_HIDDEN } from './flow.ts';
import { hashAddr, hashWord } from './hash_chains.ts';
import type { Sa } from './sa.ts';
import type { Sadb } from './sadb.ts';
import type { Secpolicy } from './secpolicy.ts';
import type { Direction, Spd } from './spd.ts';

const SLOTS = 32768; // a power of two
/** Slots that a flow may be in, one behind the other, so that two flows seldom drive each other out. */
const WINDOW = 4;
// Beside the protocol, which may be PROTO_HIDDEN.
const DIRECTION_BIT = 0x200;
const HIDDEN_BIT = 0x400;
const FAMILY_BIT = 0x800;
// Parts of a slot: words, and those that are counted in 8 bytes.
const DST = 4;
const PORTS = 8;
const PROTO = 9;
const SPD_STAMP = 5;
const SADB_STAMP = 6;

/**
 * What SPD and SADB said about the flows seen last, so that the price of a packet does not depend on
 * how many policies there are. A slot is good as long as neither database changed.
 */
export class FlowCache {
  /** Per slot: the policy of the flow, and the SA of its first request (null: not asked yet). */
  readonly policy: (Secpolicy | null)[] = new Array<Secpolicy | null>(SLOTS).fill(null);
  readonly sa: (Sa | null)[] = new Array<Sa | null>(SLOTS).fill(null);
  /**
   * A slot is 16 words, one line of a processor's cache:
   *
   *     | source 4 | destination 4 | ports | proto | SPD's changes 2 | SADB's changes 2 | 0 0 |
   */
  readonly #words = new Uint32Array(16 * SLOTS);
  readonly #stamps = new Float64Array(this.#words.buffer);
  readonly #spd: Spd;
  readonly #sadb: Sadb;
  readonly #rules: TurnRules;
  #turn = 0;

  constructor(spd: Spd, sadb: Sadb, rules: TurnRules = new TurnRules()) {
    this.#rules = rules;
    this.#spd = spd;
    this.#sadb = sadb;
    for (let i = 0; i < SLOTS; i++) this.#stamps[8 * i + SPD_STAMP] = -1;
  }

  /** The slot of the flow, its policy looked up. */
  lookup(direction: Direction, flow: Flow): number {
    const hidden = flow.sport === PORT_HIDDEN ? HIDDEN_BIT : 0;
    const family = flow.family === 6 ? FAMILY_BIT : 0;
    const proto = flow.proto | hidden | family | (direction === 'in' ? DIRECTION_BIT : 0);
    const ports = ((flow.sport << 16) | (flow.dport & 0xffff)) >>> 0;
    const first = slotOf(flow, ports, proto);
    const stamps = this.#stamps;
    const now = this.#spd.changes;
    const mayBeOld = this.#rules.on[FLOW_STAMP] === 0;
    let old = -1;
    for (let n = 0; n < WINDOW; n++) {
      const i = (first + n) & (SLOTS - 1);
      const stamp = stamps[8 * i + SPD_STAMP]!;
      const isGood = stamp === now || (mayBeOld && stamp >= 0);
      if (!isGood) old = i;
      else if (this.#isAbout(i, flow, ports, proto)) return this.#checkSa(i);
    }
    const i = old >= 0 ? old : (first + (this.#turn++ & (WINDOW - 1))) & (SLOTS - 1);
    this.policy[i] = this.#spd.lookup(direction, flow);
    this.sa[i] = null;
    const words = this.#words;
    words.set(flow.src, 16 * i);
    words.set(flow.dst, 16 * i + DST);
    words[16 * i + PORTS] = ports;
    words[16 * i + PROTO] = proto;
    stamps[8 * i + SPD_STAMP] = now;
    stamps[8 * i + SADB_STAMP] = this.#sadb.changes;
    return i;
  }

  /** Forgets the SA of a slot if the SADB has changed. */
  #checkSa(slot: number): number {
    const at = 8 * slot + SADB_STAMP;
    if (this.#stamps[at] !== this.#sadb.changes && this.#rules.on[SA_STAMP] === 1) {
      this.#stamps[at] = this.#sadb.changes;
      this.sa[slot] = null;
    }
    return slot;
  }

  #isAbout(slot: number, { family, src, dst }: Flow, ports: number, proto: number): boolean {
    const w = this.#words;
    const at = 16 * slot;
    if (w[at + PORTS] !== ports || w[at + PROTO] !== proto) return false;
    if (w[at] !== src[0] || w[at + DST] !== dst[0]) return false;
    if (family === 4) return true;
    for (let i = 1; i < 4; i++) {
      if (w[at + i] !== src[i] || w[at + DST + i] !== dst[i]) return false;
    }
    return true;
  }
}

function slotOf(flow: Flow, ports: number, proto: number): number {
  const h = hashWord(hashWord(hashAddr(hashAddr(0, flow.src), flow.dst), ports), proto);
  return (h ^ (h >>> 16)) & (SLOTS - 1);
}
