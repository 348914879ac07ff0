// SPDX-License-Identifier: BSD-2-Clause
#include "probe.hh"

#ifdef TW_PROBE
#include "Vnic_top___024root.h"
#endif

namespace tagwire {

#ifdef TW_PROBE

// Stages are looked at from the last to the first: in one cycle a frame may leave one and the next
// frame enter it.
void Probe::look(Vnic_top &pins, uint64_t cycle) {
  const Vnic_top___024root &card = *pins.rootp;
#define TX(signal) card.nic_top__DOT__i_tx__DOT__##signal
#define ESP(signal) card.nic_top__DOT__i_tx__DOT__i_esp__DOT__##signal
  for (uint32_t n = TX(completed); n > 0 && !flying_.empty(); --n) complete(cycle);
  if (pins.m_axis_tx_tvalid_o && pins.m_axis_tx_tready_i && !sending_.empty()) {
    tw_probe_record &frame = flying(sending_.front());
    if (!onWire_) frame.wire_begin_cycle = cycle;
    onWire_ = !pins.m_axis_tx_tlast_o;
    if (!onWire_) take(sending_, &tw_probe_record::wire_end_cycle, cycle, nullptr);
  }
  if (ESP(tag_valid) && ESP(tag_ready)) {
    take(encrypted_, &tw_probe_record::icv_cycle, cycle, nullptr);
  }
  if (ESP(gcm_valid) && ESP(gcm_ready) && ESP(unused_last)) {
    take(keyed_, &tw_probe_record::crypto_end_cycle, cycle, &encrypted_);
  }
  if (ESP(cmd_valid) && ESP(cmd_ready)) {
    take(looked_, &tw_probe_record::crypto_begin_cycle, cycle, &keyed_);
  }
  if (TX(sa_rd_en_o) && fetched_ < descriptors_) {
    flying(fetched_).sa_cycle = cycle;
    looked_.push_back(fetched_);
  }
  if (TX(frame_valid) && TX(frame_ready) && fetched_ < descriptors_) {
    flying(fetched_++).fetch_end_cycle = cycle;
  }
  if (TX(cmd_valid) && TX(cmd_ready) && descriptors_ > completed_) {
    tw_probe_record &frame = flying(descriptors_ - 1);
    frame.fetch_begin_cycle = cycle;
    frame.len_bytes = TX(cmd_len);
    sending_.push_back(descriptors_ - 1);
  }
  if (TX(desc_valid) && TX(desc_ready)) {
    tw_probe_record frame = {};
    frame.card = card_;
    frame.descriptor_cycle = cycle;
    if (!asked_.empty()) {
      frame.asked_cycle = asked_.front();
      asked_.pop_front();
    }
    flying_.push_back(frame);
    ++descriptors_;
  }
  if (TX(desc_ar_valid_o) && TX(desc_ar_ready_i)) {
    asked_.insert(asked_.end(), TX(desc_ar_len_o) + 1u, cycle);  // a beat holds one
  }
#undef TX
#undef ESP
}
#else
void Probe::look(Vnic_top &, uint64_t) {}
#endif

// The oldest frame of a stage passes it.
void Probe::take(Frames &from, uint64_t tw_probe_record::*field, uint64_t cycle, Frames *to) {
  if (from.empty()) return;
  const uint64_t frame = from.front();
  from.pop_front();
  flying(frame).*field = cycle;
  if (to) to->push_back(frame);
}

void Probe::complete(uint64_t cycle) {
  flying_.front().completion_cycle = cycle;
  if (count_ < capacity_) records_[count_++] = flying_.front();
  for (Frames *stage : {&looked_, &keyed_, &encrypted_, &sending_}) {
    if (!stage->empty() && stage->front() == completed_) stage->pop_front();
  }
  flying_.pop_front();
  ++completed_;
  if (fetched_ < completed_) fetched_ = completed_;
}

}  // namespace tagwire
