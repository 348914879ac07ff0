// SPDX-License-Identifier: BSD-2-Clause
/*
 * The C ABI of the simulated world: this header is the specification.
 *
 * A world owns the clock, one or two cards, host memory as the cards see it, and the wire between
 * them. It is driven by a host program through five calls and one block of shared memory:
 *
 *     host program                      shared memory                    world
 *     ------------                      -------------                    -----
 *     rings, packet buffers  <------->  arena (DMA address = offset) <-> AXI4 of the cards
 *     register writes        ------->   tw_shared.posted[]           --> AXI4-Lite, in order
 *     stop reason, interrupts <------   tw_shared                    <-- clock, irq lines
 *     frames seen on the wire <------   tap buffer                   <-- MAC of the cards
 *
 * Register writes are posted: the host appends them to `posted` and they reach the cards, in order,
 * at the start of the next call that runs the clock. So a batch of packets costs one call.
 * Delivering them takes simulated time (a few cycles each) but none of the call's budget.
 *
 * Time is counted in cycles of the one clock, from the start of reset. Host software takes no
 * simulated time. Nothing here depends on wall time or on pointers: one configuration and one
 * sequence of calls give one run.
 *
 * Rules: fixed-width types; every struct begins at an 8-byte boundary and has explicit padding; no
 * exception, abort or exit crosses the ABI: a failing model ($fatal, an assertion, a broken rule of
 * a bus) makes the call return a TW_ERR_ code, and tw_error() gives its text with the cycle. After
 * TW_ERR_MODEL the world can only be destroyed. A world is used from one thread at a time.
 */
#ifndef TAGWIRE_SIM_H
#define TAGWIRE_SIM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TW_ABI_VERSION 2u
#define TW_CARDS_MAX 2u
#define TW_POSTED_MAX 1024u
#define TW_FRAME_MAX 9216u /* bytes, without FCS */

typedef struct tw_world tw_world; /* opaque */

/* Why a call that runs the clock came back (>= 0), or failed (< 0). */
enum {
  TW_STOP_BUDGET = 0, /* max_cycles ran */
  TW_STOP_IRQ = 1,    /* an interrupt line is high, 4 cycles or more after the last posted write was
                         answered, so that it shows what the write did */
  TW_STOP_TAP = 2,    /* the tap buffer cannot hold one more frame: drain it, set tap_used to 0 */
  TW_ERR_ARG = -1,    /* a null pointer, unknown card, bad size: the caller's mistake */
  TW_ERR_MODEL = -2,  /* $fatal or a failed assertion in the RTL */
  TW_ERR_TIMEOUT = -3,/* a register access was not answered within reg_timeout_cycles; the accesses
                         waiting behind it for the same card are dropped, the others kept */
  TW_ERR_BUS = -4,    /* a register access was answered with SLVERR or DECERR; those behind it are
                         delivered by the next call */
  TW_ERR_IO = -5,     /* a trace file could not be written */
  TW_ERR_UNSUPPORTED = -6 /* this library was built without tracing, or without the probe */
};

typedef struct tw_config {
  uint32_t struct_bytes; /* sizeof(tw_config), checked */
  uint32_t abi_version;  /* TW_ABI_VERSION, checked */
  uint32_t card_count;   /* 1 or 2; with 2 the wire joins them, with 1 its frames end in the tap */
  uint32_t seed;         /* of memory stalls and of the wire's faults */
  uint32_t mem_latency_cycles; /* first beat of a read this many cycles after its address (at least
                                  1); a write is answered the cycle after its last beat */
  uint32_t mem_stall_permille; /* chance per cycle that a memory channel pauses, up to 999; above 0
                                  reads of different IDs may also overtake each other */
  uint32_t wire_latency_cycles;/* last beat sent to first beat received */
  uint32_t loss_ppm;           /* frames lost, per million */
  uint32_t flip_ppm;           /* frames with one bit flipped, per million */
  uint32_t reorder_ppm;        /* frames delayed so that later ones overtake, per million */
  uint32_t reorder_cycles;     /* ... by at most this many cycles */
  uint32_t reg_timeout_cycles; /* an unanswered register access fails after this */
  uint64_t host_base[TW_CARDS_MAX];  /* arena bytes [base, base + bytes) belong to the card's */
  uint64_t host_bytes[TW_CARDS_MAX]; /* host: a DMA outside them is answered with DECERR */
  uint64_t arena_bytes;
  uint64_t tap_bytes; /* size of the tap buffer; 0 = no tap */
} tw_config;

/* One register write waiting to be delivered. */
typedef struct tw_posted {
  uint32_t card;
  uint32_t offset; /* byte offset of the register */
  uint32_t value;
  uint32_t reserved;
} tw_posted;

/* Shared block, allocated by the host, zeroed, alive as long as the world (as arena and tap). */
typedef struct tw_shared {
  uint64_t cycle;        /* world: cycles run so far */
  uint32_t irq;          /* world: bit n = interrupt line of card n */
  uint32_t posted_count; /* host: entries valid in posted[]; the world sets it to 0 */
  uint32_t tap_used;     /* bytes used in the tap buffer; the host sets it to 0 when drained */
  uint32_t reg_value;    /* world: result of tw_reg_read */
  uint64_t idle_cycles;  /* world: cycles since anything moved on a bus or was on the wire */
  uint64_t wire_frames;  /* world: frames sent by cards */
  uint64_t wire_lost;
  uint64_t wire_flipped;
  uint64_t wire_reordered;
  uint64_t dma_reads;    /* world: AXI read bursts, both cards */
  uint64_t dma_read_beats;
  uint64_t dma_writes;
  uint64_t dma_write_beats;
  uint64_t run_ns;       /* world: wall time spent in the model; never enters a digest */
  tw_posted posted[TW_POSTED_MAX];
} tw_shared;

/* Flags of a tapped frame. */
enum { TW_TAP_LOST = 1, TW_TAP_FLIPPED = 2, TW_TAP_REORDERED = 4, TW_TAP_INJECTED = 8 };

/* A frame as it left a card (before the wire's faults); its bytes follow, padded to 8. Frames that
 * do not fit (tw_reg_read and tw_wire_inject do not stop for it) come with the next call. */
typedef struct tw_tap_record {
  uint64_t cycle;        /* last beat left the sender */
  uint64_t arrival_cycle;/* first beat reaches the receiver; 0 when lost or when nobody listens.
                            A delayed frame that becomes due in the middle of another comes after
                            it, and pushes back those behind by as much. */
  uint32_t card;         /* sender; for injected frames the receiver */
  uint32_t len_bytes;
  uint32_t flags;        /* TW_TAP_ */
  uint32_t flip_bit;     /* with TW_TAP_FLIPPED: bit number, byte = flip_bit / 8 */
} tw_tap_record;

/* A frame's way through the card that sent it: the cycle of each step, 0 where it did not come. */
typedef struct tw_probe_record {
  uint64_t asked_cycle;       /* its descriptor's read went out */
  uint64_t descriptor_cycle;  /* its descriptor was taken up */
  uint64_t fetch_begin_cycle; /* the read of its data was begun */
  uint64_t fetch_end_cycle;   /* its last beat of data came */
  uint64_t sa_cycle;          /* its SA was asked for */
  uint64_t crypto_begin_cycle;/* the engine took its key and IV */
  uint64_t crypto_end_cycle;  /* its last beat of text left the engine */
  uint64_t icv_cycle;         /* its ICV left the engine */
  uint64_t wire_begin_cycle;  /* first and last beat on the wire */
  uint64_t wire_end_cycle;
  uint64_t completion_cycle;  /* its completion is in host memory */
  uint32_t card;
  uint32_t len_bytes;         /* as its descriptor says */
} tw_probe_record;

/* Faults that a test may switch on. */
enum {
  TW_FAULT_MEM_SILENT = 1, /* arg 1/0: host memory stops/resumes answering */
  TW_FAULT_REG_SILENT = 2, /* arg 1/0: register accesses are not answered */
  TW_FAULT_READ_ERROR = 3, /* the next arg read bursts are answered with SLVERR */
  TW_FAULT_WRITE_ERROR = 4 /* the next arg write bursts are answered with SLVERR */
};

uint32_t tw_abi_version(void);

/* Makes a world in reset and runs it out of reset. Null on error, with the reason in err. */
tw_world *tw_world_create(const tw_config *config, uint8_t *arena, tw_shared *shared, uint8_t *tap,
                          char *err, uint32_t err_bytes);
void tw_world_destroy(tw_world *world);

/* Delivers posted writes, then runs at most max_cycles. Returns a TW_STOP_ or TW_ERR_ code. */
int32_t tw_run(tw_world *world, uint32_t max_cycles);

/* Delivers posted writes, then reads one register into shared->reg_value. 0 or TW_ERR_. */
int32_t tw_reg_read(tw_world *world, uint32_t card, uint32_t offset);

/* Puts a frame (len_bytes at arena_offset, copied) on the wire towards a card, delay_cycles from
 * now at the earliest; frames injected one after the other arrive in order. 0 or TW_ERR_. */
int32_t tw_wire_inject(tw_world *world, uint32_t card, uint64_t arena_offset, uint32_t len_bytes,
                       uint32_t delay_cycles);

/* Switches a fault of one card's host on or off. 0 or TW_ERR_. */
int32_t tw_fault(tw_world *world, uint32_t card, uint32_t fault, uint32_t arg);

/* Records the frames that a card sends from now on, at most `capacity`, into `records`, which lives as
 * long as the world or until the card's next tw_probe_open. The card must be sending nothing, and is
 * not to be reset meanwhile. Null: no more. It only looks: nothing in the world changes. 0 or TW_ERR_. */
int32_t tw_probe_open(tw_world *world, uint32_t card, tw_probe_record *records, uint32_t capacity);

/* Records written since; they are in the order of completion. Or TW_ERR_. */
int32_t tw_probe_count(tw_world *world, uint32_t card);

/* FST waveform of both cards, from now on. 0 or TW_ERR_. */
int32_t tw_trace_open(tw_world *world, const char *path);
int32_t tw_trace_close(tw_world *world);

/* Text of the last error; lives until the next call. Never null. */
const char *tw_error(const tw_world *world);

/*
 * The wire's faults depend on (seed, sending card, number of the frame on that direction) alone:
 *   mix(x):  x ^= x >> 16; x *= 0x7feb352d; x ^= x >> 15; x *= 0x846ca68b; x ^= x >> 16   (u32)
 *   draw(k) = mix(mix(mix(seed ^ 0x9e3779b9 * (card + 1)) + frame) + k)
 *   lost      when draw(0) % 1000000 < loss_ppm
 *   flipped   when draw(1) % 1000000 < flip_ppm, bit draw(2) % (8 * len_bytes)
 *   reordered when draw(3) % 1000000 < reorder_ppm, later by 1 + draw(4) % reorder_cycles
 * so that another implementation of the wire loses the very same frames. Frames are counted from 0,
 * lost ones too. A lost frame is neither flipped nor reordered. Injected frames have no faults.
 */

#ifdef __cplusplus
}
#endif
#endif
