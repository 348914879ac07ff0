// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_DST, ETHER_HDR_LEN, ETHER_SRC, etherIsGroup, etherSame } from '../header/ether.ts';
import type { Clock } from '../kern/clock.ts';
import { type Counters, counter } from '../kern/counters.ts';
import { EMSGSIZE, ENETDOWN, ENOBUFS } from '../kern/errno.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { BRIDGE_GATE, BRIDGE_ONCE } from '../kern/turn_rules_if.ts';
import { BridgeRtable } from './bridge_rtable.ts';
import { type Gate, IF_NONE, IFF_PROMISC, IFF_UP, type Ifnet, type Tap } from './ifnet.ts';

const BRIDGE_FORWARDED = counter('bridge.forwarded', 'frames passed to the member that leads on');
const BRIDGE_FLOODED = counter('bridge.flooded', 'frames passed to every member');
const BRIDGE_FILTERED = counter('bridge.filtered', 'frames that were on the right link already');
const BRIDGE_DOWN = counter('bridge.down', 'bridge or member is down, or there is no member');
const BRIDGE_SHORT = counter('bridge.short', 'frame shorter than its header');
const BRIDGE_BAD_SOURCE = counter(
  'bridge.badSource',
  'frame from a group, or from the bridge itself',
);
const BRIDGE_NO_COPY = counter('bridge.noCopy', 'no mbuf or tag for a copy of a flooded frame');
const BRIDGE_TOO_LONG = counter('bridge.tooLong', 'frame longer than the MTU of the member');
const BRIDGE_GATE_REFUSED = counter('bridge.gateRefused', 'IPsec refused it before a member');

export interface BridgeConfig {
  readonly name: string;
  readonly index: number;
  /** The host's own address on the bridged links, 6 bytes. */
  readonly lladdr: Uint8Array;
  readonly pool: MbufPool;
  readonly counters: Counters;
  readonly clock: Clock;
  /** Stands before each member's transmit(). */
  readonly gate: Gate;
}

/**
 * A learning bridge (IEEE 802.1D, without the spanning tree): an interface of the host, and any
 * number of Ethernet members. A frame goes to the member that its destination was heard on, else to
 * all of them.
 *
 * A packet whose crypto a card is to do is plaintext in an ESP coat, and a bridge does not send it
 * where its request says: so each copy passes the gate again, for the member it leaves by. Before
 * it is copied the crypto is done, once: of two copies one would go to the card and one to software.
 */
export class BridgeIf implements Ifnet {
  readonly name: string;
  readonly index: number;
  readonly lladdr: Uint8Array;
  readonly capabilities = 0;
  mtu = 1500;
  flags: number = IFF_UP;
  tap: Tap | null = null;
  input: (m: Mbuf) => void;
  readonly rtable: BridgeRtable;
  readonly #pool: MbufPool;
  readonly #n: Float64Array;
  readonly #gate: Gate;
  readonly #members: Ifnet[] = [];

  constructor(config: BridgeConfig) {
    this.name = config.name;
    this.index = config.index;
    this.lladdr = config.lladdr;
    this.rtable = new BridgeRtable(config.clock);
    this.#pool = config.pool;
    this.#n = config.counters.n;
    this.#gate = config.gate;
    this.input = (m) => config.pool.free(m);
  }

  /** From now on what the interface receives is the bridge's. It hears all that is on its link. */
  addMember(ifp: Ifnet): void {
    if (ifp.lladdr === null) throw new TypeError(`"${ifp.name}" is no Ethernet interface`);
    if (this.#members.includes(ifp)) throw new Error(`${ifp.name} is a member already`);
    this.#members.push(ifp);
    ifp.flags |= IFF_PROMISC;
    ifp.input = (m) => this.#received(ifp, m);
  }

  /** The interface leaves: what it receives is freed until somebody takes it. */
  removeMember(ifp: Ifnet): void {
    const at = this.#members.indexOf(ifp);
    if (at < 0) return;
    this.#members.splice(at, 1);
    this.rtable.forget(ifp.index);
    ifp.flags &= ~IFF_PROMISC;
    ifp.input = (m) => this.#pool.free(m);
  }

  /** A frame of the host's own. */
  transmit(m: Mbuf): number {
    if ((this.flags & IFF_UP) === 0) return this.#drop(m, BRIDGE_DOWN, ENETDOWN);
    return this.#forward(m, null);
  }

  #received(from: Ifnet, m: Mbuf): void {
    const { data, off, len } = this.#pool;
    from.tap?.(m, 'in');
    if ((this.flags & IFF_UP) === 0) {
      this.#drop(m, BRIDGE_DOWN, 0);
      return;
    }
    if (len[m]! < ETHER_HDR_LEN) {
      this.#drop(m, BRIDGE_SHORT, 0);
      return;
    }
    const at = off[m]!;
    // Our own address from outside: the links form a ring, or somebody takes our name.
    if (etherIsGroup(data, at + ETHER_SRC) || etherSame(data, at + ETHER_SRC, this.lladdr, 0)) {
      this.#drop(m, BRIDGE_BAD_SOURCE, 0);
      return;
    }
    this.rtable.learn(data, at + ETHER_SRC, from.index);
    if (etherSame(data, at + ETHER_DST, this.lladdr, 0)) {
      this.input(m);
      return;
    }
    if (etherIsGroup(data, at + ETHER_DST)) {
      const ours = this.#pool.dup(m);
      if (ours === NO_MBUF) this.#n[BRIDGE_NO_COPY]!++;
      else this.input(ours);
    }
    this.#forward(m, from);
  }

  /** To where the destination is, or everywhere but where it came from (null: from the host). */
  #forward(m: Mbuf, from: Ifnet | null): number {
    const { data, off } = this.#pool;
    const dst = off[m]! + ETHER_DST;
    const known = etherIsGroup(data, dst) ? -1 : this.rtable.lookup(data, dst);
    if (known < 0) return this.#flood(m, from);
    if (known === from?.index) return this.#drop(m, BRIDGE_FILTERED, 0);
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i]!;
      if (member.index !== known) continue;
      this.#n[BRIDGE_FORWARDED]!++;
      return this.#send(m, member);
    }
    return this.#drop(m, BRIDGE_DOWN, ENETDOWN);
  }

  #flood(m: Mbuf, from: Ifnet | null): number {
    let last: Ifnet | null = null;
    let targets = 0;
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i]!;
      if (!isTarget(member, from)) continue;
      last = member;
      targets++;
    }
    if (last === null) return this.#drop(m, BRIDGE_DOWN, ENETDOWN);
    this.#n[BRIDGE_FLOODED]!++;
    if (targets > 1 && this.#pool.rules.on[BRIDGE_ONCE] === 1) {
      const error = this.#gate(m, IF_NONE, ETHER_HDR_LEN);
      if (error !== 0) return this.#drop(m, BRIDGE_GATE_REFUSED, error);
    }
    let result = 0;
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i]!;
      if (member === last || !isTarget(member, from)) continue;
      // Packet and tags, or nothing: a copy without its tags would tell the gate that all is done.
      const copy = this.#pool.dup(m);
      if (copy === NO_MBUF) {
        this.#n[BRIDGE_NO_COPY]!++;
        result = ENOBUFS;
        continue;
      }
      const error = this.#send(copy, member);
      if (error !== 0) result = error;
    }
    const error = this.#send(m, last);
    return error === 0 ? result : error;
  }

  #send(m: Mbuf, member: Ifnet): number {
    if ((member.flags & IFF_UP) === 0) return this.#drop(m, BRIDGE_DOWN, ENETDOWN);
    if (this.#pool.len[m]! - ETHER_HDR_LEN > member.mtu) {
      return this.#drop(m, BRIDGE_TOO_LONG, EMSGSIZE);
    }
    if (this.#pool.rules.on[BRIDGE_GATE] === 1) {
      const error = this.#gate(m, member, ETHER_HDR_LEN);
      if (error !== 0) return this.#drop(m, BRIDGE_GATE_REFUSED, error);
    }
    member.tap?.(m, 'out');
    return member.transmit(m);
  }

  #drop(m: Mbuf, why: number, errno: number): number {
    this.#n[why]!++;
    this.#pool.free(m);
    return errno;
  }
}

function isTarget(member: Ifnet, from: Ifnet | null): boolean {
  return member !== from && (member.flags & IFF_UP) !== 0;
}
