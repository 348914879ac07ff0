// SPDX-License-Identifier: BSD-2-Clause
#include "tap.hh"

#include <cstring>

namespace tagwire {

namespace {

uint64_t recordBytes(uint32_t lenBytes) {
  return sizeof(tw_tap_record) + ((uint64_t(lenBytes) + 7) & ~uint64_t(7));
}

// Writes a record and its frame, padded with zeros to 8 bytes.
void put(uint8_t *to, const tw_tap_record &record, const uint8_t *frame) {
  std::memset(to + recordBytes(record.len_bytes) - 8, 0, 8);
  std::memcpy(to, &record, sizeof record);
  std::memcpy(to + sizeof record, frame, record.len_bytes);
}

}  // namespace

void Tap::append(const tw_tap_record &record, const uint8_t *frame) {
  if (bytes_ == 0) return;
  const uint64_t bytes = recordBytes(record.len_bytes);
  if (waiting_.empty() && bytes_ - shared_->tap_used >= bytes) {
    put(buffer_ + shared_->tap_used, record, frame);
    shared_->tap_used += uint32_t(bytes);
  } else {
    waiting_.resize(waiting_.size() + bytes);
    put(waiting_.data() + waiting_.size() - bytes, record, frame);
  }
}

void Tap::refill() {
  while (waitingRead_ < waiting_.size()) {
    tw_tap_record record;
    std::memcpy(&record, waiting_.data() + waitingRead_, sizeof record);
    const uint64_t bytes = recordBytes(record.len_bytes);
    if (bytes_ - shared_->tap_used < bytes) return;
    std::memcpy(buffer_ + shared_->tap_used, waiting_.data() + waitingRead_, bytes);
    shared_->tap_used += uint32_t(bytes);
    waitingRead_ += bytes;
  }
  waiting_.clear();
  waitingRead_ = 0;
}

}  // namespace tagwire
