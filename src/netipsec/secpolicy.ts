// SPDX-License-Identifier: BSD-2-Clause
import { type IpAddr, ipAddrFamily, ipAddrWords, sameWords } from '../header/ip_addr.ts';
import { in6MaskWord } from '../header/ip6.ts';
import type { Sa } from './sa.ts';
import type { Action, IpsecRequest, Policy, Selector } from './spd.ts';

/** A policy as the packet path reads it, after BSD's struct secpolicy: addresses are words. */
export interface Secpolicy {
  readonly policy: Policy;
  readonly action: Action;
  readonly family: 4 | 6;
  /** Without the bits behind the prefix. */
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  readonly requests: readonly SpRequest[];
}

/** Two addresses of one family, as words. */
export interface Ends {
  readonly family: 4 | 6;
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
}

/** struct ipsecrequest. Its ends are those of the tunnel; unused in transport mode. */
export interface SpRequest extends Ends {
  readonly request: IpsecRequest;
  readonly proto: number;
  readonly tunnel: boolean;
  /** SAs of this reqid alone; 0 = any. */
  readonly reqid: number;
  /** Of the tunnel's ends; unused in transport mode. */
  readonly family: 4 | 6;
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
}

/**
 * Level `unique` without a number means SAs that serve this policy alone: going out it gets an id
 * that nobody can write into a file, and key management is told it when an SA is wanted.
 */
let nextUnique = 0x8000;

function reqidOf({ direction }: Policy, { level, reqid }: IpsecRequest): number {
  return level === 'unique' && reqid === 0 && direction === 'out' ? nextUnique++ : reqid;
}

export function compile(policy: Policy): Secpolicy {
  const family = ipAddrFamily(policy.src);
  return {
    policy,
    action: policy.action,
    family,
    src: masked(policy.src, prefixMask(policy.srcPrefixLen)),
    dst: masked(policy.dst, prefixMask(policy.dstPrefixLen)),
    requests: policy.requests.map((request) => ({
      request,
      proto: request.proto,
      tunnel: request.mode === 'tunnel',
      reqid: reqidOf(policy, request),
      family: ipAddrFamily(request.dst),
      src: ipAddrWords(request.src),
      dst: ipAddrWords(request.dst),
    })),
  };
}

/** Of an IPv4 prefix the first word says all: prefixLen is at most 32 then. */
export function prefixMask(prefixLen: number): Uint32Array {
  return Uint32Array.from({ length: 4 }, (_, i) => in6MaskWord(prefixLen, i));
}

function masked(addr: IpAddr, mask: Uint32Array): Uint32Array {
  return ipAddrWords(addr).map((w, i) => w & mask[i]!);
}

/** Is the SA one that the request asks for, between these ends? */
export function answers(sa: Sa, request: SpRequest, ends: Ends): boolean {
  if (sa.proto !== request.proto || sa.family !== ends.family) return false;
  if (sa.mode !== 'any' && (sa.mode === 'tunnel') !== request.tunnel) return false;
  if (request.reqid !== 0 && sa.reqid !== request.reqid) return false;
  return sameWords(sa.srcWords, ends.src) && sameWords(sa.dstWords, ends.dst);
}

/** Does every packet that b is about fit a too? */
export function covers(a: Selector, b: Selector): boolean {
  return (
    a.direction === b.direction &&
    (a.proto === 0 || a.proto === b.proto) &&
    (a.sport === 0 || a.sport === b.sport) &&
    (a.dport === 0 || a.dport === b.dport) &&
    holds(a.src, a.srcPrefixLen, b.src, b.srcPrefixLen) &&
    holds(a.dst, a.dstPrefixLen, b.dst, b.dstPrefixLen)
  );
}

function holds(net: IpAddr, netLen: number, sub: IpAddr, subLen: number): boolean {
  if (ipAddrFamily(net) !== ipAddrFamily(sub) || netLen > subLen) return false;
  const mask = prefixMask(netLen);
  return sameWords(masked(net, mask), masked(sub, mask));
}
