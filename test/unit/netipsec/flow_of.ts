// SPDX-License-Identifier: BSD-2-Clause
import { type IpAddr, ipAddrFamily, ipAddrWords } from '../../../src/header/ip_addr.ts';
import type { Flow } from '../../../src/netipsec/flow.ts';

/** A flow as tests write it. */
export interface PlainFlow {
  src: IpAddr;
  dst: IpAddr;
  proto: number;
  sport: number;
  dport: number;
}

/** The same as the packet path has it. */
export function flowOf({ src, dst, ...rest }: PlainFlow): Flow {
  return { family: ipAddrFamily(dst), src: ipAddrWords(src), dst: ipAddrWords(dst), ...rest };
}
