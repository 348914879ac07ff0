// SPDX-License-Identifier: BSD-2-Clause
/*
 * A driver in C for a card under tagwire: this header is what the harness asks of it. The file
 * (--driver FILE.c) is compiled to a library, or comes as one (--driver FILE.so).
 *
 * The driver knows the card: registers, rings, SA tables. What lies above it (mbufs, packet tags,
 * policy) is the harness's, which calls these functions, from one thread:
 *
 *     harness                         driver                        world (tagwire_sim.h)
 *     -------                         ------                        -----
 *     twd_transmit, twd_flush  --->   rings in the arena  <------>  DMA of the card
 *     twd_sent, twd_received   <---   registers           ------->  shared->posted, tw_reg_read
 *     twd_sa_put, twd_sa_clear --->
 *
 * Memory from ring_base on, twd_ring_bytes() of it, is the driver's; a DMA address is an offset in the
 * arena. Functions that run the clock return a TW_ERR_ code (below 0) when the card does not answer.
 */
#ifndef TAGWIRE_DRIVER_H
#define TAGWIRE_DRIVER_H

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#include "tagwire_sim.h"

#define TWD_ABI_VERSION 1u
#define TWD_CAP_IPSEC 1u /* the card does ESP */

typedef struct twd twd; /* one interface, the driver's own */

typedef struct twd_config {
  uint32_t struct_bytes; /* sizeof(twd_config) */
  uint32_t abi_version;  /* TWD_ABI_VERSION */
  uint32_t card;
  uint32_t log2_tx; /* frames that may wait to be sent, log2 */
  uint32_t itr_count; /* interrupt when so many are done, or after so many cycles */
  uint32_t itr_interval_cycles;
  uint32_t max_frame_bytes; /* without FCS */
  uint32_t reserved;
  uint64_t ring_base;
  uint8_t mac[8]; /* the first 6 */
} twd_config;

enum { TWD_SEAL = 1, TWD_OPENED = 2, TWD_ESP_NO_SA = 4 };
enum { TWD_OK = 1, TWD_DMA_ERR = 2, TWD_ICV_BAD = 3, TWD_SA_GONE = 4 };

/* A frame to be sent, one that was, or one that came. */
typedef struct twd_frame {
  uint64_t offset; /* of its first byte, in the arena */
  uint32_t len_bytes; /* to be sealed: with the 16 of room for the ICV */
  uint32_t flags;     /* TWD_SEAL; TWD_OPENED: decrypted, with a good ICV */
  uint32_t status;    /* of what was sent or came */
  uint32_t card_sa;
  uint32_t esp_offset; /* bytes from the frame's first to the ESP header */
  uint32_t esn_hi;
} twd_frame;

enum { TWD_SA_KEY256 = 1, TWD_SA_ESN = 2, TWD_SA_GMAC = 4, TWD_SA_V6 = 8, TWD_SA_IN = 16 };

typedef struct twd_sa {
  uint32_t card_sa; /* its place in the table, below twd_sa_count() */
  uint32_t flags;
  uint32_t spi;
  uint32_t window;  /* replay window, packets */
  uint64_t received_seq; /* with ESN: highest number seen */
  uint32_t udp_port; /* 0: not in UDP */
  uint8_t salt[4];
  uint8_t dst[16]; /* network order; of IPv4 the first 4 */
  uint8_t key[32];
} twd_sa;

/* The driver exports: */
uint32_t twd_abi_version(void);
uint32_t twd_capabilities(void); /* TWD_CAP_ */
uint32_t twd_ring_bytes(void);
uint32_t twd_sa_count(void); /* places each way */
/* library: path of the card's. Arena and shared block live longer than the interface. Null: no memory. */
twd *twd_create(const twd_config *config, const char *library, tw_world *world, tw_shared *shared,
                uint8_t *arena);
void twd_destroy(twd *d);
int32_t twd_attach(twd *d); /* 0, 1: not its card, or TW_ERR_; the card then has no SA */
int32_t twd_detach(twd *d); /* 0, 1: does not come to rest, or TW_ERR_ */
int32_t twd_transmit(twd *d, const twd_frame *frame); /* takes a copy: 1, or 0: no room now */
int32_t twd_flush(twd *d); /* tells the card what has changed */
int32_t twd_sent(twd *d, twd_frame *frame); /* 1: the oldest frame that is done, 0: none */
int32_t twd_received(twd *d, twd_frame *frame); /* 1: the oldest; the same until twd_release() */
void twd_release(twd *d);
uint32_t twd_unread(twd *d); /* how many wait for twd_received() */
int32_t twd_sa_put(twd *d, const twd_sa *sa);
int32_t twd_sa_clear(twd *d, uint32_t in, uint32_t card_sa);
int32_t twd_rx_busy(twd *d); /* 1: frames are on their way through the card, 0, TW_ERR_ */
int32_t twd_overflows(twd *d); /* frames that found no room, or TW_ERR_ */

/* ---- For the driver: registers of its card. */
typedef struct twd_bus {
  tw_world *world;
  tw_shared *shared;
  uint32_t card;
  int32_t (*reg_read)(tw_world *, uint32_t, uint32_t);
  int32_t (*run)(tw_world *, uint32_t);
} twd_bus;

/* 0, or -1 when the library cannot be used. */
static inline int32_t twd_bus_open(twd_bus *bus, const char *library, tw_world *world,
                                   tw_shared *shared, uint32_t card) {
  void *loaded = dlopen(library, RTLD_LAZY);
  void *reg_read = loaded ? dlsym(loaded, "tw_reg_read") : 0;
  void *run = loaded ? dlsym(loaded, "tw_run") : 0;
  bus->world = world;
  bus->shared = shared;
  bus->card = card;
  memcpy(&bus->reg_read, &reg_read, sizeof reg_read);
  memcpy(&bus->run, &run, sizeof run);
  return reg_read && run ? 0 : -1;
}

/* Posted: it reaches the card before the clock next runs. */
static inline void twd_write(twd_bus *bus, uint32_t offset, uint32_t value) {
  tw_shared *s = bus->shared;
  if (s->posted_count == TW_POSTED_MAX) bus->run(bus->world, 0);
  tw_posted *posted = &s->posted[s->posted_count++];
  posted->card = bus->card;
  posted->offset = offset;
  posted->value = value;
}

/* Runs the clock until the card answers: 0 or TW_ERR_. */
static inline int32_t twd_read(twd_bus *bus, uint32_t offset, uint32_t *value) {
  const int32_t code = bus->reg_read(bus->world, bus->card, offset);
  *value = bus->shared->reg_value;
  return code;
}

#endif
