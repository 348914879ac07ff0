// SPDX-License-Identifier: BSD-2-Clause
import { type IpAddr, ipAddrFamily } from '../header/ip_addr.ts';
import type { Flow } from './flow.ts';
import { compile, type Secpolicy } from './secpolicy.ts';
import { SpdTable } from './spd_table.ts';

export type Direction = 'in' | 'out';
export type Level = 'use' | 'require' | 'unique';

/** One transform that a policy asks for: `esp/tunnel/src-dst/require`. */
export interface IpsecRequest {
  /** IPPROTO_ESP or IPPROTO_AH. */
  readonly proto: number;
  readonly mode: 'transport' | 'tunnel';
  /** Ends of the tunnel, of one family; 0 in transport mode: the packet's own. */
  readonly src: IpAddr;
  readonly dst: IpAddr;
  readonly level: Level;
  /** SAs of this reqid alone; 0 = any. */
  readonly reqid: number;
}

export interface Selector {
  readonly direction: Direction;
  /** Both of one family. */
  readonly src: IpAddr;
  readonly srcPrefixLen: number;
  readonly dst: IpAddr;
  readonly dstPrefixLen: number;
  /** 0 = any. */
  readonly proto: number;
  /** 0 = any. Of ICMPv6 they are type and code. */
  readonly sport: number;
  readonly dport: number;
}

export type Action = 'none' | 'discard' | 'ipsec';

export interface Policy extends Selector {
  readonly action: Action;
  /** In the order in which they are applied on the way out: the first is the innermost. */
  readonly requests: readonly IpsecRequest[];
}

export type SpdErrorCode = 'policyExists' | 'noPolicy' | 'twoFamilies';

export class SpdError extends Error {
  readonly code: SpdErrorCode;

  constructor(code: SpdErrorCode, message: string) {
    super(message);
    this.name = 'SpdError';
    this.code = code;
  }
}

/**
 * The security policies of a host, RFC 4301 §4.4.1: ordered, the first that fits decides. A packet
 * that fits none is let through as it is, as in FreeBSD.
 */
export class Spd {
  /** Grows with every change: whoever caches a policy compares it. */
  changes = 0;
  readonly #in = new SpdTable();
  readonly #out = new SpdTable();
  /** Selectors in use, both directions. */
  readonly #keys = new Map<string, Secpolicy>();

  add(policy: Policy): void {
    checkFamilies(policy);
    const key = selectorName(policy);
    if (this.#keys.has(key)) {
      throw new SpdError('policyExists', 'a policy with these selectors exists');
    }
    const sp = compile(policy);
    this.#keys.set(key, sp);
    this.#table(policy.direction).add(sp);
    this.changes++;
  }

  /** What the policy with these selectors does is other from now on; its place stays. */
  update(policy: Policy): void {
    checkFamilies(policy);
    const key = selectorName(policy);
    const old = this.#keys.get(key);
    if (old === undefined) throw new SpdError('noPolicy', 'no policy has these selectors');
    const sp = compile(policy);
    this.#keys.set(key, sp);
    this.#table(policy.direction).replace(old, sp);
    this.changes++;
  }

  delete(selector: Selector): void {
    const key = selectorName(selector);
    const sp = this.#keys.get(key);
    if (sp === undefined) throw new SpdError('noPolicy', 'no policy has these selectors');
    this.#keys.delete(key);
    this.#table(selector.direction).delete(sp);
    this.changes++;
  }

  flush(): void {
    this.#in.clear();
    this.#out.clear();
    this.#keys.clear();
    this.changes++;
  }

  lookup(direction: Direction, flow: Flow): Secpolicy | null {
    return this.#table(direction).lookup(flow);
  }

  /** In the order in which they were added. */
  list(direction: Direction): readonly Policy[] {
    const all = [...this.#keys.values()].map((sp) => sp.policy);
    return all.filter((p) => p.direction === direction);
  }

  #table(direction: Direction): SpdTable {
    return direction === 'in' ? this.#in : this.#out;
  }
}

function checkFamilies(p: Policy): void {
  if (ipAddrFamily(p.src) !== ipAddrFamily(p.dst)) {
    throw new SpdError('twoFamilies', 'source and destination are of two address families');
  }
  for (const r of p.requests) {
    if (r.mode === 'tunnel' && ipAddrFamily(r.src) !== ipAddrFamily(r.dst)) {
      throw new SpdError('twoFamilies', 'the ends of a tunnel are of two address families');
    }
  }
}

/** Names a selector: bits of an address behind its prefix say nothing. */
export function selectorName(s: Selector): string {
  const { policy: _, src, dst, family } = compile({ ...s, action: 'none', requests: [] });
  const ends = `${src.join('.')}/${s.srcPrefixLen} ${dst.join('.')}/${s.dstPrefixLen}`;
  return `${s.direction} ${family} ${ends} ${s.proto} ${s.sport} ${s.dport}`;
}
