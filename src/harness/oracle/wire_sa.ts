// SPDX-License-Identifier: BSD-2-Clause
/** An SA as the oracle is told of it, apart from what the stack believes. */
export interface WireSa {
  readonly spi: number;
  /** 50 (the default) or 51: AH, which has `auth` alone. */
  readonly proto?: number;
  /** Outer destination address. */
  readonly dst: string;
  readonly mode: 'tunnel' | 'transport';
  /** setkey(8)'s name: any that esp_open.ts knows. */
  readonly alg: string;
  /** Key without salt. */
  readonly key: Uint8Array;
  readonly salt?: Uint8Array;
  /** Of an SA that authenticates apart: hmac-sha1, hmac-sha2-256, -384, -512. */
  readonly auth?: { readonly alg: string; readonly key: Uint8Array };
  readonly esn?: boolean;
  /** Bytes may follow the packet in the tunnel (RFC 4303 §2.7). */
  readonly tfc?: boolean;
  /** Its ESP is in UDP to this port (RFC 3948). */
  readonly udpPort?: number;
  /** With esn: the high half of the first sequence number. */
  readonly seqHi?: number;
  /** The same of its low half, where that is not 1: frames before the first one seen may be lost. */
  readonly seqLo?: number;
}
