/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tagwire_gcm.h: the C ABI of the verilated AES-GCM engine alone (rtl/nic_gcm.f). This file is the
 * specification; a plain C program can use it.
 *
 * All memory is the caller's. Messages are described by offsets into one arena of bytes.
 * No exception, abort or exit crosses the interface: $fatal, a failed assertion and a run without
 * progress come back as an error with its text and the cycle. After such an error the handle
 * answers every call but tw_gcm_destroy and tw_gcm_cycles with the same error.
 * A handle belongs to one thread at a time; handles are independent of each other.
 */
#ifndef TAGWIRE_GCM_H
#define TAGWIRE_GCM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TW_GCM_ABI_VERSION 1u

typedef struct tw_gcm tw_gcm;

/* Return values. */
#define TW_GCM_OK 0
#define TW_GCM_ERR_ARG 1   /* a message does not fit the arena, or has a bad field: nothing ran */
#define TW_GCM_ERR_MODEL 2 /* the model failed: $fatal, assertion, no progress */

/* tw_gcm_msg.status */
#define TW_GCM_STATUS_OK 1u
#define TW_GCM_STATUS_REFUSED 2u /* decrypt with a wrong tag: nothing was written to out_offset */

/* One message; 64 bytes. Lengths in bytes, offsets in bytes from the start of the arena. */
typedef struct tw_gcm_msg {
  uint8_t decrypt;        /* 0 encrypt, 1 decrypt */
  uint8_t key_bytes;      /* 16 or 32 */
  uint8_t status;         /* result: TW_GCM_STATUS_ */
  uint8_t reserved;
  uint32_t key_offset;
  uint32_t iv_offset;     /* 12 bytes */
  uint32_t aad_offset;
  uint32_t aad_bytes;     /* 0..65535 */
  uint32_t text_offset;
  uint32_t text_bytes;    /* 0..65535 */
  uint32_t tag_offset;    /* 16 bytes: written by encrypt, read by decrypt */
  uint32_t out_offset;    /* text_bytes bytes; may equal text_offset */
  uint32_t reserved2;
  uint64_t start_cycle;   /* result: the engine took the command */
  uint64_t text_cycle;    /* result: last output beat; start_cycle if there is no text */
  uint64_t finish_cycle;  /* result: the tag (or verdict) left the engine */
} tw_gcm_msg;

/* Seeded stalls: each channel pauses with this probability a cycle, in 1/1000 (0..990). */
typedef struct tw_gcm_stalls {
  uint32_t seed;
  uint16_t cmd_permille;
  uint16_t in_permille;
  uint16_t exp_permille;
  uint16_t out_permille;
  uint16_t tag_permille;
  uint16_t reserved;
} tw_gcm_stalls;

/* TW_GCM_ABI_VERSION of the library; the caller compares it with its own. */
uint32_t tw_gcm_abi_version(void);

/* Makes an engine and resets it. NULL on failure, with the reason in err (NUL-terminated). */
tw_gcm *tw_gcm_create(char *err, uint32_t err_bytes);

void tw_gcm_destroy(tw_gcm *gcm);

/*
 * Streams n messages back to back through the engine, in order, and fills in their results.
 * Plaintext of a decrypt message is held back until the verdict; a refused one is wiped unseen.
 * stalls may be NULL. Returns TW_GCM_OK or an error with its text in err.
 */
int32_t tw_gcm_run(tw_gcm *gcm, tw_gcm_msg *msgs, uint32_t n, uint8_t *arena, uint64_t arena_bytes,
                   const tw_gcm_stalls *stalls, char *err, uint32_t err_bytes);

/* Lets the clock run with nothing to do. Same returns as tw_gcm_run. */
int32_t tw_gcm_idle(tw_gcm *gcm, uint64_t cycles, char *err, uint32_t err_bytes);

/* Clock cycles since reset. */
uint64_t tw_gcm_cycles(const tw_gcm *gcm);

#ifdef __cplusplus
}
#endif

#endif
