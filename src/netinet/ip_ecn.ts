// SPDX-License-Identifier: BSD-2-Clause
import { cksumUpdate } from '../header/cksum.ts';
import { IP_SUM, IP_VHL, ipTos, ipVersion } from '../header/ip.ts';
import { ip6Class, ip6SetClass } from '../header/ip6.ts';

const NOT_ECT = 0;
const ECT_1 = 1;
const CE = 3;
export const ECN_MASK = 3;

/**
 * A packet leaves its tunnel: what the outer header says of congestion goes into the inner one
 * (RFC 6040 §4.2, figure 4). Either may be of either family. False: the packet must be dropped.
 */
export function ecnDecapsulate(v: DataView, outerAt: number, innerAt: number): boolean {
  const outer = trafficClass(v, outerAt) & ECN_MASK;
  const inner = trafficClass(v, innerAt) & ECN_MASK;
  if (inner === NOT_ECT) return outer !== CE;
  const isMarked = outer === CE || (outer === ECT_1 && inner !== CE);
  if (isMarked && inner !== outer) setEcn(v, innerAt, outer);
  return true;
}

/** TOS of an IPv4 header, traffic class of an IPv6 one: DSCP and ECN. */
export function trafficClass(v: DataView, at: number): number {
  return ipVersion(v, at) === 6 ? ip6Class(v, at) : ipTos(v, at);
}

function setEcn(v: DataView, at: number, ecn: number): void {
  if (ipVersion(v, at) === 6) {
    ip6SetClass(v, at, (ip6Class(v, at) & ~ECN_MASK) | ecn);
    return;
  }
  const before = v.getUint16(at + IP_VHL);
  const after = (before & ~ECN_MASK) | ecn;
  v.setUint16(at + IP_VHL, after);
  v.setUint16(at + IP_SUM, cksumUpdate(v.getUint16(at + IP_SUM), before, after));
}
