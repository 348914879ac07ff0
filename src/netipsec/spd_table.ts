// SPDX-License-Identifier: BSD-2-Clause
import { type Flow, PORT_HIDDEN, PROTO_HIDDEN } from './flow.ts';
import { HashChains, hashAddr, hashWord } from './hash_chains.ts';
import { compile, prefixMask, type Secpolicy } from './secpolicy.ts';

/** What a packet gets of which nobody can say whether a policy is about it. */
const UNSURE: Secpolicy = compile({
  ...{ direction: 'out', src: 0, srcPrefixLen: 0, dst: 0, dstPrefixLen: 0 },
  ...{ proto: 0, sport: 0, dport: 0, action: 'discard', requests: [] },
});

/**
 * Policies that look at the same parts of a packet: the same prefix lengths, and protocol and ports
 * or not. Among them one hash finds the one that fits (tuple space search, Srinivasan 1999).
 */
interface Shape {
  readonly name: string;
  readonly family: 4 | 6;
  readonly srcMask: Uint32Array;
  readonly dstMask: Uint32Array;
  readonly hasProto: boolean;
  readonly hasSport: boolean;
  readonly hasDport: boolean;
  /** No policy of the shape comes before this place in the order. */
  readonly since: number;
  count: number;
  /** By all that the shape looks at, and by the addresses alone. */
  readonly exact: HashChains;
  readonly byAddrs: HashChains;
}

/**
 * The policies of one direction. A lookup costs a hash for every shape that policies have, however
 * many policies there are.
 */
export class SpdTable {
  readonly #policies: (Secpolicy | null)[] = [];
  /** Place in the order of each slot. */
  readonly #order: number[] = [];
  readonly #free: number[] = [];
  readonly #slotOf = new Map<Secpolicy, number>();
  readonly #shapes: Shape[] = [];
  /** An address without the bits behind the prefix. */
  readonly #masked = new Uint32Array(4);
  #next = 0;

  add(sp: Secpolicy): void {
    const slot = this.#free.pop() ?? this.#policies.length;
    this.#policies[slot] = sp;
    this.#order[slot] = this.#next++;
    this.#slotOf.set(sp, slot);
    const shape = this.#shapeOf(sp);
    const { sport, dport, proto } = sp.policy;
    const addrs = this.#hashAddrs(shape, sp.src, sp.dst);
    shape.byAddrs.insert(addrs, slot);
    shape.exact.insert(hashRest(shape, addrs, proto, sport, dport), slot);
    shape.count++;
  }

  /** Both have the same selectors. */
  replace(old: Secpolicy, sp: Secpolicy): void {
    const slot = this.#slotOf.get(old)!;
    this.#slotOf.delete(old);
    this.#slotOf.set(sp, slot);
    this.#policies[slot] = sp;
  }

  delete(sp: Secpolicy): void {
    const slot = this.#slotOf.get(sp)!;
    const shape = this.#shapeOf(sp);
    this.#slotOf.delete(sp);
    this.#policies[slot] = null;
    this.#free.push(slot);
    shape.byAddrs.remove(slot);
    shape.exact.remove(slot);
    shape.count--;
    if (shape.count === 0) this.#shapes.splice(this.#shapes.indexOf(shape), 1);
  }

  clear(): void {
    this.#policies.length = 0;
    this.#order.length = 0;
    this.#free.length = 0;
    this.#slotOf.clear();
    this.#shapes.length = 0;
  }

  /** The first policy that fits, or null. */
  lookup(flow: Flow): Secpolicy | null {
    const hidden = flow.sport === PORT_HIDDEN;
    let best: Secpolicy | null = null;
    let bestOrder = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#shapes.length; i++) {
      const shape = this.#shapes[i]!;
      if (shape.since > bestOrder) break;
      if (shape.family !== flow.family) continue;
      const addrs = this.#hashAddrs(shape, flow.src, flow.dst);
      const slot = this.#exact(shape, addrs, flow);
      if (slot >= 0 && this.#order[slot]! < bestOrder) {
        best = this.#policies[slot]!;
        bestOrder = this.#order[slot]!;
      }
      if (!hidden) continue;
      // RFC 4301 §7: this may be what a policy about ports is for; then it does not pass in clear.
      const order = this.#unsure(shape, addrs, flow);
      if (order < bestOrder) {
        best = UNSURE;
        bestOrder = order;
      }
    }
    return best;
  }

  /** The slot of the policy of this shape that fits, or -1. Selectors are unique: there is one. */
  #exact(shape: Shape, addrs: number, flow: Flow): number {
    const chains = shape.exact;
    const h = hashRest(shape, addrs, flow.proto, flow.sport, flow.dport);
    for (let slot = chains.first(h); slot >= 0; slot = chains.after(slot)) {
      const { policy: p, src, dst } = this.#policies[slot]!;
      if (
        (p.proto === 0 || p.proto === flow.proto) &&
        (p.sport === 0 || p.sport === flow.sport) &&
        (p.dport === 0 || p.dport === flow.dport) &&
        inPrefix(flow.src, src, shape.srcMask) &&
        inPrefix(flow.dst, dst, shape.dstMask)
      ) {
        return slot;
      }
    }
    return -1;
  }

  /** The place of the first policy that may be about what the flow hides; infinity: none. */
  #unsure(shape: Shape, addrs: number, flow: Flow): number {
    const chains = shape.byAddrs;
    let first = Number.POSITIVE_INFINITY;
    if (!shape.hasProto && !shape.hasSport && !shape.hasDport) return first;
    for (let slot = chains.first(addrs); slot >= 0; slot = chains.after(slot)) {
      const { policy: p, action, src, dst } = this.#policies[slot]!;
      const order = this.#order[slot]!;
      const mayBe = p.proto === 0 || p.proto === flow.proto || flow.proto === PROTO_HIDDEN;
      if (action === 'none' || order > first || !mayBe) continue;
      if (inPrefix(flow.src, src, shape.srcMask) && inPrefix(flow.dst, dst, shape.dstMask)) {
        first = order;
      }
    }
    return first;
  }

  #shapeOf(sp: Secpolicy): Shape {
    const { srcPrefixLen, dstPrefixLen, proto, sport, dport } = sp.policy;
    const parts = [sp.family, srcPrefixLen, dstPrefixLen, proto !== 0, sport !== 0, dport !== 0];
    const name = parts.join(' ');
    let shape = this.#shapes.find((s) => s.name === name);
    if (shape !== undefined) return shape;
    shape = {
      name,
      family: sp.family,
      srcMask: prefixMask(srcPrefixLen),
      dstMask: prefixMask(dstPrefixLen),
      hasProto: proto !== 0,
      hasSport: sport !== 0,
      hasDport: dport !== 0,
      since: this.#next - 1,
      count: 0,
      exact: new HashChains(),
      byAddrs: new HashChains(),
    };
    this.#shapes.push(shape);
    return shape;
  }

  #hashAddrs(shape: Shape, src: Uint32Array, dst: Uint32Array): number {
    return hashMasked(
      hashMasked(0, src, shape.srcMask, this.#masked),
      dst,
      shape.dstMask,
      this.#masked,
    );
  }
}

function hashMasked(h: number, addr: Uint32Array, mask: Uint32Array, to: Uint32Array): number {
  for (let i = 0; i < 4; i++) to[i] = addr[i]! & mask[i]!;
  return hashAddr(h, to);
}

function hashRest(shape: Shape, addrs: number, proto: number, sport: number, dport: number) {
  let h = addrs;
  if (shape.hasProto) h = hashWord(h, proto);
  if (shape.hasSport) h = hashWord(h, sport);
  if (shape.hasDport) h = hashWord(h, dport + 0x10000);
  return h;
}

/** net holds no bits behind the prefix. */
function inPrefix(addr: Uint32Array, net: Uint32Array, mask: Uint32Array): boolean {
  for (let i = 0; i < 4; i++) if (((addr[i]! ^ net[i]!) & mask[i]!) !== 0) return false;
  return true;
}
