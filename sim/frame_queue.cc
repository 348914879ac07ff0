// SPDX-License-Identifier: BSD-2-Clause
#include "frame_queue.hh"

#include "tagwire_sim.h"

namespace tagwire {

namespace {
constexpr uint32_t CHUNK_SLOTS = 64;
constexpr uint32_t FRAMES_MAX = 1u << 16;
}  // namespace

FrameQueue::FrameQueue() : ring_(CHUNK_SLOTS), mask_(CHUNK_SLOTS - 1) {}

uint8_t *FrameQueue::take() {
  if (free_.empty()) {
    if (chunks_.size() * CHUNK_SLOTS >= FRAMES_MAX) return nullptr;
    // Not zeroed on purpose: pages of slots that are never used are never touched.
    chunks_.emplace_back(new uint8_t[size_t(CHUNK_SLOTS) * TW_FRAME_MAX]);
    free_.reserve(chunks_.size() * CHUNK_SLOTS);
    uint8_t *const chunk = chunks_.back().get();
    for (uint32_t i = CHUNK_SLOTS; i-- > 0;) free_.push_back(chunk + size_t(i) * TW_FRAME_MAX);
  }
  uint8_t *const slot = free_.back();
  free_.pop_back();
  return slot;
}

void FrameQueue::insert(const Frame &frame) {
  if (tail_ - head_ == ring_.size()) grow();
  uint32_t at = tail_++;
  // Nearly always the last; only a frame that overtakes moves delayed ones up.
  for (; at != head_ && ring_[(at - 1) & mask_].arrivalCycle > frame.arrivalCycle; --at) {
    ring_[at & mask_] = ring_[(at - 1) & mask_];
  }
  ring_[at & mask_] = frame;
}

void FrameQueue::grow() {
  std::vector<Frame> larger(ring_.size() * 2);
  const uint32_t count = tail_ - head_;
  for (uint32_t i = 0; i < count; ++i) larger[i] = ring_[(head_ + i) & mask_];
  ring_.swap(larger);
  mask_ = uint32_t(ring_.size()) - 1;
  head_ = 0;
  tail_ = count;
}

}  // namespace tagwire
