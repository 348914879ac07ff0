// SPDX-License-Identifier: BSD-2-Clause
import type { Mbuf } from '../kern/mbuf.ts';
import type { OffloadRequest } from './pact.ts';
import type { Sa } from './sa.ts';

/** Nothing to go on with; the reason is counted. */
export const INSIDE_NOTHING = 0;
/** The packet that had come through a tunnel. */
export const INSIDE_PACKET = 1;
/** The same IP header as before, without the protocol behind it: transport mode. */
export const INSIDE_PAYLOAD = 2;

/** Indexes into Counters. */
export interface XformCounts {
  readonly arrived: number;
  readonly accepted: number;
  readonly noSa: number;
  readonly runt: number;
}

/**
 * A row of the transform table, after FreeBSD's struct xformsw: one IPsec protocol. Software and a
 * card are not two rows: both fill the same packet, and either of them does the crypto in it.
 */
export interface Xform {
  readonly name: string;
  readonly proto: number;
  /** Bytes of the protocol's header that hold SPI and sequence number, and where the SPI is. */
  readonly headerLen: number;
  readonly spiOff: number;
  /** Counters of what arrives. */
  readonly counts: XformCounts;
  /**
   * Length of the IP packet of ipLen bytes, once this SA protected it. ipHeaderLen: what stays in
   * front of the protocol in transport mode (IPv6: with hop-by-hop options and routing header).
   */
  lengthAfter(sa: Sa, tunnel: boolean, ipLen: number, ipHeaderLen: number): number;
  /**
   * Makes all of the packet but the crypto, takes the next sequence number, and says in r where
   * things are (espOffset, trailerLen, esnHi, SA and destination). m starts at its IP header,
   * before and after. 0, or an errno that is counted; m stays the caller's.
   */
  encapsulate(m: Mbuf, sa: Sa, tunnel: boolean, r: OffloadRequest): number;
  /** Does the crypto of an encapsulated packet, whose outer IP header lies ipOffset into m. */
  seal(m: Mbuf, sa: Sa, ipOffset: number, espOffset: number, seqHi: number): void;
  /**
   * Checks the packet and takes the protocol off; unless `decrypted` (a card did it) it checks the
   * ICV and decrypts first. ipHeaderLen: bytes to the protocol's header. What was protected is left in m, from its IP header on: see INSIDE_;
   * m stays the caller's.
   */
  input(m: Mbuf, sa: Sa, ipHeaderLen: number, decrypted: boolean): number;
}

/** The transform table: a row at each protocol number that has one. */
export type XformTable = readonly (Xform | undefined)[];

/** Fills in r what is known of a packet; state, ifIndex and cardSa are ipsec_output's. */
export function describeRequest(
  r: OffloadRequest,
  sa: Sa,
  espOffset: number,
  trailerLen: number,
  esnHi: number,
): void {
  r.spi = sa.spi;
  r.proto = sa.proto;
  r.family = sa.family;
  r.saHandle = sa.handle;
  r.generation = sa.generation;
  r.espOffset = espOffset;
  r.trailerLen = trailerLen;
  r.esnHi = esnHi;
  const dst = sa.dstWords;
  r.dst0 = dst[0]!;
  r.dst1 = dst[1]!;
  r.dst2 = dst[2]!;
  r.dst3 = dst[3]!;
}
