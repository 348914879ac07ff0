// SPDX-License-Identifier: BSD-2-Clause
//
// Every cycle: read the outputs, which depend on registers alone, set the inputs, clock once. So a
// handshake is known before the clock edge at which it happens.
#include "gcm_stream.hh"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "fatal.hh"

namespace tagwire {

namespace {

constexpr uint32_t BEAT = sizeof std::declval<Vnic_gcm &>().in_data_i;  // bytes: 16 a lane
constexpr uint32_t TAG = 16;                // bytes
constexpr uint64_t PATIENCE = 100000;       // cycles without a handshake

// Not left out by the compiler although nobody reads the memory again.
void wipe(std::vector<uint8_t> &bytes) {
  std::fill(bytes.begin(), bytes.end(), uint8_t(0));
  asm volatile("" : : "r"(bytes.data()) : "memory");
}

}  // namespace

GcmStream::GcmStream(GcmModel &model, tw_gcm_msg *msgs, uint32_t n, uint8_t *arena,
                     const tw_gcm_stalls &stalls)
    : model_(model), pins_(model.pins()), msgs_(msgs), n_(n), arena_(arena), stalls_(stalls),
      random_(stalls.seed) {
  nextInputMessage();
  nextExpectedMessage();
  nextOutputMessage();
}

GcmStream::~GcmStream() {
  for (auto &bytes : held_) wipe(bytes);
  pins_.cmd_valid_i = pins_.in_valid_i = pins_.exp_valid_i = 0;
  pins_.out_ready_i = pins_.tag_ready_i = 0;
}

void GcmStream::run() {
  uint64_t lastMove = model_.cycle();
  while (tag_ < n_) {
    moved_ = false;
    driveCommand();
    driveInput();
    driveExpected();
    takeOutput();
    takeTag();
    model_.clock();
    if (moved_) lastMove = model_.cycle();
    if (model_.cycle() - lastMove > PATIENCE) {
      throw Failure{TW_GCM_ERR_MODEL, "no progress at message " + std::to_string(tag_)};
    }
  }
}

bool GcmStream::stalled(uint16_t permille) {
  return permille != 0 && (random_.next() >> 32) % 1000 < permille;
}

void GcmStream::driveCommand() {
  if (!commandUp_ && command_ < n_ && !stalled(stalls_.cmd_permille)) {
    // nic_pkg::gcm_cmd_t: {decrypt, key256, key, iv, aad_len, text_len}
    const tw_gcm_msg &msg = msgs_[command_];
    uint32_t *const cmd = &pins_.cmd_i[0];
    cmd[0] = msg.text_bytes | msg.aad_bytes << 16;
    memcpy(&cmd[1], arena_ + msg.iv_offset, 12);
    memset(&cmd[4], 0, 32);
    memcpy(&cmd[4], arena_ + msg.key_offset, msg.key_bytes);
    cmd[12] = uint32_t(msg.key_bytes == 32) | uint32_t(msg.decrypt) << 1;
    commandUp_ = true;
  }
  pins_.cmd_valid_i = commandUp_;
  if (!commandUp_ || !pins_.cmd_ready_o) return;
  moved_ = true;
  commandUp_ = false;
  msgs_[command_].start_cycle = msgs_[command_].text_cycle = model_.cycle();
  ++command_;
}

void GcmStream::driveInput() {
  // A beat may not come before its command.
  if (!inputUp_ && input_ < command_ && !stalled(stalls_.in_permille)) {
    const tw_gcm_msg &msg = msgs_[input_];
    const bool aad = inputAad_ < msg.aad_bytes;
    const uint32_t offset = aad ? msg.aad_offset + inputAad_ : msg.text_offset + inputText_;
    const uint32_t left = aad ? msg.aad_bytes - inputAad_ : msg.text_bytes - inputText_;
    const uint32_t bytes = std::min(left, BEAT);
    // The engine must ignore what lies past the end.
    if (bytes < BEAT) memset(&pins_.in_data_i[0], 0xa5, BEAT);
    memcpy(&pins_.in_data_i[0], arena_ + offset, bytes);
    (aad ? inputAad_ : inputText_) += bytes;
    inputUp_ = true;
  }
  pins_.in_valid_i = inputUp_;
  if (!inputUp_ || !pins_.in_ready_o) return;
  moved_ = true;
  inputUp_ = false;
  const tw_gcm_msg &msg = msgs_[input_];
  if (inputAad_ == msg.aad_bytes && inputText_ == msg.text_bytes) {
    ++input_;
    nextInputMessage();
  }
}

void GcmStream::driveExpected() {
  if (!expectedUp_ && expected_ < command_ && !stalled(stalls_.exp_permille)) {
    memcpy(&pins_.exp_tag_i[0], arena_ + msgs_[expected_].tag_offset, TAG);
    expectedUp_ = true;
  }
  pins_.exp_valid_i = expectedUp_;
  if (!expectedUp_ || !pins_.exp_ready_o) return;
  moved_ = true;
  expectedUp_ = false;
  ++expected_;
  nextExpectedMessage();
}

void GcmStream::takeOutput() {
  const bool ready = !stalled(stalls_.out_permille);
  pins_.out_ready_i = ready;
  if (!ready || !pins_.out_valid_o) return;
  moved_ = true;
  if (output_ >= command_) throw Failure{TW_GCM_ERR_MODEL, "output beat without a message"};
  tw_gcm_msg &msg = msgs_[output_];
  if (msg.decrypt && outputText_ == 0) held_.emplace_back(msg.text_bytes);
  uint8_t *const text = msg.decrypt ? held_.back().data() : arena_ + msg.out_offset;
  const uint32_t bytes = std::min(msg.text_bytes - outputText_, BEAT);
  const uint8_t *const beat = reinterpret_cast<const uint8_t *>(&pins_.out_data_o[0]);
  memcpy(text + outputText_, beat, bytes);
  for (uint32_t i = bytes; i < BEAT; ++i) {
    if (beat[i] != 0) throw Failure{TW_GCM_ERR_MODEL, "output beat not zero past its end"};
  }
  outputText_ += bytes;
  const bool last = outputText_ == msg.text_bytes;
  if (last != bool(pins_.out_last_o)) throw Failure{TW_GCM_ERR_MODEL, "out_last_o is wrong"};
  if (last) {
    msg.text_cycle = model_.cycle();
    ++output_;
    nextOutputMessage();
  }
}

void GcmStream::takeTag() {
  // Not before the text of its message has come out.
  const bool ready = tag_ < output_ && !stalled(stalls_.tag_permille);
  pins_.tag_ready_i = ready;
  if (!ready || !pins_.tag_valid_o) return;
  moved_ = true;
  if (tag_ >= command_) throw Failure{TW_GCM_ERR_MODEL, "tag without a message"};
  tw_gcm_msg &msg = msgs_[tag_];
  msg.finish_cycle = model_.cycle();
  msg.status = pins_.tag_ok_o ? TW_GCM_STATUS_OK : TW_GCM_STATUS_REFUSED;
  if (!msg.decrypt) {
    if (!pins_.tag_ok_o) throw Failure{TW_GCM_ERR_MODEL, "encryption refused"};
    memcpy(arena_ + msg.tag_offset, &pins_.tag_o[0], TAG);
  } else if (msg.text_bytes > 0) {
    if (pins_.tag_ok_o) memcpy(arena_ + msg.out_offset, held_.front().data(), msg.text_bytes);
    wipe(held_.front());
    held_.pop_front();
  }
  ++tag_;
}

void GcmStream::nextInputMessage() {
  inputAad_ = inputText_ = 0;
  while (input_ < n_ && msgs_[input_].aad_bytes == 0 && msgs_[input_].text_bytes == 0) ++input_;
}

void GcmStream::nextExpectedMessage() {
  while (expected_ < n_ && !msgs_[expected_].decrypt) ++expected_;
}

void GcmStream::nextOutputMessage() {
  outputText_ = 0;
  while (output_ < n_ && msgs_[output_].text_bytes == 0) ++output_;
}

}  // namespace tagwire
