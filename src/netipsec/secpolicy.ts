// SPDX-License-Identifier: BSD-2-Clause
import { type IpAddr, ipAddrFamily, ipAddrWords } from '../header/ip_addr.ts';
import { in6MaskWord } from '../header/ip6.ts';
import type { Action, IpsecRequest, Policy } from './spd.ts';

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

/** struct ipsecrequest. */
export interface SpRequest {
  readonly request: IpsecRequest;
  readonly proto: number;
  readonly tunnel: boolean;
  readonly reqid: number;
  /** Of the tunnel's ends; unused in transport mode. */
  readonly family: 4 | 6;
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
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
      reqid: request.reqid,
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
