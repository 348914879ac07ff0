// SPDX-License-Identifier: BSD-2-Clause
/*
 * A driver in C, without anything but the library: two cards joined by the wire, a security
 * association on both, one packet that card 0 encrypts and card 1 decrypts. Prints OK.
 *
 *     cc standalone.c -I sim/include libtagwire_nic.so
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tagwire_card.h"
#include "tagwire_sim.h"

/* Every host has half of the arena: rings first, then one buffer. */
enum {
  HOST_BYTES = 1 << 16,
  RING_LOG2 = 4,
  TX_RING = 0x0000,
  RX_RING = 0x1000,
  TXC_RING = 0x2000,
  RXC_RING = 0x3000,
  BUFFER = 0x4000,
  BUFFER_BYTES = 2048,
  TAP_BYTES = 1 << 16
};
static const uint32_t SPI = 0x1001, DST = 0x0a000002; /* 10.0.0.2 */

static uint8_t arena[2 * HOST_BYTES], tap[TAP_BYTES];
static tw_shared shared;
static tw_world *world;

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, tw_error(world));
  exit(1);
}

/* Register writes are posted: they reach the card at the start of the next tw_run. */
static void write_reg(uint32_t card, uint32_t offset, uint32_t value) {
  tw_posted *posted = &shared.posted[shared.posted_count++];
  posted->card = card;
  posted->offset = offset;
  posted->value = value;
}

static uint32_t read_reg(uint32_t card, uint32_t offset) {
  if (tw_reg_read(world, card, offset) != 0) die("tw_reg_read");
  return shared.reg_value;
}

static void enable_ring(uint32_t card, uint32_t ring, uint32_t offset) {
  write_reg(card, ring + TWP_RING_BASE_LO, card * HOST_BYTES + offset);
  write_reg(card, ring + TWP_RING_BASE_HI, 0);
  write_reg(card, ring + TWP_RING_LOG2_SIZE, RING_LOG2);
  write_reg(card, ring + TWP_RING_CTRL, 1);
}

static void start_card(uint32_t card) {
  if (read_reg(card, TWP_ID) != TWP_ID_VALUE) die("not the card");
  while (read_reg(card, TWP_STATUS) & TWP_STATUS_SCRUB_BUSY) tw_run(world, 100);
  enable_ring(card, TWP_RING_TX, TX_RING);
  enable_ring(card, TWP_RING_RX, RX_RING);
  enable_ring(card, TWP_RING_TXC, TXC_RING);
  enable_ring(card, TWP_RING_RXC, RXC_RING);
  write_reg(card, TWP_EIMS, TWP_CAUSE_RXC); /* interrupt when a frame was received */
  write_reg(card, TWP_CTRL, TWP_CTRL_TX_EN | TWP_CTRL_RX_EN | TWP_CTRL_PROMISC |
                                TWP_CTRL_IPSEC_TX_EN | TWP_CTRL_IPSEC_RX_EN);
}

/* AES-128-GCM with key 00 01 .. 0f and salt aa bb cc dd, as entry 0 of both tables. */
static void install_sa(void) {
  static const uint32_t key[4] = {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c};
  static const uint32_t window[2] = {TWP_TX_SA, TWP_RX_SA};
  for (uint32_t card = 0; card < 2; ++card) {
    write_reg(card, window[card] + TWP_SA_CTRL, TWP_SA_VALID);
    write_reg(card, window[card] + TWP_SA_SALT, 0xddccbbaa);
    for (uint32_t i = 0; i < 4; ++i) write_reg(card, window[card] + TWP_SA_KEY0 + 4 * i, key[i]);
    if (card == 1) write_reg(card, TWP_RX_SA_SPI, SPI);
    if (card == 1) write_reg(card, TWP_RX_SA_DST, DST);
    write_reg(card, window[card] + TWP_SA_IDX, 0 | TWP_SA_WRITE);
  }
  write_reg(1, TWP_RX_MATCH_SA, 0);
  write_reg(1, TWP_RX_MATCH_IDX, (4 * twp_match_bucket0(SPI)) | TWP_SA_WRITE);
}

/* Ethernet, IPv4, ESP header, IV, then `text` (with its ESP trailer). Returns the length. */
static uint32_t build_frame(uint8_t *frame, const uint8_t *text, uint32_t text_bytes) {
  static const uint8_t headers[50] = {
      2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00,              /* Ethernet */
      0x45, 0, 0, 0, 0, 1, 0, 0, 64, 50, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, /* IPv4, protocol ESP */
      0, 0, 0x10, 0x01, 0, 0, 0, 1,                                /* SPI, sequence number 1 */
      0, 0, 0, 0, 0, 0, 0, 1};                                     /* IV */
  uint32_t total = 20 + 16 + text_bytes + 16; /* the card will append 16 bytes of ICV */
  memcpy(frame, headers, sizeof headers);
  frame[16] = (uint8_t)(total >> 8);
  frame[17] = (uint8_t)total;
  memcpy(frame + sizeof headers, text, text_bytes);
  return (uint32_t)sizeof headers + text_bytes;
}

int main(void) {
  tw_config config;
  char err[256];
  memset(&config, 0, sizeof config);
  config.struct_bytes = sizeof config;
  config.abi_version = TW_ABI_VERSION;
  config.card_count = 2;
  config.seed = 1;
  config.mem_latency_cycles = 60;
  config.wire_latency_cycles = 100;
  config.reg_timeout_cycles = 1000;
  config.host_base[1] = HOST_BYTES;
  config.host_bytes[0] = config.host_bytes[1] = HOST_BYTES;
  config.arena_bytes = sizeof arena;
  config.tap_bytes = sizeof tap;
  world = tw_world_create(&config, arena, &shared, tap, err, sizeof err);
  if (!world) return fprintf(stderr, "%s\n", err), 1;

  start_card(0);
  start_card(1);
  install_sa();

  /* Host 1 offers a buffer, host 0 a frame; then both ring the doorbell. */
  uint8_t text[100];
  for (uint32_t i = 0; i < sizeof text; ++i) text[i] = (uint8_t)('A' + i % 26);
  uint8_t *const sent = arena + BUFFER, *const received = arena + HOST_BYTES + BUFFER;
  twp_rx_desc rx = {HOST_BYTES + BUFFER, BUFFER_BYTES, 77, };
  twp_tx_desc tx = {0};
  tx.addr = BUFFER;
  tx.len = (uint16_t)build_frame(sent, text, sizeof text);
  tx.flags = TWP_TX_IPSEC;
  tx.esp_offset = 34;
  memcpy(arena + HOST_BYTES + RX_RING, &rx, sizeof rx);
  memcpy(arena + TX_RING, &tx, sizeof tx);
  write_reg(1, TWP_RING_RX + TWP_RING_TAIL, 1);
  write_reg(0, TWP_RING_TX + TWP_RING_TAIL, 1);

  if (tw_run(world, 10000) != TW_STOP_IRQ || shared.irq != 2) die("no interrupt of card 1");
  twp_completion done;
  memcpy(&done, arena + HOST_BYTES + RXC_RING, sizeof done);
  if (done.cookie != 77 || (done.status & TWP_CPL_CODE) != 0) die("not received well");
  if (!(done.status & TWP_CPL_SECP) || done.len != tx.len + 16) die("not decrypted");
  if (memcmp(received, sent, tx.len) != 0) die("not what was sent");

  /* The tap has the frame as it was on the wire: same headers, other bytes. */
  tw_tap_record wire;
  memcpy(&wire, tap, sizeof wire);
  const uint8_t *const frame = tap + sizeof wire;
  if (wire.len_bytes != tx.len + 16u || memcmp(frame, sent, 50) != 0) die("wire frame");
  for (uint32_t at = 50; at + 8 <= wire.len_bytes; ++at) {
    if (memcmp(frame + at, text, 8) == 0) die("plaintext on the wire");
  }
  if (memcmp(frame + 50, text, 16) == 0) die("not encrypted");

  write_reg(1, TWP_RING_RXC + TWP_RING_HEAD, 1); /* taken: the interrupt goes away */
  if (tw_run(world, 100) != TW_STOP_BUDGET) die("the interrupt stays");
  tw_world_destroy(world);
  puts("OK");
  return 0;
}
