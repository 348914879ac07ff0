// SPDX-License-Identifier: BSD-2-Clause
//
// Seeded random numbers: equal on every machine.
#ifndef TAGWIRE_RANDOM_HH
#define TAGWIRE_RANDOM_HH

#include <cstdint>

namespace tagwire {

// A bijection of 32-bit words that leaves no visible pattern (tagwire_sim.h fixes it).
inline uint32_t mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return x;
}

// xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016.
class Random {
 public:
  explicit Random(uint32_t seed) : state_((uint64_t(mix(seed)) << 32) | mix(seed + 1) | 1) {}

  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1dull;
  }

 private:
  uint64_t state_;
};

}  // namespace tagwire
#endif
