// SPDX-License-Identifier: BSD-2-Clause
import type { Mbuf } from '../kern/mbuf.ts';
import type { Ifnet } from '../net/ifnet.ts';

/** What ipsec asks of the IP layer that it is installed in. */
export interface IpReentry {
  /** ip_output for a packet that has its header. Owns m; 0 or errno. */
  output(m: Mbuf): number;
  /** ip_input for a packet that was taken out of ESP. Owns m. */
  input(m: Mbuf): void;
  /** The interface that a packet to dst would leave by, or null. */
  route(dst: number): Ifnet | null;
  /** The interface with this index, or null. */
  ifnet(index: number): Ifnet | null;
  isLocal(addr: number): boolean;
  /** A value for the identification of a new header (RFC 791 §3.2). */
  nextId(): number;
}
