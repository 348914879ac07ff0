// SPDX-License-Identifier: BSD-2-Clause
//
// The C functions of tagwire_sim.h: they check pointers, catch everything, and do nothing else.
#pragma GCC visibility push(default)
#include "tagwire_sim.h"
#pragma GCC visibility pop

#include <cstddef>
#include <cstdio>
#include <exception>
#include <new>

#include "fatal.hh"
#include "world.hh"

using tagwire::Failure;

static_assert(sizeof(tw_config) == 96 && offsetof(tw_config, host_base) == 48, "ABI");
static_assert(sizeof(tw_posted) == 16 && sizeof(tw_tap_record) == 32, "ABI");
static_assert(sizeof(tw_probe_record) == 96, "ABI");
static_assert(sizeof(tw_shared) == 104 + 16 * TW_POSTED_MAX, "ABI");

struct tw_world {
  tw_world(const tw_config &config, uint8_t *arena, tw_shared *shared, uint8_t *tap)
      : world(config, arena, shared, tap) {}
  tagwire::World world;
  std::string error;
};

namespace {

// Runs `action`, which returns a TW_ code; whatever it throws becomes a code and a text.
template <typename Action>
int32_t guarded(tw_world *world, Action action) noexcept {
  if (!world) return TW_ERR_ARG;
  try {
    world->error.clear();
    return action(world->world);
  } catch (const Failure &failure) {
    world->error = failure.text;
    return failure.code;
  } catch (const std::exception &failure) {
    world->error = failure.what();
    return TW_ERR_MODEL;
  } catch (...) {
    world->error = "unknown failure";
    return TW_ERR_MODEL;
  }
}

void checkCreate(const tw_config *config, const uint8_t *arena, const tw_shared *shared,
                 const uint8_t *tap) {
  if (!config || !arena || !shared) throw Failure{TW_ERR_ARG, "a null pointer"};
  if (config->abi_version != TW_ABI_VERSION || config->struct_bytes != sizeof(tw_config)) {
    throw Failure{TW_ERR_ARG, "the caller was built for another version of tagwire_sim.h"};
  }
  if (config->tap_bytes > 0 && !tap) throw Failure{TW_ERR_ARG, "tap_bytes without a tap buffer"};
}

}  // namespace

uint32_t tw_abi_version(void) { return TW_ABI_VERSION; }

tw_world *tw_world_create(const tw_config *config, uint8_t *arena, tw_shared *shared, uint8_t *tap,
                          char *err, uint32_t err_bytes) {
  const char *text = "unknown failure";
  std::string kept;
  try {
    checkCreate(config, arena, shared, tap);
    return new tw_world(*config, arena, shared, tap);
  } catch (const Failure &failure) {
    kept = failure.text;
    text = kept.c_str();
  } catch (const std::bad_alloc &) {
    text = "out of memory";
  } catch (...) {
  }
  if (err && err_bytes > 0) snprintf(err, err_bytes, "%s", text);
  return nullptr;
}

void tw_world_destroy(tw_world *world) { delete world; }

int32_t tw_run(tw_world *world, uint32_t max_cycles) {
  return guarded(world, [=](tagwire::World &w) { return w.run(max_cycles); });
}

int32_t tw_reg_read(tw_world *world, uint32_t card, uint32_t offset) {
  return guarded(world, [=](tagwire::World &w) {
    w.readRegister(card, offset);
    return 0;
  });
}

int32_t tw_wire_inject(tw_world *world, uint32_t card, uint64_t arena_offset, uint32_t len_bytes,
                       uint32_t delay_cycles) {
  return guarded(world, [=](tagwire::World &w) {
    w.inject(card, arena_offset, len_bytes, delay_cycles);
    return 0;
  });
}

int32_t tw_fault(tw_world *world, uint32_t card, uint32_t fault, uint32_t arg) {
  return guarded(world, [=](tagwire::World &w) {
    w.setFault(card, fault, arg);
    return 0;
  });
}

int32_t tw_probe_open(tw_world *world, uint32_t card, tw_probe_record *records,
                      uint32_t capacity) {
  return guarded(world, [=](tagwire::World &w) {
    w.openProbe(card, records, capacity);
    return 0;
  });
}

int32_t tw_probe_count(tw_world *world, uint32_t card) {
  return guarded(world, [=](tagwire::World &w) { return w.probeCount(card); });
}

int32_t tw_trace_open(tw_world *world, const char *path) {
  return guarded(world, [=](tagwire::World &w) {
    w.openTrace(path);
    return 0;
  });
}

int32_t tw_trace_close(tw_world *world) {
  return guarded(world, [](tagwire::World &w) {
    w.closeTrace();
    return 0;
  });
}

const char *tw_error(const tw_world *world) {
  return world ? world->error.c_str() : "no world";
}
