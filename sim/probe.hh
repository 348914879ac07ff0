// SPDX-License-Identifier: BSD-2-Clause
//
// The probe: when each frame that a card sends passed which stage of the transmit path. It only
// looks, at handshakes named in probe.vlt, and costs nothing until it is opened.
//
// Frames pass every stage in order, so the n-th handshake of a stage is the n-th frame's that comes
// there; frames without crypto, or that failed, leave stages out. What a stage has not given back
// when its frame is completed it never will.
#ifndef TAGWIRE_PROBE_HH
#define TAGWIRE_PROBE_HH

#include <cstdint>
#include <deque>

#include "Vnic_top.h"
#include "tagwire_sim.h"

namespace tagwire {

class Probe {
 public:
  // Frames sent from now on; the card sends nothing right now.
  Probe(uint32_t card, tw_probe_record *records, uint32_t capacity)
      : card_(card), records_(records), capacity_(capacity) {}

  // All inputs of the cycle are set, and the rising edge has not come.
  void look(Vnic_top &pins, uint64_t cycle);

  uint32_t count() const { return count_; }

 private:
  using Frames = std::deque<uint64_t>;  // numbers of frames

  tw_probe_record &flying(uint64_t frame) { return flying_[frame - completed_]; }
  void take(Frames &from, uint64_t tw_probe_record::*field, uint64_t cycle, Frames *to);
  void complete(uint64_t cycle);

  const uint32_t card_;
  tw_probe_record *const records_;
  const uint32_t capacity_;
  uint32_t count_ = 0;

  std::deque<uint64_t> asked_;           // when descriptors that have not come were asked for
  std::deque<tw_probe_record> flying_;   // from descriptor to completion
  uint64_t descriptors_ = 0;             // frames that have come to each stage
  uint64_t fetched_ = 0;
  uint64_t completed_ = 0;
  Frames looked_, keyed_, encrypted_, sending_;
  bool onWire_ = false;
};

}  // namespace tagwire
#endif
