// SPDX-License-Identifier: BSD-2-Clause
//
// One cycle, in order. The outputs of a card come from registers alone, so what its pins show after
// a rising edge holds until the next one. (1) Each card's outputs are looked at, and with them and
// the state of the world all its inputs of this cycle are set: the wire takes a beat that is being
// sent and shows the next beat to be received; host memory takes addresses and write data and shows
// read data and responses; the register master shows the access that is due. A transfer happens
// where valid and ready are both high now, and the world's side of it is done at once. (2) The
// falling edge, which changes nothing in a card: Verilator must see it to see the next rise, and in
// a waveform the inputs change here. (3) The rising edge: each card is evaluated once, with all
// inputs in place, and its side of the same transfers happens. Then the cycle counter moves on. So
// a frame whose last beat leaves in cycle t, with a wire latency of L, is received from cycle t + L
// on; a read whose address is taken in cycle t, with a memory latency of L, shows its first beat in
// cycle t + L, at least t + 1.
#include "world.hh"

#include <chrono>

#include "coverage.hh"
#include "fatal.hh"

namespace tagwire {

namespace {

[[noreturn]] void badArgument(const std::string &text) { throw Failure{TW_ERR_ARG, text}; }

void checkConfig(const tw_config &config) {
  constexpr uint32_t MILLION = 1000000;
  if (config.card_count < 1 || config.card_count > TW_CARDS_MAX) {
    badArgument("card_count must be 1 or 2");
  }
  for (uint32_t card = 0; card < config.card_count; ++card) {
    if (config.host_base[card] > config.arena_bytes ||
        config.host_bytes[card] > config.arena_bytes - config.host_base[card]) {
      badArgument("the memory of host " + std::to_string(card) + " lies outside the arena");
    }
  }
  if (config.mem_stall_permille > 999) badArgument("mem_stall_permille must be at most 999");
  if (config.loss_ppm > MILLION || config.flip_ppm > MILLION || config.reorder_ppm > MILLION) {
    badArgument("a chance per million must be at most 1000000");
  }
  if (config.reorder_ppm > 0 && config.reorder_cycles == 0) {
    badArgument("reorder_cycles must be at least 1 when frames are reordered");
  }
  if (config.reg_timeout_cycles == 0) badArgument("reg_timeout_cycles must be at least 1");
  if (config.tap_bytes > UINT32_MAX ||
      (config.tap_bytes > 0 && config.tap_bytes < Tap::RECORD_BYTES_MAX)) {
    badArgument("tap_bytes must be 0, or hold a frame of TW_FRAME_MAX, and fit 32 bits");
  }
}

const char *const CARD_NAMES[TW_CARDS_MAX] = {"card0", "card1"};

}  // namespace

// Around every call that runs the clock: takes the wall time, publishes the state, and turns a
// failing model into a world that stays dead, with the cycle in its text.
class World::Running {
 public:
  explicit Running(World &world) : world_(world), start_(std::chrono::steady_clock::now()) {
    if (!world.death_.empty()) throw Failure{TW_ERR_MODEL, world.death_};
    Verilated::threadContextp(&world.context_);
    world.tap_.refill();
  }

  ~Running() {
    tw_shared &shared = *world_.shared_;
    const auto spent = std::chrono::steady_clock::now() - start_;
    shared.run_ns += std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count();
    shared.cycle = world_.cycle_;
    shared.irq = world_.irq();
    shared.idle_cycles = world_.cycle_ - world_.lastMoveCycle_;
  }

 private:
  World &world_;
  const std::chrono::steady_clock::time_point start_;
};

World::World(const tw_config &config, uint8_t *arena, tw_shared *shared, uint8_t *tap)
    : config_((checkConfig(config), config)),
      arena_(arena),
      shared_(shared),
      registers_(config.reg_timeout_cycles),
      tap_(tap, config.tap_bytes, shared),
      wire_(config_, shared, tap_) {
  // Else a context of Verilator 5.006 starts a thread per core that only waits, and its end may
  // wait for such a thread for ever.
  context_.threads(1);
  context_.randReset(2);
  context_.randSeed(int(config.seed >> 1) + 1);  // 0 would ask the operating system
#if VM_TRACE_FST
  context_.traceEverOn(true);
#endif
  for (uint32_t card = 0; card < config_.card_count; ++card) {
    cards_[card] =
        std::make_unique<Card>(context_, CARD_NAMES[card], config_, card, arena, shared);
    pins_[card] = &cards_[card]->nic.pins;
  }
  Running running(*this);
  for (uint32_t i = 0; i < 2 * RESET_CYCLES; ++i) {
    const bool inReset = i < RESET_CYCLES;
    for (uint32_t card = 0; card < config_.card_count; ++card) {
      cards_[card]->nic.setReset(inReset);
    }
    cycle(inReset);
  }
}

World::~World() {
  // The models take their names out of the thread's context, which may be another world's.
  Verilated::threadContextp(&context_);
  for (uint32_t card = 0; card < config_.card_count; ++card) keepCoverage(*pins_[card]);
}

void World::cycle(bool inReset) try {
  // In reset only the clock runs: registers may start random, so the pins mean nothing yet.
  if (!inReset) exchange();
  for (uint32_t card = 0; card < config_.card_count; ++card) cards_[card]->nic.negedge();
  if (probing_) {
    for (uint32_t card = 0; card < config_.card_count; ++card) {
      if (probes_[card]) probes_[card]->look(*pins_[card], cycle_);
    }
  }
  trace_.dump(2 * cycle_);
  context_.time(2 * cycle_ + 1);  // as in the waveform; messages show it in brackets
  for (uint32_t card = 0; card < config_.card_count; ++card) {
    currentCard_ = card;
    cards_[card]->nic.posedge();
  }
  trace_.dump(2 * cycle_ + 1);
  ++cycle_;
} catch (const Failure &failure) {
  die(failure.text);
} catch (const std::exception &failure) {
  die(failure.what());
}

// Looks at the cards' outputs and sets all their inputs.
void World::exchange() {
  bool moved = false;
  for (uint32_t card = 0; card < config_.card_count; ++card) {
    currentCard_ = card;
    moved |= wire_.send(card, *pins_[card], cycle_);
    moved |= cards_[card]->memory.step(*pins_[card], cycle_);
  }
  for (uint32_t card = 0; card < config_.card_count; ++card) {
    moved |= wire_.receive(card, *pins_[card], cycle_);
  }
  if (registers_.isBusy()) moved |= registers_.step(pins_, cycle_);
  if (moved) lastMoveCycle_ = cycle_;
}

// Half a cycle was run: nothing after it would mean anything.
void World::die(const std::string &text) {
  death_ = "cycle " + std::to_string(cycle_) + ", " + CARD_NAMES[currentCard_] + ": " + text;
  throw Failure{TW_ERR_MODEL, death_};
}

uint32_t World::irq() const {
  uint32_t lines = 0;
  for (uint32_t card = 0; card < config_.card_count; ++card) {
    lines |= uint32_t(pins_[card]->irq_o) << card;
  }
  return lines;
}

int32_t World::run(uint32_t maxCycles) {
  Running running(*this);
  takePosted();
  uint32_t left = maxCycles;
  for (;;) {
    if (tap_.isFull()) return TW_STOP_TAP;
    // Delivering register writes is not part of the budget, and no reason to stop counts before.
    if (!registers_.isBusy()) {
      const bool settled = cycle_ >= registers_.lastDoneCycle() + IRQ_SETTLE_CYCLES;
      if (settled && irq() != 0) return TW_STOP_IRQ;
      if (left == 0) return TW_STOP_BUDGET;
      --left;
    }
    cycle();
    registers_.raiseFailure();
  }
}

void World::readRegister(uint32_t card, uint32_t offset) {
  checkCard(card);
  Running running(*this);
  takePosted();
  if (!registers_.post({card, offset, 0, true})) badArgument("too many register accesses wait");
  while (registers_.isBusy()) {
    cycle();
    registers_.raiseFailure();
  }
  shared_->reg_value = registers_.readValue();
}

void World::takePosted() {
  const uint32_t count = shared_->posted_count;
  if (count > TW_POSTED_MAX) badArgument("posted_count is larger than TW_POSTED_MAX");
  if (count > registers_.room()) badArgument("too many register writes wait");
  for (uint32_t i = 0; i < count; ++i) checkCard(shared_->posted[i].card);
  shared_->posted_count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const tw_posted &write = shared_->posted[i];
    registers_.post({write.card, write.offset, write.value, false});
  }
}

void World::checkCard(uint32_t card) const {
  if (card >= config_.card_count) badArgument("there is no card " + std::to_string(card));
}

void World::inject(uint32_t card, uint64_t arenaOffset, uint32_t lenBytes, uint32_t delayCycles) {
  checkCard(card);
  if (lenBytes == 0 || lenBytes > TW_FRAME_MAX) badArgument("len_bytes must be 1 .. TW_FRAME_MAX");
  if (arenaOffset > config_.arena_bytes || lenBytes > config_.arena_bytes - arenaOffset) {
    badArgument("the frame lies outside the arena");
  }
  Running running(*this);
  wire_.inject(card, arena_ + arenaOffset, lenBytes, cycle_, delayCycles);
}

void World::setFault(uint32_t card, uint32_t fault, uint32_t arg) {
  checkCard(card);
  HostMemory &memory = cards_[card]->memory;
  switch (fault) {
    case TW_FAULT_MEM_SILENT: memory.setSilent(arg != 0); break;
    case TW_FAULT_REG_SILENT: registers_.setSilent(card, arg != 0); break;
    case TW_FAULT_READ_ERROR: memory.failReads(arg); break;
    case TW_FAULT_WRITE_ERROR: memory.failWrites(arg); break;
    default: badArgument("there is no fault " + std::to_string(fault));
  }
}

void World::openProbe(uint32_t card, tw_probe_record *records, uint32_t capacity) {
  checkCard(card);
#ifndef TW_PROBE
  throw Failure{TW_ERR_UNSUPPORTED, "this library was built without the probe"};
#endif
  probes_[card].reset(records ? new Probe(card, records, capacity) : nullptr);
  probing_ = probes_[0] || probes_[1];
}

int32_t World::probeCount(uint32_t card) const {
  checkCard(card);
  return probes_[card] ? int32_t(probes_[card]->count()) : 0;
}

void World::openTrace(const char *path) {
  if (!path || !path[0]) badArgument("path is empty");
  Running running(*this);
  trace_.open(path, pins_, config_.card_count);
}

void World::closeTrace() {
  trace_.close();
}

}  // namespace tagwire
