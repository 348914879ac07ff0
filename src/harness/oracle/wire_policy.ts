// SPDX-License-Identifier: BSD-2-Clause
import { readAddress } from './packet.ts';

/** What the security policy says, in terms of what is seen on a wire. First match wins. */
export interface WirePolicy {
  /** Addresses or prefixes of the packet as its sender made it (inside a tunnel): '10.0.0.0/8'. */
  readonly src: string;
  readonly dst: string;
  /** IP protocol number; any when absent. */
  readonly proto?: number;
  readonly srcPort?: number;
  readonly dstPort?: number;
  /** Default 'protect'. A packet that no policy matches is bypassed. */
  readonly action?: 'protect' | 'bypass';
  readonly mode?: 'tunnel' | 'transport';
  /** Ends of the tunnel. */
  readonly tunnelSrc?: string;
  readonly tunnelDst?: string;
}

export interface PolicyRow {
  readonly src: number;
  readonly srcMask: number;
  readonly dst: number;
  readonly dstMask: number;
  readonly proto: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly protect: boolean;
  readonly tunnel: boolean;
  readonly tunnelSrc: number;
  readonly tunnelDst: number;
}

const ANY = -1;

function prefix(text: string): [address: number, mask: number] {
  const [address, bits = '32'] = text.split('/');
  const length = Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > 32) {
    throw new RangeError(`"${text}": a prefix length of 0..32 was expected`);
  }
  const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
  return [(readAddress(address!) & mask) >>> 0, mask];
}

/** Throws RangeError for an address, prefix or tunnel that is not one. */
export function policyRow(policy: WirePolicy): PolicyRow {
  const [src, srcMask] = prefix(policy.src);
  const [dst, dstMask] = prefix(policy.dst);
  const protect = (policy.action ?? 'protect') === 'protect';
  const tunnel = protect && policy.mode === 'tunnel';
  if (tunnel && (policy.tunnelSrc === undefined || policy.tunnelDst === undefined)) {
    throw new RangeError('a tunnel policy expected "tunnelSrc" and "tunnelDst"');
  }
  return {
    src,
    srcMask,
    dst,
    dstMask,
    proto: policy.proto ?? ANY,
    srcPort: policy.srcPort ?? ANY,
    dstPort: policy.dstPort ?? ANY,
    protect,
    tunnel,
    tunnelSrc: tunnel ? readAddress(policy.tunnelSrc!) : 0,
    tunnelDst: tunnel ? readAddress(policy.tunnelDst!) : 0,
  };
}

/** Ports of a packet that shows none, such as a later fragment. */
export const PORT_UNKNOWN = -1;

/**
 * The first row that a packet with these selectors matches, or undefined. Ports that are not known
 * match every protecting row and no bypassing one: what cannot be told is taken to be protected.
 */
export function matchPolicy(
  rows: readonly PolicyRow[],
  src: number,
  dst: number,
  proto: number,
  srcPort: number,
  dstPort: number,
): PolicyRow | undefined {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if ((src & row.srcMask) >>> 0 !== row.src || (dst & row.dstMask) >>> 0 !== row.dst) continue;
    if (row.proto !== ANY && row.proto !== proto) continue;
    if (row.srcPort !== ANY && row.srcPort !== srcPort) {
      if (srcPort !== PORT_UNKNOWN || !row.protect) continue;
    }
    if (row.dstPort !== ANY && row.dstPort !== dstPort) {
      if (dstPort !== PORT_UNKNOWN || !row.protect) continue;
    }
    return row;
  }
  return undefined;
}
