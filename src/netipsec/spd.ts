// SPDX-License-Identifier: BSD-2-Clause
import { type Flow, PORT_HIDDEN } from './flow.ts';

export type Direction = 'in' | 'out';
export type Level = 'use' | 'require' | 'unique';

/** One transform that a policy asks for: `esp/tunnel/src-dst/require`. */
export interface IpsecRequest {
  readonly mode: 'transport' | 'tunnel';
  /** Ends of the tunnel; 0 in transport mode: the packet's own. */
  readonly src: number;
  readonly dst: number;
  readonly level: Level;
  /** SAs of this reqid alone; 0 = any. */
  readonly reqid: number;
}

export interface Selector {
  readonly direction: Direction;
  readonly src: number;
  readonly srcPrefixLen: number;
  readonly dst: number;
  readonly dstPrefixLen: number;
  /** 0 = any. */
  readonly proto: number;
  readonly sport: number;
  readonly dport: number;
}

export type Action = 'none' | 'discard' | 'ipsec';

export interface Policy extends Selector {
  readonly action: Action;
  /** In the order in which they are applied on the way out: the first is the innermost. */
  readonly requests: readonly IpsecRequest[];
}

export class SpdError extends Error {
  readonly code: 'policyExists' | 'noPolicy';

  constructor(code: 'policyExists' | 'noPolicy', message: string) {
    super(message);
    this.name = 'SpdError';
    this.code = code;
  }
}

/** What a packet gets of which nobody can say whether a policy is about it. */
const UNSURE: Policy = {
  ...{ direction: 'out', src: 0, srcPrefixLen: 0, dst: 0, dstPrefixLen: 0 },
  ...{ proto: 0, sport: 0, dport: 0, action: 'discard', requests: [] },
};

/**
 * The security policies of a host, RFC 4301 §4.4.1: ordered, the first that fits decides. A packet
 * that fits none is let through as it is, as in FreeBSD.
 */
export class Spd {
  /** Grows with every change: whoever caches a policy compares it. */
  changes = 0;
  readonly #in: Policy[] = [];
  readonly #out: Policy[] = [];
  /** Selectors in use, both directions. */
  readonly #keys = new Set<string>();

  add(policy: Policy): void {
    const key = keyOf(policy);
    if (this.#keys.has(key)) {
      throw new SpdError('policyExists', 'a policy with these selectors exists');
    }
    this.#keys.add(key);
    this.#list(policy.direction).push(policy);
    this.changes++;
  }

  delete(selector: Selector): void {
    const key = keyOf(selector);
    if (!this.#keys.delete(key)) throw new SpdError('noPolicy', 'no policy has these selectors');
    const list = this.#list(selector.direction);
    list.splice(
      list.findIndex((p) => keyOf(p) === key),
      1,
    );
    this.changes++;
  }

  flush(): void {
    this.#in.length = 0;
    this.#out.length = 0;
    this.#keys.clear();
    this.changes++;
  }

  lookup(direction: Direction, flow: Flow): Policy | null {
    const list = this.#list(direction);
    for (let i = 0; i < list.length; i++) {
      const policy = list[i]!;
      if (matches(policy, flow)) return policy;
      // RFC 4301 §7: this may be what a policy about ports is for; then it does not pass in clear.
      const isUnsure = flow.sport === PORT_HIDDEN && policy.action !== 'none';
      if (isUnsure && matchesButPorts(policy, flow)) return UNSURE;
    }
    return null;
  }

  list(direction: Direction): readonly Policy[] {
    return this.#list(direction);
  }

  #list(direction: Direction): Policy[] {
    return direction === 'in' ? this.#in : this.#out;
  }
}

/** Does the packet fit the selectors? A port that the packet does not show fits only "any". */
function matches(s: Selector, flow: Flow): boolean {
  if (s.sport !== 0 && s.sport !== flow.sport) return false;
  if (s.dport !== 0 && s.dport !== flow.dport) return false;
  return matchesButPorts(s, flow);
}

function matchesButPorts(s: Selector, flow: Flow): boolean {
  if (s.proto !== 0 && s.proto !== flow.proto) return false;
  return samePrefix(s.src, flow.src, s.srcPrefixLen) && samePrefix(s.dst, flow.dst, s.dstPrefixLen);
}

function samePrefix(a: number, b: number, prefixLen: number): boolean {
  // A shift by 32 would be a shift by 0.
  return prefixLen === 0 || (a ^ b) >>> (32 - prefixLen) === 0;
}

/** Names a selector: bits of an address behind its prefix say nothing. */
function keyOf(s: Selector): string {
  const src = prefixOf(s.src, s.srcPrefixLen);
  const dst = prefixOf(s.dst, s.dstPrefixLen);
  return `${s.direction} ${src} ${dst} ${s.proto} ${s.sport} ${s.dport}`;
}

function prefixOf(addr: number, prefixLen: number): string {
  return prefixLen === 0 ? '0/0' : `${addr >>> (32 - prefixLen)}/${prefixLen}`;
}
