// SPDX-License-Identifier: BSD-2-Clause
import { cksumUpdate } from '../header/cksum.ts';
import { IP_SUM, IP_TOS, IP_VHL } from '../header/ip.ts';

const NOT_ECT = 0;
const ECT_1 = 1;
const CE = 3;
const ECN_MASK = 3;

/**
 * A packet leaves its tunnel: what the outer header says of congestion goes into the inner one
 * (RFC 6040 §4.2, figure 4). False: the packet must be dropped.
 */
export function ecnDecapsulate(v: DataView, outerAt: number, innerAt: number): boolean {
  const outer = v.getUint8(outerAt + IP_TOS) & ECN_MASK;
  const inner = v.getUint8(innerAt + IP_TOS) & ECN_MASK;
  if (inner === NOT_ECT) return outer !== CE;
  const isMarked = outer === CE || (outer === ECT_1 && inner !== CE);
  if (!isMarked || inner === outer) return true;
  const before = v.getUint16(innerAt + IP_VHL);
  const after = (before & ~ECN_MASK) | outer;
  v.setUint16(innerAt + IP_VHL, after);
  v.setUint16(innerAt + IP_SUM, cksumUpdate(v.getUint16(innerAt + IP_SUM), before, after));
  return true;
}
