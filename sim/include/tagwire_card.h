// SPDX-License-Identifier: BSD-2-Clause
/*
 * The card for C programs: registers, rings and completions. All fields little-endian, packet bytes
 * in wire order, DMA address = offset in the arena.
 */
#ifndef TAGWIRE_CARD_H
#define TAGWIRE_CARD_H

#include <stdint.h>

/* Registers: byte offsets of 32-bit words. */
#define TWP_ID 0x0000u /* reads TWP_ID_VALUE */
#define TWP_VERSION 0x0004u
#define TWP_CTRL 0x0008u
#define TWP_STATUS 0x000cu
#define TWP_MAC_LO 0x0010u /* station address, byte 0 in bits 7:0 */
#define TWP_MAC_HI 0x0014u
#define TWP_MAX_FRAME 0x0018u /* bytes, without FCS */
#define TWP_CAPS 0x001cu      /* 15:0 SAs each way, 16 GCM-128, 17 GCM-256, 18 ESN, 19 GMAC, 20 IPv6,
                                 21 ESP in UDP, 22 VLAN tags, 23 packet offload,
                                 27:24 log2 of the largest ring, 28 scatter/gather, 29 checksums */
#define TWP_NATT_PORT 0x0020u /* UDP port of ESP in UDP (RFC 3948), 0: none; 4500 after reset */
#define TWP_QUEUES 0x0024u    /* transmit and receive queues that the card has */
#define TWP_EICR 0x0100u /* causes */
#define TWP_EIMS 0x0104u /* mask set */
#define TWP_EIMC 0x0108u /* mask clear */
#define TWP_EICS 0x010cu /* causes set */
#define TWP_ITR 0x0110u  /* cycles in 15:0, completions in 31:16 */
#define TWP_ID_VALUE 0x54575031u

/* CTRL */
#define TWP_CTRL_TX_EN 1u
#define TWP_CTRL_RX_EN 2u
#define TWP_CTRL_PROMISC 4u
#define TWP_CTRL_IPSEC_TX_EN 8u
#define TWP_CTRL_IPSEC_RX_EN 16u
#define TWP_CTRL_RX_FLAG_BAD 32u       /* a frame with a bad ICV is delivered, flagged */
#define TWP_CTRL_RX_SCATTER 64u        /* a received frame may go on in the next buffer */
#define TWP_CTRL_RX_CSUM 128u          /* sums of TCP and UDP in what was decrypted are looked at */
#define TWP_CTRL_RESET 0x80000000u     /* of the whole card, keys too; clears itself */

/* STATUS */
#define TWP_STATUS_TX_BUSY 1u
#define TWP_STATUS_RX_BUSY 2u
#define TWP_STATUS_SCRUB_BUSY 4u /* SA tables are being zeroed after reset */

/* EICR, EIMS, EIMC */
#define TWP_CAUSE_TXC 1u
#define TWP_CAUSE_RXC 2u
static inline uint32_t twp_cause_txc(uint32_t queue) { return queue ? 1u << (6 + 2 * queue) : 1u; }
static inline uint32_t twp_cause_rxc(uint32_t queue) { return twp_cause_txc(queue) << 1; }

/* Rings: a block of registers each. Those of queue q > 0 lie TWP_QUEUE_BLOCKS + q * TWP_QUEUE_STRIDE
 * further on. Indices run freely over 16 bits, slot = index & (size - 1). */
#define TWP_RING_TX 0x0200u
#define TWP_RING_RX 0x0240u
#define TWP_RING_TXC 0x0280u
#define TWP_RING_RXC 0x02c0u
#define TWP_QUEUE_BLOCKS 0x0600u
#define TWP_QUEUE_STRIDE 0x0100u
#define TWP_RING_BASE_LO 0x00u /* 64-byte aligned */
#define TWP_RING_BASE_HI 0x04u
#define TWP_RING_LOG2_SIZE 0x08u
#define TWP_RING_CTRL 0x0cu /* 1 = enable, head = tail = 0 */
#define TWP_RING_HEAD 0x10u /* TXC, RXC: software's consumer index */
#define TWP_RING_TAIL 0x14u /* TX, RX: software's producer index, the doorbell */

/* Security associations: the registers are filled, then committed by a write of the index. */
#define TWP_TX_SA 0x0400u
#define TWP_RX_SA 0x0500u
#define TWP_SA_IDX 0x00u /* index | TWP_SA_WRITE; reads 0 when done */
#define TWP_SA_CTRL 0x04u
#define TWP_SA_SALT 0x08u
#define TWP_SA_KEY0 0x10u    /* .. KEY7 at 0x2c; AES-128 uses the first four */
/* Counters, all of the moment of TWP_SA_READ, in either window. */
#define TWP_SA_PACKETS_LO 0x60u
#define TWP_SA_PACKETS_HI 0x64u
#define TWP_SA_BYTES_LO 0x68u
#define TWP_SA_BYTES_HI 0x6cu
#define TWP_SA_ERRORS 0x70u
#define TWP_SA_PARITY 0x7cu /* for tests: parity bits 10:0 that the next WRITE stores wrong */
/* Which packets are an SA's. */
#define TWP_RX_SA_SPI 0x0530u
#define TWP_RX_SA_DST 0x0534u /* IPv4 destination, or the first four bytes of an IPv6 one */
#define TWP_RX_SA_DST1 0x0548u
#define TWP_RX_SA_DST2 0x054cu
#define TWP_RX_SA_DST3 0x0550u
/* Packet offload, transmit: SPI, and the last number given (written before WRITE, read after READ). */
#define TWP_TX_SA_SPI 0x0430u
#define TWP_TX_SA_SEQ_LO 0x0458u
#define TWP_TX_SA_SEQ_HI 0x045cu
/* ESN, or packet offload: anti-replay window, and the highest number seen: written before WRITE, read
   after READ. Packet offload: which numbers were seen, bit i of the four: the highest - i. */
#define TWP_RX_SA_WINDOW 0x0554u
#define TWP_RX_SA_SEQ_LO 0x0558u
#define TWP_RX_SA_SEQ_HI 0x055cu
#define TWP_RX_SA_SEEN0 0x0580u
#define TWP_RX_SA_SEEN1 0x0584u
#define TWP_RX_SA_SEEN2 0x0588u
#define TWP_RX_SA_SEEN3 0x058cu
#define TWP_RX_SA_REPLAYS 0x0590u /* after READ: packets refused by the window */
#define TWP_RX_MATCH_IDX 0x0540u /* slot | TWP_SA_WRITE; slot = bucket * 4 + way */
#define TWP_RX_MATCH_SA 0x0544u
#define TWP_MATCH_V6 0x80000000u /* with the index in MATCH_SA: the destination is IPv6 */
#define TWP_SA_WRITE 0x80000000u
#define TWP_SA_CLEAR 0x40000000u
#define TWP_SA_READ 0x20000000u
#define TWP_SA_VALID 1u
#define TWP_SA_KEY256 2u
#define TWP_SA_ESN 4u
#define TWP_SA_GMAC 8u /* RFC 4543: nothing is encrypted */
#define TWP_SA_PACKET 16u /* packet offload: ESP header, trailer, numbers and window are the card's */

/* With several queues: received ESP goes to the queue of its SPI's entry, four in a register, the
 * first in bits 7:0; all else to queue 0, and what is for a queue whose rings are off. */
#define TWP_RSS 0x0c00u
#define TWP_RSS_ENTRIES 128u
static inline uint32_t twp_rss_hash(uint32_t spi) {
  return (spi ^ spi >> 7 ^ spi >> 14 ^ spi >> 21 ^ spi >> 28) & 0x7fu;
}

/* Statistics: TX_FRAMES and on, in the order of nic_stats. */
#define TWP_STATS 0x0600u

typedef struct twp_tx_desc {
  uint64_t addr;
  uint16_t len;   /* bytes in memory; with IPSEC not counting the 16 of the ICV: the card's work */
  uint16_t flags; /* TWP_TX_ */
  uint16_t sa_idx;
  uint8_t esp_offset; /* of the ESP header in the frame */
  uint8_t next_header; /* with PACKET */
  uint32_t esn_hi;
  uint32_t cookie;
  uint16_t csum_start; /* with CSUM: bytes from the frame's first */
  uint16_t csum_at;
  uint16_t csum_stop;
  uint16_t reserved1;
} twp_tx_desc;
#define TWP_TX_IPSEC 1u
#define TWP_TX_ESN 2u
/* Memory has headers up to esp_offset, with the finished packet's lengths, then payload; the card puts
   ESP header, IV and trailer in and numbers the packet. */
#define TWP_TX_PACKET 4u
/* The checksum of bytes csum_start up to csum_stop goes to csum_at, before encryption; software has left
   the pseudo header's sum there. */
#define TWP_TX_CSUM 8u
/* A frame in several buffers: a descriptor for each, eight at most; all but the last have MORE, all but
   the first CONT. The first says all, the others address and length. One completion, the first's. */
#define TWP_TX_MORE 16u
#define TWP_TX_CONT 32u

typedef struct twp_rx_desc {
  uint64_t addr;
  uint32_t buf_len;
  uint32_t cookie;
} twp_rx_desc;

typedef struct twp_completion {
  uint32_t cookie;
  uint16_t len;
  uint16_t sa_idx; /* 0xffff: none */
  uint32_t status; /* 3:0 code, TWP_CPL_; 23:16 next header, with PACKET */
  uint32_t phase;  /* bit 31: 1 on the first lap of the ring, then 0, 1, ..; receive with ESN: the
                      high half of the sequence number in 30:0; with PACKET its low bits */
} twp_completion;
#define TWP_CPL_CODE 0xfu /* 0 = good */
#define TWP_CODE_KEY_ERR 8u /* parity of the SA's row: no crypto under it before it is written again */
#define TWP_CPL_SECP 0x10u /* the card did ESP crypto */
#define TWP_CPL_PACKET 0x40u /* received: ESP header, trailer and ICV are gone, IP is as it came */
#define TWP_CPL_L4_OK 0x1000000u /* received: the sum of TCP or UDP inside is right */
#define TWP_CPL_MORE 0x80u /* received: the frame goes on in the next buffer, which has its completion */
#define TWP_CODE_REPLAY 9u   /* packet offload: number seen before, or too old */
#define TWP_CODE_BAD_PAD 10u
#define TWP_CODE_SEQ_END 11u /* transmit: the SA has given its last number */

/* First of the two buckets where the card looks an SPI up; the other is that of the second hash. */
static inline uint32_t twp_match_hash(uint32_t x) {
  return (x ^ x >> 10 ^ x >> 20 ^ x >> 30) & 0x3ffu;
}
static inline uint32_t twp_match_bucket0(uint32_t spi) { return twp_match_hash(spi); }
static inline uint32_t twp_match_bucket1(uint32_t spi) {
  return twp_match_hash((spi >> 13 | spi << 19) ^ 0x9e3779b9u);
}

#endif
