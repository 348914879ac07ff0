// SPDX-License-Identifier: BSD-2-Clause
import { type Address, readAddress } from './packet.ts';

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
  /** Default true; false: AH alone is wanted. */
  readonly esp?: boolean;
  /** Ends of the tunnel. */
  readonly tunnelSrc?: string;
  readonly tunnelDst?: string;
}

export interface PolicyRow {
  readonly src: Prefix;
  readonly dst: Prefix;
  readonly proto: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly protect: boolean;
  readonly tunnel: boolean;
  readonly esp: boolean;
  readonly tunnelSrc: Address;
  readonly tunnelDst: Address;
}

interface Prefix {
  readonly address: Address;
  readonly mask: Address;
}

const ANY = -1;

function prefix(text: string): Prefix {
  const [host, bits] = text.split('/');
  const address = readAddress(host!);
  const max = typeof address === 'number' ? 32 : 128;
  const length = bits === undefined ? max : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > max) {
    throw new RangeError(`"${text}": a prefix length of 0..${max} was expected`);
  }
  if (typeof address === 'number') {
    const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
    return { address: (address & mask) >>> 0, mask };
  }
  const mask = ((1n << BigInt(length)) - 1n) << BigInt(128 - length);
  return { address: address & mask, mask };
}

function isIn({ address, mask }: Prefix, a: Address): boolean {
  if (typeof a === 'number') {
    return typeof mask === 'number' && (a & mask) >>> 0 === address;
  }
  return typeof mask === 'bigint' && (a & mask) === address;
}

/** Throws RangeError for an address, prefix or tunnel that is not one. */
export function policyRow(policy: WirePolicy): PolicyRow {
  const protect = (policy.action ?? 'protect') === 'protect';
  const tunnel = protect && policy.mode === 'tunnel';
  if (tunnel && (policy.tunnelSrc === undefined || policy.tunnelDst === undefined)) {
    throw new RangeError('a tunnel policy expected "tunnelSrc" and "tunnelDst"');
  }
  return {
    src: prefix(policy.src),
    dst: prefix(policy.dst),
    proto: policy.proto ?? ANY,
    srcPort: policy.srcPort ?? ANY,
    dstPort: policy.dstPort ?? ANY,
    protect,
    tunnel,
    esp: policy.esp ?? true,
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
  src: Address,
  dst: Address,
  proto: number,
  srcPort: number,
  dstPort: number,
): PolicyRow | undefined {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!isIn(row.src, src) || !isIn(row.dst, dst)) continue;
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
