// SPDX-License-Identifier: BSD-2-Clause
//
// What the wire does to a frame: a pure function of the seed, the sender and the frame's number,
// as tagwire_sim.h defines it at its end.
#ifndef TAGWIRE_WIRE_FATE_HH
#define TAGWIRE_WIRE_FATE_HH

#include <cstdint>

#include "random.hh"
#include "tagwire_sim.h"

namespace tagwire {

struct WireFate {
  uint32_t flags = 0;    // TW_TAP_
  uint32_t flipBit = 0;  // with TW_TAP_FLIPPED
  uint32_t delayCycles = 0;  // with TW_TAP_REORDERED
};

inline WireFate wireFate(const tw_config &config, uint32_t card, uint32_t frame,
                         uint32_t lenBytes) {
  constexpr uint32_t MILLION = 1000000;
  WireFate fate;
  if (!(config.loss_ppm | config.flip_ppm | config.reorder_ppm)) return fate;
  const uint32_t base = mix(mix(config.seed ^ (0x9e3779b9u * (card + 1))) + frame);
  if (mix(base + 0) % MILLION < config.loss_ppm) {
    fate.flags = TW_TAP_LOST;
    return fate;
  }
  if (mix(base + 1) % MILLION < config.flip_ppm) {
    fate.flags |= TW_TAP_FLIPPED;
    fate.flipBit = mix(base + 2) % (8 * lenBytes);
  }
  if (mix(base + 3) % MILLION < config.reorder_ppm) {
    fate.flags |= TW_TAP_REORDERED;
    fate.delayCycles = 1 + mix(base + 4) % config.reorder_cycles;
  }
  return fate;
}

}  // namespace tagwire
#endif
