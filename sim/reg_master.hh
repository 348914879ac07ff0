// SPDX-License-Identifier: BSD-2-Clause
//
// Register accesses of the hosts: an AXI4-Lite master with one access at a time, so that writes
// reach the cards in the order they were posted, also from one card to the other.
//
// An access that a card does not answer in time fails. If the card has seen it, it stays on the bus
// (a master may not withdraw it) and later accesses wait behind it, each with its own time limit.
#ifndef TAGWIRE_REG_MASTER_HH
#define TAGWIRE_REG_MASTER_HH

#include <cstdint>

#include "Vnic_top.h"
#include "tagwire_sim.h"

namespace tagwire {

class RegMaster {
 public:
  explicit RegMaster(uint32_t timeoutCycles) : timeoutCycles_(timeoutCycles) {}

  struct Access {
    uint32_t card;
    uint32_t offset;
    uint32_t value;
    bool isRead;
  };

  // Appends a write or a read; false when too many wait.
  bool post(const Access &access);
  uint32_t room() const { return QUEUE_MAX - (tail_ - head_); }

  // Accesses wait or are on their way.
  bool isBusy() const { return head_ != tail_; }
  uint64_t lastDoneCycle() const { return lastDoneCycle_; }
  uint32_t readValue() const { return readValue_; }

  void setSilent(uint32_t card, bool silent) { silent_[card] = silent; }

  // Sets the AXI4-Lite inputs of this cycle for the card that the oldest access is for; true when
  // it was answered. `cards` has the pins of each card.
  bool step(Vnic_top *const *cards, uint64_t cycle);

  // Throws a Failure if the last step met one: an access that timed out (the later ones for that
  // card are dropped) or was refused (the later ones stay). To be called between two cycles.
  void raiseFailure() {
    if (failureCode_ != 0) throwFailure();
  }

 private:
  static constexpr uint32_t QUEUE_MAX = 4 * TW_POSTED_MAX;  // a power of two

  // The access that a card sees, and which of its channels the card has taken.
  struct Bus {
    bool active = false;
    bool abandoned = false;  // its caller was already told that it timed out
    bool addressTaken = false;
    bool dataTaken = false;
    Access access{};
  };

  static bool stepWrite(Bus &bus, Vnic_top &pins);
  static bool stepRead(Bus &bus, Vnic_top &pins);
  void remove(bool allOfCard);
  [[noreturn]] void throwFailure();

  const uint32_t timeoutCycles_;
  Access queue_[QUEUE_MAX];  // [head, tail), indices run freely
  uint32_t head_ = 0;
  uint32_t tail_ = 0;
  uint64_t startCycle_ = 0;  // of the oldest access
  bool started_ = false;
  uint64_t lastDoneCycle_ = 0;
  uint32_t readValue_ = 0;
  Bus bus_[TW_CARDS_MAX];
  bool silent_[TW_CARDS_MAX] = {};
  int32_t failureCode_ = 0;  // TW_ERR_
  const char *failureReason_ = nullptr;
  Access failureAccess_{};
};

}  // namespace tagwire
#endif
