// SPDX-License-Identifier: BSD-2-Clause
//
// The wire: takes frames from the cards' MAC pins, decides their fate, and plays them into the
// other card's MAC pins after `wire_latency_cycles`, one beat a cycle without a gap.
// Full duplex: two directions, each with its own queue.
#ifndef TAGWIRE_WIRE_HH
#define TAGWIRE_WIRE_HH

#include <cstdint>
#include <type_traits>

#include "Vnic_top.h"
#include "frame_queue.hh"
#include "tagwire_sim.h"
#include "tap.hh"

namespace tagwire {

class Wire {
 public:
  Wire(const tw_config &config, tw_shared *shared, Tap &tap);

  // Takes this cycle's beat of a sending card; true when there was one.
  bool send(uint32_t card, Vnic_top &pins, uint64_t cycle);

  // Sets the receive pins of a card for this cycle; true while frames are on their way to it.
  bool receive(uint32_t card, Vnic_top &pins, uint64_t cycle);

  // A frame from outside, towards `card`, `delayCycles` from now, behind those injected before.
  void inject(uint32_t card, const uint8_t *bytes, uint32_t lenBytes, uint64_t cycle,
              uint32_t delayCycles);

 private:
  // What the card was built with: 16 bytes a lane.
  static constexpr uint32_t BEAT_BYTES = sizeof(Vnic_top::m_axis_tx_tdata_o);
  using Keep = std::remove_reference_t<decltype(Vnic_top::m_axis_tx_tkeep_o)>;  // a bit for each byte

  struct Sender {
    uint8_t *slot = nullptr;  // the frame being sent; null between frames
    uint32_t lenBytes = 0;
    uint32_t frames = 0;  // number of the next frame
  };
  struct Receiver {
    FrameQueue queue;
    uint32_t sentBytes = 0;   // of the first frame in the queue
    bool valid = false;       // a beat is on the pins
    uint64_t lineFree = 0;    // the frames sent so far keep the line busy until then
    uint64_t injectFree = 0;  // earliest arrival of the next injected frame
  };

  void finish(uint32_t card, uint64_t cycle);

  const tw_config &config_;
  tw_shared *const shared_;
  Tap &tap_;
  Sender senders_[TW_CARDS_MAX];
  Receiver receivers_[TW_CARDS_MAX];
};

}  // namespace tagwire
#endif
