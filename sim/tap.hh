// SPDX-License-Identifier: BSD-2-Clause
//
// The tap: records every frame on the wire, in the order of sending, into the host's buffer.
//
// The host drains the buffer between calls. A call that cannot stop in time (register reads,
// injections) may meet a full buffer: then records wait here, and none is ever lost.
#ifndef TAGWIRE_TAP_HH
#define TAGWIRE_TAP_HH

#include <cstdint>
#include <vector>

#include "tagwire_sim.h"

namespace tagwire {

class Tap {
 public:
  Tap(uint8_t *buffer, uint64_t bytes, tw_shared *shared)
      : buffer_(buffer), bytes_(bytes), shared_(shared) {}

  static constexpr uint64_t RECORD_BYTES_MAX = sizeof(tw_tap_record) + TW_FRAME_MAX;

  void append(const tw_tap_record &record, const uint8_t *frame);

  // Moves waiting records into the buffer, as far as the host made room.
  void refill();

  // One more frame might not fit: the host must drain.
  bool isFull() const {
    return bytes_ > 0 && (bytes_ - shared_->tap_used < RECORD_BYTES_MAX || !waiting_.empty());
  }

 private:
  uint8_t *const buffer_;
  const uint64_t bytes_;
  tw_shared *const shared_;
  std::vector<uint8_t> waiting_;
  uint64_t waitingRead_ = 0;
};

}  // namespace tagwire
#endif
