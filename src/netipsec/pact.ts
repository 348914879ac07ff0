// SPDX-License-Identifier: BSD-2-Clause
import type { Mbuf } from '../kern/mbuf.ts';

/**
 * The pact: everything that ipsec and a driver say to each other about a packet.
 *
 * The tags named here are private to ipsec. A driver is the one other party that may read and
 * relabel them, and only through the Carrier it was handed. This file knows nobody but kern.
 *
 * Transmit: ipsec_output hangs one tag on the packet for each transform. Software ESP labels it
 * OUT_DONE; offload labels it OUT_CRYPTO_NEEDED, and the driver reads that very tag into its
 * descriptor and relabels it OUT_DONE. Receive: the driver hangs one tag on what the card decrypted,
 * IN_CRYPTO_DONE; ipsec_input checks it and relabels it IN_DONE.
 *
 * A packet under OUT_CRYPTO_NEEDED is complete but for the crypto: IP and ESP headers, IV, payload
 * in clear, padding, trailer, and room for the ICV. The mbuf's length includes that room, zeros at
 * the packet's very end, as the IP header's total length does: a card that appends the ICV reads
 * icvLenBytes less. So it must never pass anything but its driver: whoever else holds it calls
 * FinishInSoftware, or drops it.
 *
 * A packet under IN_CRYPTO_DONE is as it came in, ICV bytes and all, but for the text: the ICV was
 * good, and the plaintext lies where the ciphertext was.
 *
 * Packet offload, the bit REQ_PACKET, leaves the card all of ESP. Going out the packet is headers and
 * payload, with neither ESP header nor trailer; its IP header names ESP, and the length that the
 * finished packet has. Numbers are the card's. Nobody finishes it in software while the card has the
 * SA: the card gives its state back first (saRemove). Coming in ESP is gone, its number was new, and
 * the IP header names ESP and the length that is left.
 */

/** Names ipsec's ABI of tags; ids mean something only under it. */
export const MTAG_COOKIE_IPSEC = 0x69707331; // "ips1"

/** Ids under MTAG_COOKIE_IPSEC, numbered as in FreeBSD's <sys/mbuf.h>. */
export const PACKET_TAG_IPSEC_IN_DONE = 1;
export const PACKET_TAG_IPSEC_OUT_DONE = 2;
export const PACKET_TAG_IPSEC_IN_CRYPTO_DONE = 3;
export const PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED = 4;
export const PACKET_TAG_IPSEC_IN_COULD_DO_CRYPTO = 5;

/** What a tag may become. 0: it is made, as one of these. Every tag ends by being freed. */
export const IPSEC_TAG_MOVES: readonly (readonly [number, number])[] = [
  [0, PACKET_TAG_IPSEC_OUT_DONE],
  [0, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED],
  [PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, PACKET_TAG_IPSEC_OUT_DONE],
  [0, PACKET_TAG_IPSEC_IN_DONE],
  [0, PACKET_TAG_IPSEC_IN_CRYPTO_DONE],
  [0, PACKET_TAG_IPSEC_IN_COULD_DO_CRYPTO],
  [PACKET_TAG_IPSEC_IN_CRYPTO_DONE, PACKET_TAG_IPSEC_IN_DONE],
];

const TAG_NAMES = [
  '',
  'IN_DONE',
  'OUT_DONE',
  'IN_CRYPTO_DONE',
  'OUT_CRYPTO_NEEDED',
  'IN_COULD_DO_CRYPTO',
];

/** For reports: an id under MTAG_COOKIE_IPSEC without the prefix they share. */
export function ipsecTagName(id: number): string {
  return TAG_NAMES[id] ?? `id ${id}`;
}

/**
 * What a tag says: REQUEST_WORDS words. Whoever makes a request fills words of its own, once made by
 * newOffloadRequest(); whoever gets one reads it where the carrier has it, in place. Handles and
 * indexes may be -1: `| 0` makes them signed again.
 */
export type OffloadRequest = Uint32Array;
export const REQ_SPI = 0;
/** Protocol (bits 7:0), 50 = ESP; family, 4 or 6 (15:8). */
export const REQ_PROTO = 1;
/** Index of the SA in the SADB, and which of its successive users is meant. */
export const REQ_SA_HANDLE = 2;
export const REQ_GENERATION = 3;
/** Interface that the request was made for (transmit) or came in by (receive). */
export const REQ_IF_INDEX = 4;
/**
 * Bytes from the outer IP header to the ESP header (14:0); padding, pad length, next header and ICV,
 * bytes (31:16), but with REQ_PACKET the next header of ESP there.
 */
export const REQ_ESP = 5;
/** Of REQ_ESP: packet offload. */
export const REQ_PACKET = 0x8000;
export const REQ_ESP_OFFSET_MASK = 0x7fff;
/**
 * High half of the 64-bit sequence number (RFC 4303 §2.2.1); 0 without ESN. Of a report: the one that
 * the ICV was good with.
 */
export const REQ_ESN_HI = 6;
/** The card's name for the SA, as saInstall() returned it. */
export const REQ_CARD_SA = 7;
/** Destination, four words in host order; of IPv4 the first alone, and the others say nothing. */
export const REQ_DST = 8;
export const REQUEST_WORDS = 12;

/** What take() and the like answer when there is no such request. */
export const NO_REQUEST = -1;

/** A request about no SA and no interface. */
export function newOffloadRequest(): OffloadRequest {
  const r = new Uint32Array(REQUEST_WORDS);
  r[REQ_SA_HANDLE] = -1;
  r[REQ_IF_INDEX] = -1;
  r[REQ_CARD_SA] = -1;
  return r;
}

/**
 * How a request travels with a packet. The default is the in-place tag; the other answers that were
 * ever given are further implementations, which only measurements and tests load.
 *
 * Who asks for a request gets the index of its first word in `words`, or NO_REQUEST; it is good until
 * the carrier is asked again, or a tag is taken, freed or relabelled.
 */
export interface Carrier {
  readonly name: string;
  readonly words: Uint32Array;
  /** ipsec_output: hangs r on m, once for each transform, labelled with its state. 0 or ENOBUFS. */
  request(m: Mbuf, state: number, r: OffloadRequest): number;
  /** ip_output: m is about to enter an interface's queue. 0 or ENOBUFS (then m is not sent). */
  handOver(m: Mbuf): number;
  /** Anyone on the way out: the request on m whose crypto is still to be done. */
  take(m: Mbuf): number;
  /** Driver or software: the crypto of what take() gave is done, or is in a descriptor now. */
  done(m: Mbuf, at: number): void;
  /** Driver, receive: hangs r on m, labelled with its state, an IN_ id. 0 or ENOBUFS. */
  report(m: Mbuf, state: number, r: OffloadRequest): number;
  /** ipsec_input: the report on m. */
  read(m: Mbuf): number;
  /** ipsec_input: what read() gave is checked; from here on it says IN_DONE. */
  accept(m: Mbuf, at: number): void;
  /** ipsec_output: the i-th request that m carries, done or not, newest first. */
  applied(m: Mbuf, i: number): number;
  /** Policy check: the i-th transform taken off m (IN_DONE), newest first. */
  accepted(m: Mbuf, i: number): number;
  /** ipsec_output: policy lets m pass as it is, and the card is to be told. 0 or ENOBUFS. */
  bypass?(m: Mbuf): number;
}

/** What a driver needs to put an SA into its card. Key bytes are read during the call only. */
export interface OffloadSa {
  /** How much of ESP the card is to do: all of it, or the crypto alone. */
  readonly mode: 'packet' | 'crypto';
  readonly direction: 'in' | 'out';
  readonly saHandle: number;
  readonly generation: number;
  readonly spi: number;
  readonly family: 4 | 6;
  /** Destination address, network order, 4 or 16 bytes. */
  readonly dst: Uint8Array;
  readonly proto: number;
  /** Name of the transform, e.g. 'aes-gcm-16'. */
  readonly alg: string;
  /** Key without salt: 16, 24 or 32 bytes. */
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  readonly icvLenBytes: number;
  readonly esn: boolean;
  /** Of receive: anti-replay window in packets, and the highest number seen, 64 bits with ESN. */
  readonly replayPackets: number;
  readonly receivedSeq: number;
  /** Of packet offload: what the card goes on from. */
  readonly sentSeq: number;
  readonly seen: Uint32Array;
  /**
   * ESP travels in UDP to this port (RFC 3948); 0: it does not. Over IPv6 the sum of that is the card's
   * (RFC 8200 §8.1).
   */
  readonly udpPort: number;
}

/** The card's answer: its own name for the SA, or why not. */
export type SaInstalled =
  | { readonly ok: true; readonly cardSa: number }
  | { readonly ok: false; readonly errno: number; readonly reason: string };

export interface SaCounters {
  packets: number;
  bytes: number;
  authFailed: number;
  /** Packet offload: refused by the card's window. */
  replayed: number;
}

/** What a card has of an SA under packet offload, of the moment after its last packet. */
export interface SaState {
  /** Transmit: last number given. Receive: highest number seen. */
  readonly seq: number;
  /** Receive: bit i of these words says that number seq - i was seen. */
  readonly seen: Uint32Array;
}

/** Numbers of a window that a card and its driver can speak of. */
export const SEEN_WORDS = 4;

/** A driver implements it for its card; the SADB is its only caller. */
export interface SaOffload {
  readonly ifIndex: number;
  saInstall(sa: OffloadSa): SaInstalled;
  /**
   * After it returns the card uses the SA no more, and no descriptor naming it is outstanding. Of packet
   * offload it answers where the card's numbers are, read after the last packet and before the SA is
   * cleared; null of crypto offload, and when the state is lost with the card.
   */
  saRemove(direction: 'in' | 'out', cardSa: number): SaState | null;
  saCounters(direction: 'in' | 'out', cardSa: number): SaCounters;
}

/**
 * ipsec implements it: does the crypto of the request on m in software, in place, and marks it done.
 * ipOffset is the distance from the mbuf's first byte to its outer IP header (the link header).
 * 0, or an errno when it cannot be: then the caller drops m. Only while no descriptor was posted.
 */
export type FinishInSoftware = (m: Mbuf, ipOffset: number) => number;
