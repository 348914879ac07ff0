// SPDX-License-Identifier: BSD-2-Clause
//
// The C ABI: checks arguments, turns exceptions into error texts, no other logic.
#include "tagwire_gcm.h"

#include <cstddef>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "fatal.hh"
#include "gcm_model.hh"
#include "gcm_stream.hh"

static_assert(sizeof(tw_gcm_msg) == 64, "layout of tw_gcm_msg");
static_assert(offsetof(tw_gcm_msg, start_cycle) == 40, "layout of tw_gcm_msg");
static_assert(sizeof(tw_gcm_stalls) == 16, "layout of tw_gcm_stalls");

struct tw_gcm {
  tagwire::GcmModel model;
  std::string failure;  // not empty: the model failed and does not run any more
};

namespace {

using tagwire::Failure;

void report(char *err, uint32_t errBytes, const std::string &text) {
  if (err && errBytes > 0) snprintf(err, errBytes, "%s", text.c_str());
}

void checkMessage(const tw_gcm_msg &msg, uint32_t index, uint64_t arenaBytes) {
  const auto refuse = [index](const char *what) {
    throw Failure{TW_GCM_ERR_ARG, "message " + std::to_string(index) + ": " + what};
  };
  const auto inside = [arenaBytes](uint32_t offset, uint32_t bytes) {
    return bytes == 0 || uint64_t(offset) + bytes <= arenaBytes;
  };
  if (msg.decrypt > 1) refuse("decrypt must be 0 or 1");
  if (msg.key_bytes != 16 && msg.key_bytes != 32) refuse("key_bytes must be 16 or 32");
  if (msg.aad_bytes > 65535) refuse("aad_bytes is more than 65535");
  if (msg.text_bytes > 65535) refuse("text_bytes is more than 65535");
  if (!inside(msg.key_offset, msg.key_bytes)) refuse("the key is outside the arena");
  if (!inside(msg.iv_offset, 12)) refuse("the IV is outside the arena");
  if (!inside(msg.aad_offset, msg.aad_bytes)) refuse("the AAD is outside the arena");
  if (!inside(msg.text_offset, msg.text_bytes)) refuse("the text is outside the arena");
  if (!inside(msg.tag_offset, 16)) refuse("the tag is outside the arena");
  if (!inside(msg.out_offset, msg.text_bytes)) refuse("the output is outside the arena");
}

// Runs `body`; what it throws becomes an error code and a text.
template <typename Body>
int32_t guarded(tw_gcm *gcm, char *err, uint32_t errBytes, Body body) {
  report(err, errBytes, "");
  try {
    if (!gcm->failure.empty()) throw Failure{TW_GCM_ERR_MODEL, gcm->failure};
    try {
      body();
      return TW_GCM_OK;
    } catch (const Failure &failure) {
      if (failure.code == TW_GCM_ERR_ARG) throw;
      gcm->failure = "cycle " + std::to_string(gcm->model.cycle()) + ": " + failure.text;
      throw Failure{TW_GCM_ERR_MODEL, gcm->failure};
    }
  } catch (const Failure &failure) {
    report(err, errBytes, failure.text);
    return failure.code;
  } catch (const std::exception &other) {
    report(err, errBytes, other.what());
    return TW_GCM_ERR_MODEL;
  }
}

}  // namespace

uint32_t tw_gcm_abi_version(void) { return TW_GCM_ABI_VERSION; }

tw_gcm *tw_gcm_create(char *err, uint32_t err_bytes) {
  report(err, err_bytes, "");
  try {
    return new tw_gcm();
  } catch (const Failure &failure) {
    report(err, err_bytes, failure.text);
  } catch (const std::exception &other) {
    report(err, err_bytes, other.what());
  }
  return nullptr;
}

void tw_gcm_destroy(tw_gcm *gcm) { delete gcm; }

int32_t tw_gcm_run(tw_gcm *gcm, tw_gcm_msg *msgs, uint32_t n, uint8_t *arena, uint64_t arena_bytes,
                   const tw_gcm_stalls *stalls, char *err, uint32_t err_bytes) {
  return guarded(gcm, err, err_bytes, [&] {
    const tw_gcm_stalls none = {};
    const tw_gcm_stalls &used = stalls ? *stalls : none;
    for (uint16_t permille : {used.cmd_permille, used.in_permille, used.exp_permille,
                              used.out_permille, used.tag_permille}) {
      if (permille > 990) throw Failure{TW_GCM_ERR_ARG, "stalls: more than 990 permille"};
    }
    for (uint32_t i = 0; i < n; ++i) checkMessage(msgs[i], i, arena_bytes);
    tagwire::GcmStream(gcm->model, msgs, n, arena, used).run();
  });
}

int32_t tw_gcm_idle(tw_gcm *gcm, uint64_t cycles, char *err, uint32_t err_bytes) {
  return guarded(gcm, err, err_bytes, [&] {
    for (uint64_t i = 0; i < cycles; ++i) gcm->model.clock();
  });
}

uint64_t tw_gcm_cycles(const tw_gcm *gcm) { return gcm->model.cycle(); }
