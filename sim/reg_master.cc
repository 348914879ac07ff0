// SPDX-License-Identifier: BSD-2-Clause
#include "reg_master.hh"

#include <cstdio>

#include "fatal.hh"

namespace tagwire {

bool RegMaster::post(const Access &access) {
  if (room() == 0) return false;
  queue_[tail_++ % QUEUE_MAX] = access;
  return true;
}

bool RegMaster::step(Vnic_top *const *cards, uint64_t cycle) {
  const Access access = queue_[head_ % QUEUE_MAX];
  Vnic_top &pins = *cards[access.card];
  Bus &bus = bus_[access.card];
  if (!started_) {
    started_ = true;
    startCycle_ = cycle;
  }
  if (!bus.active && !silent_[access.card]) {
    bus = Bus{};
    bus.active = true;
    bus.access = access;
  }
  if (bus.active && (bus.access.isRead ? stepRead(bus, pins) : stepWrite(bus, pins))) {
    bus.active = false;
    if (bus.abandoned) return true;
    lastDoneCycle_ = cycle;
    remove(false);
    const uint32_t response = access.isRead ? pins.s_axil_rresp_o : pins.s_axil_bresp_o;
    if (access.isRead) readValue_ = pins.s_axil_rdata_o;
    if (response != 0) {
      failureCode_ = TW_ERR_BUS;
      failureReason_ = response == 2 ? "was answered with SLVERR" : "was answered with DECERR";
      failureAccess_ = access;
    }
    return true;
  }
  if (cycle - startCycle_ >= timeoutCycles_) {
    bus.abandoned = bus.active;
    remove(true);
    failureCode_ = TW_ERR_TIMEOUT;
    failureReason_ = "was not answered in time";
    failureAccess_ = access;
  }
  return false;
}

// Both return true in the cycle in which the card's answer is taken.
bool RegMaster::stepWrite(Bus &bus, Vnic_top &pins) {
  pins.s_axil_awaddr_i = uint16_t(bus.access.offset);
  pins.s_axil_wdata_i = bus.access.value;
  pins.s_axil_wstrb_i = 0xf;
  pins.s_axil_awvalid_i = !bus.addressTaken;
  pins.s_axil_wvalid_i = !bus.dataTaken;
  if (bus.addressTaken && bus.dataTaken) return pins.s_axil_bvalid_o;
  bus.addressTaken |= bool(pins.s_axil_awready_o);
  bus.dataTaken |= bool(pins.s_axil_wready_o);
  return false;
}

bool RegMaster::stepRead(Bus &bus, Vnic_top &pins) {
  pins.s_axil_araddr_i = uint16_t(bus.access.offset);
  pins.s_axil_arvalid_i = !bus.addressTaken;
  if (bus.addressTaken) return pins.s_axil_rvalid_o;
  bus.addressTaken = pins.s_axil_arready_o;
  return false;
}

// Takes the oldest access off the queue, or every one for its card.
void RegMaster::remove(bool allOfCard) {
  const uint32_t card = queue_[head_ % QUEUE_MAX].card;
  started_ = false;
  ++head_;
  if (!allOfCard) return;
  uint32_t kept = head_;
  for (uint32_t i = head_; i != tail_; ++i) {
    if (queue_[i % QUEUE_MAX].card != card) queue_[kept++ % QUEUE_MAX] = queue_[i % QUEUE_MAX];
  }
  tail_ = kept;
}

void RegMaster::throwFailure() {
  char text[128];
  snprintf(text, sizeof text, "card %u: %s of register 0x%04x %s", failureAccess_.card,
           failureAccess_.isRead ? "read" : "write", failureAccess_.offset, failureReason_);
  const int32_t code = failureCode_;
  failureCode_ = 0;
  throw Failure{code, text};
}

}  // namespace tagwire
