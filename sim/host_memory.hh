// SPDX-License-Identifier: BSD-2-Clause
//
// Host memory as one card sees it: an AXI4 slave on the arena behind an IOMMU window.
//
// Reads: the first beat comes `mem_latency_cycles` after the address, then one beat a cycle; up to
// READS_MAX bursts wait at once, so latency costs no bandwidth to a card that asks early. Bursts of
// one ID keep their order; with stalls on, bursts of other IDs may overtake. Writes are posted: the
// response comes the cycle after the last beat. An address outside the window is answered with
// DECERR and touches nothing. A burst against the rules of AXI or of the card fails the model.
#ifndef TAGWIRE_HOST_MEMORY_HH
#define TAGWIRE_HOST_MEMORY_HH

#include <cstdint>

#include "Vnic_top.h"
#include "random.hh"
#include "tagwire_sim.h"

namespace tagwire {

class HostMemory {
 public:
  HostMemory(const tw_config &config, uint32_t card, uint8_t *arena, tw_shared *shared);

  // Sets the card's AXI inputs for this cycle from its outputs; true when a beat moves.
  bool step(Vnic_top &pins, uint64_t cycle);

  void setSilent(bool silent) { silent_ = silent; }
  void failReads(uint32_t bursts) { failReads_ = bursts; }
  void failWrites(uint32_t bursts) { failWrites_ = bursts; }

 private:
  // All capacities are powers of two; indices run freely and are masked when used.
  static constexpr uint32_t READS_MAX = 256;
  static constexpr uint32_t WRITES_MAX = 64;
  // What the card was built with: 32 bytes a lane.
  static constexpr uint32_t BEAT_BYTES = sizeof(Vnic_top::m_axi_rdata_i);
  static constexpr uint32_t STROBE_BYTES = BEAT_BYTES / 8;
  static constexpr uint32_t BURST_BEATS_MAX = 16;

  struct Burst {
    uint64_t address;  // of the first beat, rounded down to a beat
    uint64_t readyCycle;
    uint8_t beats;
    uint8_t id;
    uint8_t response;  // OKAY, SLVERR, DECERR
  };
  // A valid without ready must stay, unchanged, until it is taken (AXI4 A3.2.1).
  struct Held {
    bool on = false;
    uint64_t address = 0;
    uint8_t beats = 0;
    uint8_t id = 0;
  };

  bool stepReadData(Vnic_top &pins, uint64_t cycle, uint32_t paused);
  bool stepReadAddress(Vnic_top &pins, uint64_t cycle, uint32_t paused);
  bool stepWriteResponse(Vnic_top &pins, uint32_t paused);
  bool stepWriteAddress(Vnic_top &pins, uint32_t paused);
  bool stepWriteData(Vnic_top &pins, uint32_t paused);
  Burst &read(uint32_t index) { return reads_[index % READS_MAX]; }
  Burst &write(uint32_t index) { return writes_[index % WRITES_MAX]; }
  uint32_t drawPauses();
  void letOvertake(uint64_t cycle);
  Burst accept(uint64_t address, uint32_t length, uint32_t size, uint32_t kind, uint32_t id,
               uint32_t &failures, const char *channel);
  void checkHeld(Held &held, bool valid, bool ready, uint64_t address, uint32_t length, uint32_t id,
                 const char *channel);

  uint8_t *const arena_;
  tw_shared *const shared_;
  const uint64_t base_;
  const uint64_t bytes_;
  const uint32_t latencyCycles_;
  const uint32_t pauseThreshold_;  // of 4096
  Random random_;

  Burst reads_[READS_MAX];
  uint32_t readHead_ = 0;  // oldest unanswered
  uint32_t readTail_ = 0;
  uint32_t readBeat_ = 0;  // beats of the oldest already taken
  bool readShown_ = false;

  Burst writes_[WRITES_MAX];  // [response, data): wait for B; [data, tail): wait for data
  uint32_t writeResponse_ = 0;
  uint32_t writeData_ = 0;
  uint32_t writeTail_ = 0;
  uint32_t writeBeat_ = 0;
  bool responseShown_ = false;

  Held heldRead_;
  Held heldWrite_;
  bool heldData_ = false;
  uint8_t heldBeat_[BEAT_BYTES + STROBE_BYTES] = {};  // data and strobes of a beat that waits

  bool silent_ = false;
  uint32_t failReads_ = 0;
  uint32_t failWrites_ = 0;
};

}  // namespace tagwire
#endif
