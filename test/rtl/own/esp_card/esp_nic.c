// SPDX-License-Identifier: BSD-2-Clause
/* The driver of esp_card in C: esp_card.sv has its registers and slots, tagwire_driver.h the rest. */
#include <stdlib.h>
#include <string.h>

#include "tagwire_driver.h"

enum {
  ID = 0x00, CTRL = 0x04, STATUS = 0x08, ITR = 0x0c,
  TX_BASE = 0x10, TX_TAIL = 0x14, RX_BASE = 0x20, RX_TAIL = 0x24, SEEN = 0x30, DROPPED = 0x34,
  NATT = 0x38, SA_FLAGS = 0x40, SA_SPI = 0x44, SA_SALT = 0x48, SA_WINDOW = 0x4c, SA_TOP_LO = 0x50,
  SA_TOP_HI = 0x54, SA_DST = 0x60, SA_KEY = 0x80, SA_PUT = 0xa0
};
enum { SLOTS = 64, SLOT_BYTES = 9728, FRAME_AT = 512, SA_COUNT = 64, IDLE_LOOKS = 5000 };
enum { STATUS_RX_BUSY = 2 };
static const uint32_t ID_VALUE = 0x31435345, FLAG = 0x80000000, ESP_NO_SA = 0x40000000;

struct twd {
  twd_bus bus;
  uint8_t *arena;
  uint32_t tx, rx; /* offsets of the slots */
  uint32_t itr;
  /* Free-running, slot = index % SLOTS. */
  uint16_t tx_head, tx_tail, tx_told, rx_head, rx_told;
  uint32_t seen;
};

/* Header of a slot: length, status, flags and SA and offset, ESN high. */
static uint32_t *slot(twd *d, uint32_t ring, uint16_t index) {
  return (uint32_t *)(d->arena + ring + (index % SLOTS) * SLOT_BYTES);
}

/* Status is written by the card while we look. */
static uint32_t status_of(uint32_t *header) { return ((volatile uint32_t *)header)[1]; }

static uint32_t little(const uint8_t *b) {
  return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static uint32_t big(const uint8_t *b) {
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint32_t twd_abi_version(void) { return TWD_ABI_VERSION; }
uint32_t twd_capabilities(void) { return TWD_CAP_IPSEC; }
uint32_t twd_ring_bytes(void) { return 2 * SLOTS * SLOT_BYTES + 512; }
uint32_t twd_sa_count(void) { return SA_COUNT; }

twd *twd_create(const twd_config *config, const char *library, tw_world *world, tw_shared *shared,
                uint8_t *arena) {
  twd *d = calloc(1, sizeof *d);
  if (!d) return 0;
  if (twd_bus_open(&d->bus, library, world, shared, config->card) != 0) {
    free(d);
    return 0;
  }
  d->arena = arena;
  d->tx = (uint32_t)((config->ring_base + 511) & ~(uint64_t)511);
  d->rx = d->tx + SLOTS * SLOT_BYTES;
  d->itr = (config->itr_count ? config->itr_count : 1) << 16 | config->itr_interval_cycles;
  return d;
}

void twd_destroy(twd *d) { free(d); }

/* The card finishes the frames that it is at. */
int32_t twd_detach(twd *d) {
  twd_write(&d->bus, CTRL, 0);
  for (int n = 0; n < IDLE_LOOKS; ++n) {
    uint32_t status;
    const int32_t code = twd_read(&d->bus, STATUS, &status);
    if (code != 0) return code;
    if (status == 0) return 0;
  }
  return 1;
}

int32_t twd_attach(twd *d) {
  uint32_t id;
  int32_t code = twd_read(&d->bus, ID, &id);
  if (code != 0) return code;
  if (id != ID_VALUE) return 1;
  if ((code = twd_detach(d)) != 0) return code;
  for (uint16_t i = 0; i < SLOTS; ++i) slot(d, d->tx, i)[1] = slot(d, d->rx, i)[1] = 0;
  d->tx_head = d->tx_tail = d->tx_told = d->rx_head = 0;
  d->rx_told = SLOTS;
  d->seen = 0;
  twd_write(&d->bus, ITR, d->itr);
  twd_write(&d->bus, TX_BASE, d->tx);
  twd_write(&d->bus, RX_BASE, d->rx);
  twd_write(&d->bus, CTRL, 1);
  twd_write(&d->bus, RX_TAIL, SLOTS);
  return 0;
}

int32_t twd_transmit(twd *d, const twd_frame *frame) {
  if ((uint16_t)(d->tx_tail - d->tx_head) == SLOTS) return 0;
  uint32_t *header = slot(d, d->tx, d->tx_tail);
  memcpy((uint8_t *)header + FRAME_AT, d->arena + frame->offset, frame->len_bytes);
  header[0] = frame->len_bytes;
  header[1] = 0;
  header[2] = frame->flags & TWD_SEAL ? FLAG | frame->card_sa << 16 | frame->esp_offset : 0;
  header[3] = frame->esn_hi;
  ++d->tx_tail;
  return 1;
}

int32_t twd_flush(twd *d) {
  const uint16_t rx_tail = d->rx_head + SLOTS;
  const uint32_t seen = (uint32_t)d->rx_head << 16 | d->tx_head;
  if (d->tx_told != d->tx_tail) twd_write(&d->bus, TX_TAIL, d->tx_told = d->tx_tail);
  if (d->rx_told != rx_tail) twd_write(&d->bus, RX_TAIL, d->rx_told = rx_tail);
  if (d->seen != seen) twd_write(&d->bus, SEEN, d->seen = seen);
  return 0;
}

static void describe(const uint32_t *header, twd_frame *frame) {
  frame->len_bytes = header[0] & 0xffff;
  frame->status = header[1];
  frame->card_sa = header[2] >> 16 & 63;
  frame->esp_offset = header[2] & 0x7f;
  frame->esn_hi = header[3];
}

int32_t twd_sent(twd *d, twd_frame *frame) {
  uint32_t *header = slot(d, d->tx, d->tx_head);
  if (d->tx_head == d->tx_tail || status_of(header) == 0) return 0;
  describe(header, frame);
  frame->flags = header[2] & FLAG ? TWD_SEAL : 0;
  ++d->tx_head;
  return 1;
}

int32_t twd_received(twd *d, twd_frame *frame) {
  uint32_t *header = slot(d, d->rx, d->rx_head);
  if (status_of(header) == 0) return 0;
  describe(header, frame);
  frame->offset = (uint64_t)((uint8_t *)header - d->arena) + FRAME_AT;
  frame->flags = (header[2] & FLAG ? TWD_OPENED : 0) | (header[2] & ESP_NO_SA ? TWD_ESP_NO_SA : 0);
  return 1;
}

void twd_release(twd *d) {
  slot(d, d->rx, d->rx_head)[1] = 0;
  ++d->rx_head;
}

uint32_t twd_unread(twd *d) {
  uint32_t n = 0;
  while (n < SLOTS && status_of(slot(d, d->rx, (uint16_t)(d->rx_head + n))) != 0) ++n;
  return n;
}

int32_t twd_sa_put(twd *d, const twd_sa *sa) {
  twd_bus *bus = &d->bus;
  const uint32_t f = sa->flags, in = f & TWD_SA_IN ? FLAG : 0;
  /* The card has valid, key256, ESN, GMAC, IPv6 from bit 0 on. */
  twd_write(bus, SA_FLAGS, 1 | (f & 15) << 1);
  twd_write(bus, SA_SPI, sa->spi);
  twd_write(bus, SA_SALT, little(sa->salt));
  twd_write(bus, SA_WINDOW, sa->window ? sa->window : 1);
  twd_write(bus, SA_TOP_LO, (uint32_t)sa->received_seq);
  twd_write(bus, SA_TOP_HI, (uint32_t)(sa->received_seq >> 32));
  for (uint32_t w = 0; w < 4; ++w) {
    const uint32_t v4 = w == 3 ? big(sa->dst) : 0;
    twd_write(bus, SA_DST + 4 * w, f & TWD_SA_V6 ? big(sa->dst + 4 * w) : v4);
  }
  for (uint32_t w = 0; w < 8; ++w) twd_write(bus, SA_KEY + 4 * w, little(sa->key + 4 * w));
  if (in && sa->udp_port) twd_write(bus, NATT, sa->udp_port);
  twd_write(bus, SA_PUT, in | sa->card_sa);
  return 0;
}

int32_t twd_sa_clear(twd *d, uint32_t in, uint32_t card_sa) {
  twd_write(&d->bus, SA_FLAGS, 0);
  twd_write(&d->bus, SA_PUT, (in ? FLAG : 0) | card_sa);
  return 0;
}

int32_t twd_rx_busy(twd *d) {
  uint32_t status;
  const int32_t code = twd_read(&d->bus, STATUS, &status);
  return code != 0 ? code : (status & STATUS_RX_BUSY) != 0;
}

int32_t twd_overflows(twd *d) {
  uint32_t dropped;
  const int32_t code = twd_read(&d->bus, DROPPED, &dropped);
  return code != 0 ? code : (int32_t)(dropped & 0x7fffffff);
}
