// SPDX-License-Identifier: BSD-2-Clause
//
// One host of the bench: its rings in the arena, filled once, and its card. Descriptors belong to
// ring slots and never change, so that a packet costs the host a patched sequence number, a look at
// a completion, and its share of a doorbell.
#ifndef TAGWIRE_BENCH_HOST_HH
#define TAGWIRE_BENCH_HOST_HH

#include <cstdint>

#include "tagwire_card.h"
#include "tagwire_sim.h"

struct BenchHost {
  static constexpr uint32_t BUFFER_BYTES = 9216;

  uint32_t card;
  uint8_t *arena;
  tw_shared *shared;
  uint32_t ringLog2 = 8;
  // Slots take turns on as many; odd ones have AES-256.
  uint32_t sas = 1;
  // Where frames begin in their buffers.
  uint32_t offsetBytes = 0;
  // The card makes and checks the sum of UDP.
  bool checksums = false;
  uint16_t txTail = 0;
  uint16_t rxTail = 0;
  uint16_t txcHead = 0;
  uint16_t rxcHead = 0;

  uint32_t slots() const { return 1u << ringLog2; }
  // Rings of 32-byte entries at most, then a buffer per slot for sending and one for receiving.
  uint64_t ringBytes() const { return 32 * uint64_t(slots()); }
  uint64_t bytes() const { return 4 * ringBytes() + 2 * uint64_t(slots()) * BUFFER_BYTES; }

  void post(uint32_t offset, uint32_t value) {
    shared->posted[shared->posted_count++] = tw_posted{card, offset, value, 0};
  }

  uint64_t ring(uint32_t index) const { return card * bytes() + index * ringBytes(); }
  uint64_t txBuffer(uint32_t slot) const {
    return ring(4) + uint64_t(slot) * BUFFER_BYTES + offsetBytes;
  }
  uint64_t rxBuffer(uint32_t slot) const { return txBuffer(slots() + slot); }

  // Rings, descriptors and card; an interrupt for every `batch` received packets.
  void start(uint32_t batch);
  void installTxSa();
  void installRxSa();
  // Fills every send buffer with the frame of an ESP payload of at least 10 bytes and its
  // descriptor. Returns the frame's length without ICV.
  uint32_t fillFrames(uint32_t espPayloadBytes);

  // Sends `packets` more, each with its own sequence number and IV.
  void send(uint32_t packets);
  // Takes all completions, gives the buffers back and tells the card. Returns how many; exits with
  // a message if one is not a packet that the card encrypted or decrypted well.
  uint32_t collectSent();
  uint32_t collectReceived();
  // Whether completion `index` of the receive ring is there and good; exits if it is not good.
  bool isReceived(uint16_t index) const;

 private:
  bool isDone(uint32_t ringIndex, uint16_t index) const;
  uint32_t collect(uint32_t ringIndex, uint16_t &head, uint32_t headRegister);
};

#endif
