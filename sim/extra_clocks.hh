// SPDX-License-Identifier: BSD-2-Clause
//
// Clocks besides the card's own, for RTL from elsewhere that has some: TW_EXTRA_CLOCKS is a list of
// TW_CLOCK(port, picoseconds). All rise after half a period and run through reset. Edges that fall
// together, on the card's clock too, are evaluated together.
#ifndef TAGWIRE_EXTRA_CLOCKS_HH
#define TAGWIRE_EXTRA_CLOCKS_HH

#include <algorithm>
#include <cstdint>

namespace tagwire {

constexpr uint64_t HALF_CYCLE_PS = 2000;  // of the card's clock, 250 MHz

#ifdef TW_EXTRA_CLOCKS

template <typename Pins>
class ExtraClocks {
 public:
  // To the card's next edge: evaluates at every edge before it, and sets the levels at it.
  void advance(Pins &pins) {
    nowPs_ += HALF_CYCLE_PS;
    for (;;) {
      uint64_t next = UINT64_MAX;
#define TW_CLOCK(port, period) next = std::min(next, port##_ * uint64_t(period) / 2);
      TW_EXTRA_CLOCKS
#undef TW_CLOCK
      if (next > nowPs_) return;
#define TW_CLOCK(port, period)                        \
  if (port##_ * uint64_t(period) / 2 == next) {       \
    pins.port = port##_++ & 1;                        \
  }
      TW_EXTRA_CLOCKS
#undef TW_CLOCK
      if (next < nowPs_) pins.eval();
    }
  }

 private:
  uint64_t nowPs_ = 0;
  // Numbers of the next edges, from 1; odd ones rise.
#define TW_CLOCK(port, period) uint64_t port##_ = 1;
  TW_EXTRA_CLOCKS
#undef TW_CLOCK
};

#else

template <typename Pins>
class ExtraClocks {
 public:
  void advance(Pins &) {}
};

#endif

}  // namespace tagwire
#endif
