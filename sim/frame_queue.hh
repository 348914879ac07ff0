// SPDX-License-Identifier: BSD-2-Clause
//
// Frames on their way to one receiver, ordered by arrival, then by sending.
//
// A frame lies in a slot of TW_FRAME_MAX bytes; slots come from a pool that grows in chunks to the
// most frames ever in flight at once and is then reused, last freed first (it is still in the
// cache), so a frame costs no allocation.
#ifndef TAGWIRE_FRAME_QUEUE_HH
#define TAGWIRE_FRAME_QUEUE_HH

#include <cstdint>
#include <memory>
#include <vector>

namespace tagwire {

struct Frame {
  uint64_t arrivalCycle;
  uint8_t *bytes;
  uint32_t lenBytes;
};

class FrameQueue {
 public:
  FrameQueue();

  // A slot of TW_FRAME_MAX bytes, to be given to insert() or release(); null when 65536 are in use.
  uint8_t *take();
  void release(uint8_t *slot) { free_.push_back(slot); }

  void insert(const Frame &frame);
  bool isEmpty() const { return head_ == tail_; }
  const Frame &first() const { return ring_[head_ & mask_]; }
  // Removes the first frame and frees its slot.
  void pop() { release(ring_[head_++ & mask_].bytes); }

 private:
  void grow();

  std::vector<Frame> ring_;  // a power of two; slots [head, tail) & mask in order of arrival
  uint32_t mask_;
  uint32_t head_ = 0;
  uint32_t tail_ = 0;
  std::vector<std::unique_ptr<uint8_t[]>> chunks_;
  std::vector<uint8_t *> free_;
};

}  // namespace tagwire
#endif
