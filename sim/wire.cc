// SPDX-License-Identifier: BSD-2-Clause
#include "wire.hh"

#include <algorithm>
#include <cstring>

#include "fatal.hh"
#include "wire_fate.hh"

namespace tagwire {

namespace {

// The low bytes of a beat, 1 .. 64.
constexpr uint64_t keepOf(uint32_t bytes) { return ~uint64_t(0) >> (64 - bytes); }

}  // namespace

Wire::Wire(const tw_config &config, tw_shared *shared, Tap &tap)
    : config_(config), shared_(shared), tap_(tap) {}

bool Wire::send(uint32_t card, Vnic_top &pins, uint64_t cycle) {
  pins.m_axis_tx_tready_i = 1;
  Sender &sender = senders_[card];
  if (!pins.m_axis_tx_tvalid_o) {
    // A MAC cannot pause inside a frame: the card must have all of it before it begins.
    if (sender.slot) throw Failure{TW_ERR_MODEL, "m_axis_tx: gap inside a frame"};
    return false;
  }
  // Slots belong to the receiving side's queue; with one card, to the card's own.
  if (!sender.slot) sender.slot = receivers_[config_.card_count - 1 - card].queue.take();
  if (!sender.slot) throw Failure{TW_ERR_MODEL, "too many frames wait on the wire"};
  const uint64_t keep = pins.m_axis_tx_tkeep_o;
  const bool last = pins.m_axis_tx_tlast_o;
  // Bytes from lane 0 on; nearly always all of them.
  const uint32_t bytes = keep == keepOf(BEAT_BYTES) ? BEAT_BYTES : uint32_t(__builtin_ctzll(~keep));
  if (bytes == 0 || keep != keepOf(bytes) || (!last && bytes != BEAT_BYTES)) {
    throw Failure{TW_ERR_MODEL, "m_axis_tx: tkeep has a hole, or is not full before tlast"};
  }
  if (sender.lenBytes + BEAT_BYTES > TW_FRAME_MAX) {
    throw Failure{TW_ERR_MODEL, "m_axis_tx: frame longer than TW_FRAME_MAX"};
  }
  static_assert(TW_FRAME_MAX % BEAT_BYTES == 0, "a slot holds whole beats");
  std::memcpy(sender.slot + sender.lenBytes, pins.m_axis_tx_tdata_o.data(), BEAT_BYTES);
  sender.lenBytes += bytes;
  if (last) {
    // What lies past the end is zero, whoever looks.
    std::memset(sender.slot + sender.lenBytes, 0, BEAT_BYTES - bytes);
    finish(card, cycle);
  }
  return true;
}

// The last beat of a frame left `card`: its fate is drawn and it is put on its way.
void Wire::finish(uint32_t card, uint64_t cycle) {
  Sender &sender = senders_[card];
  Receiver &receiver = receivers_[config_.card_count - 1 - card];
  const WireFate fate = wireFate(config_, card, sender.frames++, sender.lenBytes);
  const bool lost = fate.flags & TW_TAP_LOST;
  const bool arrives = config_.card_count > 1 && !lost;

  uint64_t arrival = 0;
  if (arrives) {
    // The receiver's line may still be busy with a longer frame sent just before.
    arrival = std::max(cycle + config_.wire_latency_cycles, receiver.lineFree);
    const uint32_t beats = (sender.lenBytes + BEAT_BYTES - 1) / BEAT_BYTES;
    if (fate.flags & TW_TAP_REORDERED) {
      arrival += fate.delayCycles;
    } else {
      receiver.lineFree = arrival + beats;
    }
  }
  tap_.append({cycle, arrival, card, sender.lenBytes, fate.flags, fate.flipBit}, sender.slot);
  ++shared_->wire_frames;
  shared_->wire_lost += lost;
  shared_->wire_flipped += (fate.flags & TW_TAP_FLIPPED) != 0;
  shared_->wire_reordered += (fate.flags & TW_TAP_REORDERED) != 0;

  if (arrives) {
    if (fate.flags & TW_TAP_FLIPPED) sender.slot[fate.flipBit / 8] ^= 1u << (fate.flipBit % 8);
    receiver.queue.insert({arrival, sender.slot, sender.lenBytes});
  } else {
    receiver.queue.release(sender.slot);
  }
  sender.slot = nullptr;
  sender.lenBytes = 0;
}

bool Wire::receive(uint32_t card, Vnic_top &pins, uint64_t cycle) {
  Receiver &receiver = receivers_[card];
  if (receiver.queue.isEmpty()) {
    pins.s_axis_rx_tvalid_i = 0;
    return false;
  }
  const Frame &frame = receiver.queue.first();
  if (receiver.sentBytes == 0 && frame.arrivalCycle > cycle) {
    pins.s_axis_rx_tvalid_i = 0;
    return true;
  }
  // A frame once begun goes on to its end, even when a delayed one becomes due meanwhile.
  const uint32_t left = frame.lenBytes - receiver.sentBytes;
  const bool last = left <= BEAT_BYTES;
  std::memcpy(pins.s_axis_rx_tdata_i.data(), frame.bytes + receiver.sentBytes, BEAT_BYTES);
  pins.s_axis_rx_tkeep_i = Keep(last ? keepOf(left) : keepOf(BEAT_BYTES));
  pins.s_axis_rx_tlast_i = last;
  pins.s_axis_rx_tvalid_i = 1;
  if (!pins.s_axis_rx_tready_o) return true;
  receiver.sentBytes += BEAT_BYTES;
  if (last) {
    receiver.sentBytes = 0;
    receiver.queue.pop();
  }
  return true;
}

void Wire::inject(uint32_t card, const uint8_t *bytes, uint32_t lenBytes, uint64_t cycle,
                  uint32_t delayCycles) {
  Receiver &receiver = receivers_[card];
  uint8_t *const slot = receiver.queue.take();
  if (!slot) throw Failure{TW_ERR_ARG, "too many frames wait on the wire"};
  const uint32_t beats = (lenBytes + BEAT_BYTES - 1) / BEAT_BYTES;
  std::memcpy(slot, bytes, lenBytes);
  std::memset(slot + lenBytes, 0, beats * BEAT_BYTES - lenBytes);
  const uint64_t arrival = std::max(cycle + delayCycles, receiver.injectFree);
  receiver.injectFree = arrival + beats;
  tap_.append({cycle, arrival, card, lenBytes, TW_TAP_INJECTED, 0}, slot);
  receiver.queue.insert({arrival, slot, lenBytes});
}

}  // namespace tagwire
