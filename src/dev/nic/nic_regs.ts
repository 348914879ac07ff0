// SPDX-License-Identifier: BSD-2-Clause
/**
 * What the card shows to software: registers, descriptors, completions. The one source for the
 * driver and the functional model; a test compares it with the RTL. All values little-endian.
 */

// Registers: byte offsets, 32 bits each.
export const REG_ID = 0x0000;
export const REG_VERSION = 0x0004;
export const REG_CTRL = 0x0008;
export const REG_STATUS = 0x000c;
export const REG_MAC_LO = 0x0010;
export const REG_MAC_HI = 0x0014;
export const REG_MAX_FRAME = 0x0018;
export const REG_CAPS = 0x001c;
/** UDP destination port of ESP in UDP (RFC 3948); 0: none is looked for. */
export const REG_NATT_PORT = 0x0020;
export const REG_EICR = 0x0100;
export const REG_EIMS = 0x0104;
export const REG_EIMC = 0x0108;
export const REG_EICS = 0x010c;
export const REG_ITR = 0x0110;

/** "TWP1" */
export const ID_VALUE = 0x54575031;
export const VERSION_VALUE = 0x00010000;
/**
 * 1024 SAs each way, AES-GCM-128 and 256, ESN, AES-GMAC, IPv6, ESP in UDP, VLAN tags, rings of up to
 * 2^12 entries.
 */
export const CAPS_VALUE = 0x0c7f0400;
export const NATT_PORT_DEFAULT = 4500;
export const MAX_FRAME_DEFAULT = 9018;
export const MAX_FRAME_LIMIT = 9216;

export const CTRL_TX_EN = 1;
export const CTRL_RX_EN = 2;
export const CTRL_PROMISC = 4;
export const CTRL_IPSEC_TX_EN = 8;
export const CTRL_IPSEC_RX_EN = 16;
/** A frame with a bad ICV is delivered as it is, flagged AUTH_FAIL, instead of dropped. */
export const CTRL_RX_FLAG_BAD = 32;
/** Clears itself; resets the whole card and scrubs the SA tables. */
export const CTRL_RESET = 0x80000000;

export const STATUS_TX_BUSY = 1;
export const STATUS_RX_BUSY = 2;
export const STATUS_SCRUB_BUSY = 4;
export const STATUS_DMA_ERR = 0x80000000;

// Interrupt causes. TXC and RXC are levels: completions pending. The others are sticky, W1C.
export const IRQ_TXC = 1;
export const IRQ_RXC = 2;
export const IRQ_ERR = 4;
export const IRQ_SCRUB_DONE = 8;
export const IRQ_SW = 16;

// Ring blocks, and the registers in each. Indices are free-running 16-bit counters.
export const RING_TX = 0x0200;
export const RING_RX = 0x0240;
export const RING_TXC = 0x0280;
export const RING_RXC = 0x02c0;
export const RING_BASE_LO = 0x00;
export const RING_BASE_HI = 0x04;
export const RING_LOG2_SIZE = 0x08;
export const RING_CTRL = 0x0c;
export const RING_HEAD = 0x10;
export const RING_TAIL = 0x14;
export const RING_ENABLE = 1;
export const RING_LOG2_MIN = 4;
export const RING_LOG2_MAX = 12;

// SA windows: data registers first, then the index register with WRITE or CLEAR. READ takes the
// state of an SA, all of one moment, into the state registers (sequence number, counters).
export const SA_TX = 0x0400;
export const SA_RX = 0x0500;
export const SA_IDX = 0x00;
export const SA_CTRL = 0x04;
export const SA_SALT = 0x08;
export const SA_KEY0 = 0x10;
export const SA_SPI = 0x30;
export const SA_DST = 0x34;
export const MATCH_IDX = 0x40;
export const MATCH_SA = 0x44;
/** The rest of an IPv6 destination, whose first four bytes are in SA_DST. */
export const SA_DST1 = 0x48;
export const SA_DST2 = 0x4c;
export const SA_DST3 = 0x50;
/** Receive with ESN: window in packets, and highest number seen: written before WRITE. */
export const SA_WINDOW = 0x54;
export const SA_SEQ_LO = 0x58;
export const SA_SEQ_HI = 0x5c;
export const SA_PACKETS_LO = 0x60;
export const SA_PACKETS_HI = 0x64;
export const SA_BYTES_LO = 0x68;
export const SA_BYTES_HI = 0x6c;
/** Receive: wrong ICVs. Transmit: frames that could not be read. */
export const SA_ERRORS = 0x70;
/**
 * Parity bits of the row, one for each 32 bits of it, that the next WRITE stores wrong: how a test
 * makes the card find a flipped bit in its key memory.
 */
export const SA_PARITY = 0x7c;
export const SA_PARITY_MASK = 0x3ff;
export const SA_WRITE = 0x80000000;
export const SA_CLEAR = 0x40000000;
export const SA_READ = 0x20000000;
export const SA_VALID = 1;
export const SA_KEY256 = 2;
export const SA_ESN = 4;
/** RFC 4543: the ICV covers all, nothing is encrypted. */
export const SA_GMAC = 8;
/** Of MATCH_SA: the destination is an IPv6 address. */
export const MATCH_V6 = 0x80000000;
export const SA_WINDOW_MAX = 0xffff;

export const SA_COUNT = 1024;
export const MATCH_BUCKETS = 1024;
export const MATCH_WAYS = 4;
/** saIdx of a completion that concerns no SA. */
export const NO_SA_IDX = 0xffff;

/** Statistics, in the order of their registers. */
export const STATS = 0x0600;
export const STAT_NAMES = [
  'txFrames',
  'txIpsec',
  'txDrop',
  'rxFrames',
  'rxIpsecOk',
  'rxIcvBad',
  'rxNoSa',
  'rxOverflow',
  'rxNoDesc',
  'rxFiltered',
  'rxLenBad',
  'dmaErrors',
  'keyErrors',
] as const;
export type StatName = (typeof STAT_NAMES)[number];

/*
 * Tx descriptor, 8 words:
 *   | addr lo | addr hi | len, flags | saIdx, espOffset | esnHi | cookie | 0 | 0 |
 *     0         1         2            3                  4       5        6   7
 * Rx descriptor, 4 words:
 *   | addr lo | addr hi | bufLen | cookie |
 * Completion, 4 words, the phase in bit 31 of the last. esnHi: on receive with ESN, the high half of
 * the sequence number that the ICV was good with.
 *   | cookie | len, saIdx | status | phase, esnHi |
 *     0        1            2        3
 */
export const TXD_BYTES = 32;
export const RXD_BYTES = 16;
export const CPL_BYTES = 16;

export const TXD_IPSEC = 1;
export const TXD_ESN = 2;

export const CPL_CODE_MASK = 15;
/** The card did the ESP crypto: encrypted, or decrypted with a good ICV. */
export const CPL_SECP = 16;
/** Rx: an unfragmented ESP frame, IPv4 or IPv6; bits 15:8 say where its ESP header is. */
export const CPL_ESP_SEEN = 32;
export const CPL_ESN_HI_MASK = 0x7fffffff;

export const CODE_OK = 0;
export const CODE_AUTH_FAIL = 1;
export const CODE_BAD_LEN = 2;
export const CODE_NO_SA = 3;
export const CODE_DMA_ERR = 4;
export const CODE_TOO_BIG = 5;
/** The SA's row does not agree with its parity: not used before it is written again. */
export const CODE_KEY_ERR = 8;

export const ICV_BYTES = 16;
export const ESP_HEADER_BYTES = 8;
export const ESP_IV_BYTES = 8;
/** An ESP frame must have its ESP header at least this far in: Ethernet and IPv4. */
export const ESP_OFFSET_MIN = 34;

/** Bucket of a 32-bit number in the match table. */
function matchHash(x: number): number {
  return (x ^ (x >>> 10) ^ (x >>> 20) ^ (x >>> 30)) & (MATCH_BUCKETS - 1);
}

/** The two buckets that an SPI may lie in. */
export function matchBucket0(spi: number): number {
  return matchHash(spi);
}
export function matchBucket1(spi: number): number {
  return matchHash(((spi >>> 13) | (spi << 19)) ^ 0x9e3779b9);
}
