// SPDX-License-Identifier: BSD-2-Clause
import type { IpAddr } from '../header/ip_addr.ts';
import type { AhSession } from '../opencrypto/ah_session.ts';
import type { AuthAlg, CipherAlg } from '../opencrypto/algorithm.ts';
import type { CryptoSession } from '../opencrypto/session.ts';
import type { Natt, NattParams } from './natt.ts';
import type { ReplayWindow } from './replay.ts';
import type { SaLifetime } from './sa_lifetime.ts';

export type SaMode = 'transport' | 'tunnel' | 'any';
/** RFC 4301 §8.1: whether routers may cut the tunnel's packets. */
export type DfBit = 'copy' | 'set' | 'clear';
/** As strongSwan and `ip xfrm` have them: all of ESP, the crypto alone, nothing. */
export type OffloadMode = 'packet' | 'crypto' | 'no';

/** What an SA is made from: a row of setkey's `add`. */
export interface SaParams {
  /** Ends, of one family. */
  readonly src: IpAddr;
  readonly dst: IpAddr;
  readonly spi: number;
  /** IPPROTO_ESP (the default) or IPPROTO_AH. */
  readonly proto?: number;
  readonly mode?: SaMode;
  readonly reqid?: number;
  /** Anti-replay window, packets: 0 (no check) or a multiple of 8. */
  readonly replayPackets?: number;
  /** Names as setkey(8) has them. */
  readonly cipher: string;
  /** With its salt, when the algorithm has one, at the end. */
  readonly key: Uint8Array;
  readonly auth?: string;
  readonly authKey?: Uint8Array;
  readonly esn?: boolean;
  /** Of a tunnel's outer header: as the inner one has it (the default), or fixed. */
  readonly df?: DfBit;
  /** The same of its DSCP, 0 … 63: fixed. Absent: as the inner header has it. */
  readonly dscp?: number;
  /** The one interface that may do the crypto. */
  readonly hwif?: string;
  /** How much of the work a card is asked to do; `crypto` when absent. */
  readonly offload?: OffloadMode;
  /** Nothing less will do: an SA that cannot have it is refused, as Linux does. */
  readonly offloadStrict?: boolean;
  /** Sequence number of the last packet sent already; 0 at the start. */
  readonly sentSeq?: number;
  /** Number up to which packets count as received, 64 bits with ESN; 0 at the start. */
  readonly receivedSeq?: number;
  readonly lifetime?: SaLifetime;
  /** ESP travels in UDP (RFC 3948). */
  readonly natt?: NattParams;
  /** ESP in a tunnel: shorter packets are padded to so many bytes (TFC, RFC 4303 §2.7). */
  readonly tfcPadBytes?: number;
  /** ESP: a dummy packet follows every so many packets (RFC 4303 §2.6). */
  readonly dummyEvery?: number;
}

/** Where the SA lies in a card. */
export interface SaInstall {
  readonly ifIndex: number;
  readonly cardSa: number;
}

/** One security association, RFC 4301 §4.4.2. Made by the Sadb alone. */
export interface Sa {
  /** Slot in the SADB, and which of its successive users this is. */
  readonly handle: number;
  readonly generation: number;
  readonly family: 4 | 6;
  readonly src: IpAddr;
  readonly dst: IpAddr;
  /** The same as words in host order; an IPv4 address is the first, zeros follow. */
  readonly srcWords: Uint32Array;
  readonly dstWords: Uint32Array;
  readonly spi: number;
  readonly proto: number;
  readonly mode: SaMode;
  readonly reqid: number;
  readonly direction: 'in' | 'out';
  readonly cipher: CipherAlg;
  readonly auth: AuthAlg | null;
  /** Without salt. */
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  readonly authKey: Uint8Array;
  readonly esn: boolean;
  readonly df: DfBit;
  /** null: copied. */
  readonly dscp: number | null;
  /** What a router said that fits on the way to dst, bytes, and the cycle until which it is believed. */
  pmtu: number;
  pmtuDueCycle: number;
  readonly hwif: string | null;
  readonly offload: OffloadMode;
  readonly offloadStrict: boolean;
  readonly session: CryptoSession;
  /** Of an SA of AH; then `session` does nothing. */
  readonly ah: AhSession | null;
  readonly replay: ReplayWindow;
  /**
   * Last sequence number given out. Hardware and software draw from this one counter; under packet
   * offload it counts packets handed to the card, so the card's own number is never beyond it.
   */
  seq: number;
  /** Highest number that may be given out: then the SA is used up (RFC 4303 §3.3.3). */
  readonly seqLimit: number;
  readonly installs: SaInstall[];
  /** Packet offload: its one card numbers the packets, and keeps the window. */
  inPacket: boolean;
  /** Why it is in no card, or not in some card; null when none was refused. */
  refusal: SaRefusal | null;
  /** Why it has not the packet offload that it asked for; null when it did not. */
  packetRefusal: SaRefusal | null;
  /** False once it was deleted, or its hard lifetime was over. */
  alive: boolean;
  /** Its soft lifetime is over. */
  dying: boolean;
  readonly lifetime: SaLifetime | null;
  readonly addedCycle: number;
  readonly natt: Natt | null;
  /** 0: no TFC padding. */
  readonly tfcPadBytes: number;
  /** 0: no dummy packets. */
  readonly dummyEvery: number;
  /** Packets sent since the last dummy. */
  sinceDummy: number;
  /** Packets and bytes handed to a card or come from one, and those that software did. */
  hwPackets: number;
  hwBytes: number;
  swPackets: number;
  swBytes: number;
  authFailed: number;
  replayed: number;
}

export interface SaRefusal {
  /** Index into OFFLOAD_REASONS. */
  readonly reason: number;
  /** The driver's own words. */
  readonly text: string;
}
