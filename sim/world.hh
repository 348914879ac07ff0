// SPDX-License-Identifier: BSD-2-Clause
//
// The simulated world: owns the clock, the cards, their host memory and the wire, and knows when to
// come back to the host program. tagwire_sim.h says what each of these calls means.
#ifndef TAGWIRE_WORLD_HH
#define TAGWIRE_WORLD_HH

#include <cstdint>
#include <memory>
#include <string>

#include "host_memory.hh"
#include "nic_model.hh"
#include "probe.hh"
#include "reg_master.hh"
#include "tagwire_sim.h"
#include "tap.hh"
#include "trace.hh"
#include "wire.hh"

namespace tagwire {

// All calls throw a Failure. After one with TW_ERR_MODEL every call does.
class World {
 public:
  World(const tw_config &config, uint8_t *arena, tw_shared *shared, uint8_t *tap);
  ~World();

  int32_t run(uint32_t maxCycles);
  void readRegister(uint32_t card, uint32_t offset);
  void inject(uint32_t card, uint64_t arenaOffset, uint32_t lenBytes, uint32_t delayCycles);
  void setFault(uint32_t card, uint32_t fault, uint32_t arg);
  void openProbe(uint32_t card, tw_probe_record *records, uint32_t capacity);
  int32_t probeCount(uint32_t card) const;
  void openTrace(const char *path);
  void closeTrace();

 private:
  static constexpr uint32_t RESET_CYCLES = 8;
  // After a register write was answered, an interrupt line may still show the state before it.
  static constexpr uint32_t IRQ_SETTLE_CYCLES = 4;

  struct Card {
    Card(VerilatedContext &context, const char *name, const tw_config &config, uint32_t index,
         uint8_t *arena, tw_shared *shared)
        : nic(context, name), memory(config, index, arena, shared) {}
    NicModel nic;
    HostMemory memory;
  };
  class Running;

  void cycle(bool inReset = false);
  void exchange();
  [[noreturn]] void die(const std::string &text);
  uint32_t irq() const;
  void takePosted();
  void checkCard(uint32_t card) const;

  const tw_config config_;
  uint8_t *const arena_;
  tw_shared *const shared_;
  VerilatedContext context_;  // before the cards, which refer to it
  std::unique_ptr<Card> cards_[TW_CARDS_MAX];
  Vnic_top *pins_[TW_CARDS_MAX] = {};
  RegMaster registers_;
  Tap tap_;
  Wire wire_;
  Trace trace_;
  std::unique_ptr<Probe> probes_[TW_CARDS_MAX];
  bool probing_ = false;
  uint64_t cycle_ = 0;
  uint64_t lastMoveCycle_ = 0;
  uint32_t currentCard_ = 0;  // whose model is at work, for messages
  std::string death_;         // not empty: the model failed, with this text
};

}  // namespace tagwire
#endif
