// SPDX-License-Identifier: BSD-2-Clause
import type { Mbuf } from '../kern/mbuf.ts';
import {
  type OffloadRequest,
  REQ_DST,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_GENERATION,
  REQ_PROTO,
  REQ_SA_HANDLE,
  REQ_SPI,
} from './pact.ts';
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
   * things are (describeRequest(); REQ_CARD_SA is there). m starts at its IP header,
   * before and after. 0, or an errno that is counted; m stays the caller's.
   */
  encapsulate(m: Mbuf, sa: Sa, tunnel: boolean, r: OffloadRequest): number;
  /** Does the crypto of an encapsulated packet, whose outer IP header lies ipOffset into m. */
  seal(m: Mbuf, sa: Sa, ipOffset: number, espOffset: number, seqHi: number): void;
  /**
   * Does all of a packet that was made for packet offload, which no card will do: the headers are in m,
   * ipOffset behind its front, the protocol's header lies espOffset behind them and is missing, and
   * so is the trailer, whose next header is `next`. Takes the next sequence number. 0 or an errno.
   */
  sealWhole?(m: Mbuf, sa: Sa, ipOffset: number, espOffset: number, next: number): number;
  /**
   * Checks the packet and takes the protocol off; unless `decrypted` (a card did it, with seqHi as the
   * high half of the number) it checks the ICV and decrypts first. ipHeaderLen: bytes to the
   * protocol's header. What was protected is left in m, from its IP header on: see INSIDE_; m stays
   * the caller's.
   */
  input(m: Mbuf, sa: Sa, ipHeaderLen: number, decrypted: boolean, seqHi: number): number;
  /** input() of a packet off which a card took the protocol: its next header was `next`. */
  inputWhole?(m: Mbuf, sa: Sa, ipHeaderLen: number, next: number): number;
}

/** The transform table: a row at each protocol number that has one. */
export type XformTable = readonly (Xform | undefined)[];

/** Fills in r what is known of a packet; interface and card's SA are ipsec_output's. */
export function describeRequest(
  r: OffloadRequest,
  sa: Sa,
  espOffset: number,
  trailerLen: number,
  esnHi: number,
): void {
  r[REQ_SPI] = sa.spi;
  r[REQ_PROTO] = sa.proto | (sa.family << 8);
  r[REQ_SA_HANDLE] = sa.handle;
  r[REQ_GENERATION] = sa.generation;
  r[REQ_ESP] = espOffset | (trailerLen << 16);
  r[REQ_ESN_HI] = esnHi;
  const dst = sa.dstWords;
  r[REQ_DST] = dst[0]!;
  r[REQ_DST + 1] = dst[1]!;
  r[REQ_DST + 2] = dst[2]!;
  r[REQ_DST + 3] = dst[3]!;
}
