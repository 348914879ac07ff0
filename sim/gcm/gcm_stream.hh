// SPDX-License-Identifier: BSD-2-Clause
//
// Streams one batch of messages through the engine: a source or sink per channel.
#ifndef TAGWIRE_GCM_STREAM_HH
#define TAGWIRE_GCM_STREAM_HH

#include <cstdint>
#include <deque>
#include <vector>

#include "gcm_model.hh"
#include "random.hh"
#include "tagwire_gcm.h"

namespace tagwire {

class GcmStream {
 public:
  GcmStream(GcmModel &model, tw_gcm_msg *msgs, uint32_t n, uint8_t *arena,
            const tw_gcm_stalls &stalls);
  ~GcmStream();

  // Until the last message has its result. Throws Failure.
  void run();

 private:
  bool stalled(uint16_t permille);
  void driveCommand();
  void driveInput();
  void driveExpected();
  void takeOutput();
  void takeTag();
  void nextInputMessage();
  void nextExpectedMessage();
  void nextOutputMessage();

  GcmModel &model_;
  Vnic_gcm &pins_;
  tw_gcm_msg *msgs_;
  const uint32_t n_;
  uint8_t *arena_;
  const tw_gcm_stalls stalls_;
  Random random_;

  // Each channel walks through the messages on its own.
  uint32_t command_ = 0, input_ = 0, expected_ = 0, output_ = 0, tag_ = 0;
  uint32_t inputAad_ = 0, inputText_ = 0;  // bytes offered
  uint32_t outputText_ = 0;                // bytes taken
  // An offer, once made, stands with its data until the handshake.
  bool commandUp_ = false, inputUp_ = false, expectedUp_ = false;
  // Plaintext whose verdict is not known yet, one buffer a decrypt message, oldest first.
  std::deque<std::vector<uint8_t>> held_;
  bool moved_ = false;  // some handshake in this cycle
};

}  // namespace tagwire
#endif
