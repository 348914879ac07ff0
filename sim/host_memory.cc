// SPDX-License-Identifier: BSD-2-Clause
#include "host_memory.hh"

#include <cstdio>
#include <cstring>

#include "fatal.hh"

namespace tagwire {

namespace {

enum : uint8_t { OKAY = 0, SLVERR = 2, DECERR = 3 };
enum : uint32_t { PAUSE_AR = 1, PAUSE_R = 2, PAUSE_AW = 4, PAUSE_W = 8, PAUSE_B = 16 };
constexpr uint32_t PAUSE_ALL = 31;
constexpr uint32_t AXI_INCR = 1;
constexpr uint32_t OVERTAKE_MAX = 8;

[[noreturn]] void broken(const char *channel, const char *rule, uint64_t address) {
  char text[160];
  snprintf(text, sizeof text, "m_axi %s: %s (address 0x%llx)", channel, rule,
           static_cast<unsigned long long>(address));
  throw Failure{TW_ERR_MODEL, text};
}

}  // namespace

HostMemory::HostMemory(const tw_config &config, uint32_t card, uint8_t *arena, tw_shared *shared)
    : arena_(arena),
      shared_(shared),
      base_(config.host_base[card]),
      bytes_(config.host_bytes[card]),
      latencyCycles_(config.mem_latency_cycles),
      pauseThreshold_(config.mem_stall_permille * 4096 / 1000),
      random_(config.seed ^ (0x9e3779b9u * (card + 1))) {}

bool HostMemory::step(Vnic_top &pins, uint64_t cycle) {
  const uint32_t paused = silent_ ? PAUSE_ALL : pauseThreshold_ ? drawPauses() : 0;
  bool moved = stepReadData(pins, cycle, paused);
  moved |= stepReadAddress(pins, cycle, paused);
  moved |= stepWriteResponse(pins, paused);
  moved |= stepWriteAddress(pins, paused);
  moved |= stepWriteData(pins, paused);
  return moved;
}

uint32_t HostMemory::drawPauses() {
  const uint64_t bits = random_.next();
  uint32_t paused = 0;
  for (uint32_t channel = 0; channel < 5; ++channel) {
    if (((bits >> (12 * channel)) & 4095) < pauseThreshold_) paused |= 1u << channel;
  }
  return paused;
}

inline bool HostMemory::stepReadData(Vnic_top &pins, uint64_t cycle, uint32_t paused) {
  if (!readShown_) {
    const bool wanted = readHead_ != readTail_ && !(paused & PAUSE_R);
    if (wanted && readBeat_ == 0 && pauseThreshold_) letOvertake(cycle);
    if (!wanted || read(readHead_).readyCycle > cycle) {
      pins.m_axi_rvalid_i = 0;
      return false;
    }
    const Burst &burst = read(readHead_);
    if (burst.response == OKAY) {
      std::memcpy(pins.m_axi_rdata_i.data(), arena_ + burst.address + BEAT_BYTES * readBeat_,
                  BEAT_BYTES);
    } else {
      std::memset(pins.m_axi_rdata_i.data(), 0, BEAT_BYTES);
    }
    pins.m_axi_rid_i = burst.id;
    pins.m_axi_rresp_i = burst.response;
    pins.m_axi_rlast_i = readBeat_ + 1 == burst.beats;
    pins.m_axi_rvalid_i = 1;
    readShown_ = true;
  }
  if (!pins.m_axi_rready_o) return false;
  readShown_ = false;
  ++shared_->dma_read_beats;
  if (++readBeat_ == read(readHead_).beats) {
    readBeat_ = 0;
    ++readHead_;
  }
  return true;
}

// Sometimes answers a younger burst first. Bursts of one ID keep their order (AXI4 A5.3).
void HostMemory::letOvertake(uint64_t cycle) {
  const uint32_t waiting = readTail_ - readHead_;
  const uint32_t depth = uint32_t(random_.next() >> 32) % OVERTAKE_MAX;
  if (depth >= waiting || read(readHead_ + depth).readyCycle > cycle) return;
  const Burst chosen = read(readHead_ + depth);
  for (uint32_t i = 0; i < depth; ++i) {
    if (read(readHead_ + i).id == chosen.id) return;
  }
  for (uint32_t i = depth; i > 0; --i) read(readHead_ + i) = read(readHead_ + i - 1);
  read(readHead_) = chosen;
}

inline bool HostMemory::stepReadAddress(Vnic_top &pins, uint64_t cycle, uint32_t paused) {
  const bool ready = readTail_ - readHead_ < READS_MAX && !(paused & PAUSE_AR);
  pins.m_axi_arready_i = ready;
  const bool valid = pins.m_axi_arvalid_o;
  if (heldRead_.on || (valid && !ready)) {
    checkHeld(heldRead_, valid, ready, pins.m_axi_araddr_o, pins.m_axi_arlen_o, pins.m_axi_arid_o,
              "AR");
  }
  if (!valid || !ready) return false;
  Burst &burst = read(readTail_++);
  burst = accept(pins.m_axi_araddr_o, pins.m_axi_arlen_o, pins.m_axi_arsize_o, pins.m_axi_arburst_o,
                 pins.m_axi_arid_o, failReads_, "AR");
  burst.readyCycle = cycle + latencyCycles_;
  ++shared_->dma_reads;
  return true;
}

inline bool HostMemory::stepWriteResponse(Vnic_top &pins, uint32_t paused) {
  if (!responseShown_) {
    if (writeResponse_ == writeData_ || (paused & PAUSE_B)) {
      pins.m_axi_bvalid_i = 0;
      return false;
    }
    pins.m_axi_bid_i = write(writeResponse_).id;
    pins.m_axi_bresp_i = write(writeResponse_).response;
    pins.m_axi_bvalid_i = 1;
    responseShown_ = true;
  }
  if (!pins.m_axi_bready_o) return false;
  responseShown_ = false;
  ++writeResponse_;
  return true;
}

inline bool HostMemory::stepWriteAddress(Vnic_top &pins, uint32_t paused) {
  const bool ready = writeTail_ - writeResponse_ < WRITES_MAX && !(paused & PAUSE_AW);
  pins.m_axi_awready_i = ready;
  const bool valid = pins.m_axi_awvalid_o;
  if (heldWrite_.on || (valid && !ready)) {
    checkHeld(heldWrite_, valid, ready, pins.m_axi_awaddr_o, pins.m_axi_awlen_o, pins.m_axi_awid_o,
              "AW");
  }
  if (!valid || !ready) return false;
  write(writeTail_++) = accept(pins.m_axi_awaddr_o, pins.m_axi_awlen_o, pins.m_axi_awsize_o,
                               pins.m_axi_awburst_o, pins.m_axi_awid_o, failWrites_, "AW");
  ++shared_->dma_writes;
  return true;
}

inline bool HostMemory::stepWriteData(Vnic_top &pins, uint32_t paused) {
  const bool ready = writeData_ != writeTail_ && !(paused & PAUSE_W);
  pins.m_axi_wready_i = ready;
  const bool valid = pins.m_axi_wvalid_o;
  const auto *data = reinterpret_cast<const uint8_t *>(pins.m_axi_wdata_o.data());
  const auto *strobes = reinterpret_cast<const uint8_t *>(&pins.m_axi_wstrb_o);
  if (heldData_ && (!valid || std::memcmp(heldBeat_, data, BEAT_BYTES) != 0 ||
                    std::memcmp(heldBeat_ + BEAT_BYTES, strobes, STROBE_BYTES) != 0)) {
    broken("W", "a beat that waits was changed or withdrawn", 0);
  }
  heldData_ = valid && !ready;
  if (heldData_) {
    std::memcpy(heldBeat_, data, BEAT_BYTES);
    std::memcpy(heldBeat_ + BEAT_BYTES, strobes, STROBE_BYTES);
  }
  if (!valid || !ready) return false;

  const Burst &burst = write(writeData_);
  if (burst.response == OKAY) {
    uint8_t *to = arena_ + burst.address + BEAT_BYTES * writeBeat_;
    for (uint32_t i = 0; i < BEAT_BYTES; i += 8) {
      const uint8_t byteLanes = strobes[i / 8];
      if (byteLanes == 0xff) {
        std::memcpy(to + i, data + i, 8);
      } else if (byteLanes != 0) {
        for (uint32_t k = 0; k < 8; ++k) {
          if ((byteLanes >> k) & 1) to[i + k] = data[i + k];
        }
      }
    }
  }
  ++shared_->dma_write_beats;
  const bool last = ++writeBeat_ == burst.beats;
  if (last != bool(pins.m_axi_wlast_o)) broken("W", "wlast is not on the last beat", burst.address);
  if (last) {
    writeBeat_ = 0;
    ++writeData_;
  }
  return true;
}

// Checks a burst against AXI4 A3.4.1 and the card's own bounds, and looks its window up.
inline HostMemory::Burst HostMemory::accept(uint64_t address, uint32_t length, uint32_t size,
                                            uint32_t kind, uint32_t id, uint32_t &failures,
                                            const char *channel) {
  const uint64_t first = address & ~uint64_t(BEAT_BYTES - 1);
  const uint32_t beats = length + 1;
  const uint64_t bytes = uint64_t(beats) * BEAT_BYTES;
  if (kind != AXI_INCR) broken(channel, "burst kind is not INCR", address);
  if (1u << size != BEAT_BYTES) broken(channel, "beat size is not the width of the bus", address);
  if (beats > BURST_BEATS_MAX) broken(channel, "burst is longer than 16 beats", address);
  if ((first & 4095) + bytes > 4096) broken(channel, "burst crosses a 4 KiB boundary", address);

  uint8_t response = OKAY;
  if (first < base_ || first - base_ > bytes_ || bytes > bytes_ - (first - base_)) {
    response = DECERR;
  } else if (failures > 0) {
    --failures;
    response = SLVERR;
  }
  return Burst{first, 0, uint8_t(beats), uint8_t(id), response};
}

inline void HostMemory::checkHeld(Held &held, bool valid, bool ready, uint64_t address,
                                  uint32_t length, uint32_t id, const char *channel) {
  if (held.on &&
      (!valid || held.address != address || held.beats != length || held.id != id)) {
    broken(channel, "an address that waits was changed or withdrawn", held.address);
  }
  held.on = valid && !ready;
  held.address = address;
  held.beats = uint8_t(length);
  held.id = uint8_t(id);
}

}  // namespace tagwire
