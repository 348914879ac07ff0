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
#define TWP_CTRL 0x0008u
#define TWP_STATUS 0x000cu
#define TWP_MAC_LO 0x0010u /* station address, byte 0 in bits 7:0 */
#define TWP_MAC_HI 0x0014u
#define TWP_EICR 0x0100u /* causes */
#define TWP_EIMS 0x0104u /* mask set */
#define TWP_EIMC 0x0108u /* mask clear */
#define TWP_ITR 0x0110u  /* cycles in 15:0, completions in 31:16 */
#define TWP_ID_VALUE 0x54575031u

/* CTRL */
#define TWP_CTRL_TX_EN 1u
#define TWP_CTRL_RX_EN 2u
#define TWP_CTRL_PROMISC 4u
#define TWP_CTRL_IPSEC_TX_EN 8u
#define TWP_CTRL_IPSEC_RX_EN 16u

/* STATUS */
#define TWP_STATUS_SCRUB_BUSY 4u /* SA tables are being zeroed after reset */

/* EICR, EIMS, EIMC */
#define TWP_CAUSE_TXC 1u
#define TWP_CAUSE_RXC 2u

/* Rings: a block of registers each. Indices run freely over 16 bits, slot = index & (size - 1). */
#define TWP_RING_TX 0x0200u
#define TWP_RING_RX 0x0240u
#define TWP_RING_TXC 0x0280u
#define TWP_RING_RXC 0x02c0u
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
#define TWP_RX_SA_SPI 0x0530u
#define TWP_RX_SA_DST 0x0534u
#define TWP_RX_MATCH_IDX 0x0540u /* slot | TWP_SA_WRITE; slot = bucket * 4 + way */
#define TWP_RX_MATCH_SA 0x0544u
#define TWP_SA_WRITE 0x80000000u
#define TWP_SA_CLEAR 0x40000000u
#define TWP_SA_VALID 1u
#define TWP_SA_KEY256 2u
#define TWP_SA_ESN 4u

typedef struct twp_tx_desc {
  uint64_t addr;
  uint16_t len;   /* bytes in memory; with IPSEC not counting the 16 of the ICV: the card's work */
  uint16_t flags; /* TWP_TX_ */
  uint16_t sa_idx;
  uint8_t esp_offset; /* of the ESP header in the frame */
  uint8_t reserved0;
  uint32_t esn_hi;
  uint32_t cookie;
  uint64_t reserved1;
} twp_tx_desc;
#define TWP_TX_IPSEC 1u
#define TWP_TX_ESN 2u

typedef struct twp_rx_desc {
  uint64_t addr;
  uint32_t buf_len;
  uint32_t cookie;
} twp_rx_desc;

typedef struct twp_completion {
  uint32_t cookie;
  uint16_t len;
  uint16_t sa_idx; /* 0xffff: none */
  uint32_t status; /* 3:0 code, TWP_CPL_ */
  uint32_t phase;  /* bit 31: 1 on the first lap of the ring, then 0, 1, .. */
} twp_completion;
#define TWP_CPL_CODE 0xfu /* 0 = good */
#define TWP_CPL_SECP 0x10u /* the card did ESP crypto */

/* First of the two buckets where the card looks an SPI up; the other is that of the second hash. */
static inline uint32_t twp_match_hash(uint32_t x) {
  return (x ^ x >> 10 ^ x >> 20 ^ x >> 30) & 0x3ffu;
}
static inline uint32_t twp_match_bucket0(uint32_t spi) { return twp_match_hash(spi); }
static inline uint32_t twp_match_bucket1(uint32_t spi) {
  return twp_match_hash((spi >> 13 | spi << 19) ^ 0x9e3779b9u);
}

#endif
