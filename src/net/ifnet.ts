// SPDX-License-Identifier: BSD-2-Clause
import type { Mbuf } from '../kern/mbuf.ts';

/** Interface capabilities, as in <net/if.h>. */
export const IFCAP_IPSEC = 1;

/** Interface flags. */
export const IFF_UP = 1;
export const IFF_LOOPBACK = 8;
export const IFF_PROMISC = 0x100;

/** Sees a packet pass. It may read the mbuf and its tags during the call, no longer. */
export type Tap = (m: Mbuf, direction: 'in' | 'out') => void;

/** What a network interface is to the stack: devices, loopback and the wrappers round them. */
export interface Ifnet {
  readonly name: string;
  /** Unique in its host, from 1. */
  readonly index: number;
  /** Largest IP packet, bytes. */
  mtu: number;
  flags: number;
  readonly capabilities: number;
  /** Ethernet address, 6 bytes; null: the interface takes bare IP packets (loopback, tunnels). */
  readonly lladdr: Uint8Array | null;
  /** Takes a whole frame (or bare IP packet) and owns the mbuf from the call on. 0 or errno. */
  transmit(m: Mbuf): number;
  /**
   * bpf(4): whoever sets it sees each frame as it is handed to the interface, and as it came from
   * it. With a card that does crypto both are ESP round a payload in clear.
   */
  tap?: Tap | null;
  /** The stack sets it: takes each frame that came in, and owns it. m_rcvif is set by the device. */
  input: (m: Mbuf) => void;
}

/** An interface made of software: what it was sent waits in a queue until the host polls. */
export interface SoftIf extends Ifnet {
  /** Hands up what is queued now; what that makes the host send waits. Returns how many. */
  poll(): number;
  /** Frees what is queued. Returns how many. */
  drain(): number;
}

/**
 * The last gate before ifp.transmit(m), as an interface that sends by another one has to pass it:
 * IpsecMethods.beforeTransmit. 0, or an errno: then m is still the caller's, who frees it. ipOffset:
 * bytes from m's first to its IP header.
 */
export type Gate = (m: Mbuf, ifp: Ifnet, ipOffset: number) => number;

/**
 * No interface at all. A packet about to be cut into fragments passes the gate before it as if it
 * were going out here: a card cannot encrypt a fragment, so crypto still pending is finished first.
 */
export const IF_NONE: Ifnet = {
  name: 'none',
  index: 0,
  mtu: 65535,
  flags: 0,
  capabilities: 0,
  lladdr: null,
  transmit: () => {
    throw new Error('"none" is no interface');
  },
  input: () => {},
};
