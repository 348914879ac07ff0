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
/** How many transmit and receive queues the card has. */
export const REG_QUEUES = 0x0024;
export const REG_EICR = 0x0100;
export const REG_EIMS = 0x0104;
export const REG_EIMC = 0x0108;
export const REG_EICS = 0x010c;
export const REG_ITR = 0x0110;

/** "TWP1" */
export const ID_VALUE = 0x54575031;
export const VERSION_VALUE = 0x00010000;
/**
 * 1024 SAs each way, AES-GCM-128 and 256, ESN, AES-GMAC, IPv6, ESP in UDP, VLAN tags, packet offload,
 * rings of up to 2^12 entries, scatter/gather, checksums.
 */
export const CAPS_VALUE = 0x3cff0400;
/** Bit of REG_CAPS: packet offload. A card of several lanes has none. */
export const CAPS_PACKET = 0x00800000;
/** Bit of REG_CAPS: frames of several buffers, TXD_MORE and CTRL_RX_SCATTER. */
export const CAPS_SCATTER = 0x10000000;
/** Bit of REG_CAPS: sums of TCP and UDP, TXD_CSUM and CTRL_RX_CSUM. */
export const CAPS_CSUM = 0x20000000;
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
/** A received frame that is longer than its buffer goes on in the next one (CPL_MORE). */
export const CTRL_RX_SCATTER = 64;
/** The checksum of TCP or UDP in what was decrypted is looked at (CPL_L4_OK). */
export const CTRL_RX_CSUM = 128;
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

/** TXC and RXC of a queue. */
export function irqTxc(queue: number): number {
  return queue === 0 ? IRQ_TXC : 1 << (6 + 2 * queue);
}
export function irqRxc(queue: number): number {
  return irqTxc(queue) << 1;
}

// Ring blocks, and the registers in each. Indices are free-running 16-bit counters.
export const RING_TX = 0x0200;
export const RING_RX = 0x0240;
export const RING_TXC = 0x0280;
export const RING_RXC = 0x02c0;
/** Blocks of queue q behind queue 0 lie q times the stride further on. */
export const QUEUE_BLOCKS = 0x0600;
export const QUEUE_STRIDE = 0x0100;
export const QUEUES_MAX = 4;
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
/** Receive with ESN, or packet offload: window in packets: written before WRITE. */
export const SA_WINDOW = 0x54;
/**
 * Receive with ESN, or packet offload: highest number seen. Transmit, packet offload: last number
 * given. Written before WRITE, read after READ.
 */
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
export const SA_PARITY_MASK = 0x7ff;
/**
 * Receive, packet offload: bit i of these four, counted from SEEN0 on, says that the number i below
 * the highest was seen. Written before WRITE, read after READ.
 */
export const SA_SEEN0 = 0x80;
export const SA_SEEN1 = 0x84;
export const SA_SEEN2 = 0x88;
export const SA_SEEN3 = 0x8c;
/** Receive, packet offload: packets refused because their number was seen, or too old. */
export const SA_REPLAYS = 0x90;
export const SA_WRITE = 0x80000000;
export const SA_CLEAR = 0x40000000;
export const SA_READ = 0x20000000;
export const SA_VALID = 1;
export const SA_KEY256 = 2;
export const SA_ESN = 4;
/** RFC 4543: the ICV covers all, nothing is encrypted. */
export const SA_GMAC = 8;
/**
 * Packet offload. Transmit: the card adds ESP header (SPI of SA_SPI, number, IV) and trailer. Receive:
 * it keeps the replay window, and takes header, trailer and ICV away.
 */
export const SA_PACKET = 16;
/** Of MATCH_SA: the destination is an IPv6 address. */
export const MATCH_V6 = 0x80000000;
export const SA_WINDOW_MAX = 0xffff;
/** Of a window that the card keeps itself. */
export const SA_PACKET_WINDOW_MAX = 128;

export const SA_COUNT = 1024;
export const MATCH_BUCKETS = 1024;
export const MATCH_WAYS = 4;
/** saIdx of a completion that concerns no SA. */
export const NO_SA_IDX = 0xffff;

/**
 * Indirection table of receive-side scaling: the queue of each hash, four in a register, the first in
 * bits 7:0. Only where there are several queues. What is not ESP, and what is for a queue that is
 * off, goes to queue 0.
 */
export const RSS = 0x0c00;
export const RSS_ENTRIES = 128;

/** Place of an SPI in that table: the exclusive or of its groups of seven bits. */
export function rssHash(spi: number): number {
  return (spi ^ (spi >>> 7) ^ (spi >>> 14) ^ (spi >>> 21) ^ (spi >>> 28)) & (RSS_ENTRIES - 1);
}

/** A ring block of a queue; block: that of queue 0. */
export function queueBlock(block: number, queue: number): number {
  return queue === 0 ? block : block + QUEUE_BLOCKS + queue * QUEUE_STRIDE;
}

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
  'rxReplay',
  'rxBadPad',
] as const;
export type StatName = (typeof STAT_NAMES)[number];

/*
 * Tx descriptor, 8 words:
 *   | addr lo | addr hi | len, flags | saIdx, espOffset, next header | esnHi | cookie |
 *     0         1         2            3                               4       5
 *   | csumStart, csumAt | csumStop |
 *     6                   7
 * With TXD_PACKET memory has no ESP header and no trailer: payload follows the headers at espOffset.
 * The card puts them in, and numbers the packet (esnHi says nothing). It changes no byte in front of
 * espOffset: lengths of IP are those of the finished packet, payload + 18 + padding to whole words + ICV.
 * A frame in several buffers has a descriptor for each, TXD_PARTS_MAX at most, in one ring behind each
 * other. All but the last have TXD_MORE, all but the first TXD_CONT. The first says all, the others
 * address, length and these two. There is one completion, with the first one's cookie. Buffers may be
 * empty. A chain that ends later than at TXD_PARTS_MAX, begins with TXD_CONT, or is followed by a
 * descriptor without it before its last: CODE_BAD_LEN. One that cannot be read: CODE_DMA_ERR. Nothing of
 * such a frame is sent, and what goes on with it is passed over. A ring that ends amid a frame waits.
 * With TXD_CSUM the card puts the Internet checksum (RFC 1071) of bytes csumStart up to csumStop of the
 * frame, counted in memory, at csumAt, before it encrypts; software has left the pseudo header's sum there.
 * csumStart <= csumAt, csumAt + 2 <= csumStop <= len; else CODE_BAD_LEN.
 * Rx descriptor, 4 words:
 *   | addr lo | addr hi | bufLen | cookie |
 * Completion, 4 words, the phase in bit 31 of the last. esnHi: on receive with ESN, the high half of
 * the sequence number that the ICV was good with; with CPL_PACKET its low 31 bits.
 *   | cookie | len, saIdx | status, next header | phase, esnHi |
 *     0        1            2                     3
 * With CPL_PACKET the frame has no ESP header, trailer and ICV any more; the headers in front are as
 * they came: IP still says ESP, and the length that it had.
 */
export const TXD_BYTES = 32;
export const RXD_BYTES = 16;
export const CPL_BYTES = 16;

export const TXD_IPSEC = 1;
export const TXD_ESN = 2;
export const TXD_PACKET = 4;
export const TXD_CSUM = 8;
export const TXD_MORE = 16;
export const TXD_CONT = 32;
/** Descriptors of a frame. */
export const TXD_PARTS_MAX = 8;

export const CPL_CODE_MASK = 15;
/** The card did the ESP crypto: encrypted, or decrypted with a good ICV. */
export const CPL_SECP = 16;
/** Rx: an unfragmented ESP frame, IPv4 or IPv6; bits 15:8 say where its ESP header is. */
export const CPL_ESP_SEEN = 32;
/** Rx: ESP was taken off; bits 23:16 are its next header. */
export const CPL_PACKET = 64;
/**
 * Rx, with CTRL_RX_SCATTER: the frame goes on in the next buffer, with a completion of its own: the same
 * fields, its own length, code and cookie. A frame is good when all of them are. An error that ends it
 * has no CPL_MORE; a rest whose ring was enabled anew: CODE_TOO_BIG.
 */
export const CPL_MORE = 128;
export const CPL_NEXT_SHIFT = 16;
/**
 * Rx, with CTRL_RX_CSUM and CPL_SECP: the checksum of the TCP segment or UDP datagram inside is right, of
 * all that its IP packet, or ESP, says it has; UDP's own length was not looked at. Without it nothing is
 * said, and software looks: what has IP options or extension headers, is a fragment, has more padding than
 * it must, or came by AES-GMAC or, in transport mode, in UDP over IPv6.
 */
export const CPL_L4_OK = 0x01000000;
export const CPL_ESN_HI_MASK = 0x7fffffff;

export const CODE_OK = 0;
export const CODE_AUTH_FAIL = 1;
export const CODE_BAD_LEN = 2;
export const CODE_NO_SA = 3;
export const CODE_DMA_ERR = 4;
export const CODE_TOO_BIG = 5;
/** The SA's row does not agree with its parity: not used before it is written again. */
export const CODE_KEY_ERR = 8;
/** Packet offload. The number was seen before, or is too old. */
export const CODE_REPLAY = 9;
/** Padding is not 1, 2, 3 …, or longer than the text (RFC 4303 §2.4). */
export const CODE_BAD_PAD = 10;
/** The SA has given its last number (RFC 4303 §3.3.3). */
export const CODE_SEQ_END = 11;

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
