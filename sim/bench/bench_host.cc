// SPDX-License-Identifier: BSD-2-Clause
#include "bench_host.hh"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum : uint32_t { TX, RX, TXC, RXC };
constexpr uint32_t RING_REGISTERS[4] = {TWP_RING_TX, TWP_RING_RX, TWP_RING_TXC, TWP_RING_RXC};
constexpr uint32_t SPI = 0x1001;
constexpr uint32_t DST = 0x0a000002;
constexpr uint32_t ESP_AT = 34;  // Ethernet 14, IPv4 20
constexpr uint32_t TEXT_AT = ESP_AT + 16;
constexpr uint32_t ICV_BYTES = 16;
// A packet left alone is reported after this many cycles.
constexpr uint32_t ITR_CYCLES = 20000;

void installKey(BenchHost &host, uint32_t window, uint32_t sa) {
  host.post(window + TWP_SA_CTRL, TWP_SA_VALID | (sa % 2 ? TWP_SA_KEY256 : 0));
  host.post(window + TWP_SA_SALT, 0xddccbbaa + sa);
  for (uint32_t i = 0; i < 8; ++i) {
    host.post(window + TWP_SA_KEY0 + 4 * i, 0x03020100 * (i + 1) + sa);
  }
}

void put16(uint8_t *at, uint32_t value) {
  at[0] = uint8_t(value >> 8);
  at[1] = uint8_t(value);
}

void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value);
}

}  // namespace

void BenchHost::start(uint32_t batch) {
  for (uint32_t i = 0; i < 4; ++i) {
    post(RING_REGISTERS[i] + TWP_RING_BASE_LO, uint32_t(ring(i)));
    post(RING_REGISTERS[i] + TWP_RING_BASE_HI, 0);
    post(RING_REGISTERS[i] + TWP_RING_LOG2_SIZE, ringLog2);
    post(RING_REGISTERS[i] + TWP_RING_CTRL, 1);
  }
  for (uint32_t slot = 0; slot < slots(); ++slot) {
    const twp_rx_desc desc = {rxBuffer(slot), BUFFER_BYTES - offsetBytes, slot};
    std::memcpy(arena + ring(RX) + sizeof desc * slot, &desc, sizeof desc);
  }
  rxTail = slots();
  post(TWP_RING_RX + TWP_RING_TAIL, rxTail);
  // Sent packets are collected along with received ones: they raise no interrupt of their own.
  post(TWP_ITR, batch << 16 | ITR_CYCLES);
  post(TWP_EIMS, TWP_CAUSE_RXC);
  post(TWP_CTRL, TWP_CTRL_TX_EN | TWP_CTRL_RX_EN | TWP_CTRL_PROMISC | TWP_CTRL_IPSEC_TX_EN |
                     TWP_CTRL_IPSEC_RX_EN | (checksums ? TWP_CTRL_RX_CSUM : 0));
}

void BenchHost::installTxSa() {
  for (uint32_t sa = 0; sa < sas; ++sa) {
    installKey(*this, TWP_TX_SA, sa);
    post(TWP_TX_SA + TWP_SA_IDX, sa | TWP_SA_WRITE);
  }
}

void BenchHost::installRxSa() {
  for (uint32_t sa = 0; sa < sas; ++sa) {
    installKey(*this, TWP_RX_SA, sa);
    post(TWP_RX_SA_SPI, SPI + sa);
    post(TWP_RX_SA_DST, DST);
    post(TWP_RX_SA + TWP_SA_IDX, sa | TWP_SA_WRITE);
    post(TWP_RX_MATCH_SA, sa);
    post(TWP_RX_MATCH_IDX, (4 * twp_match_bucket0(SPI + sa)) | TWP_SA_WRITE);
  }
}

uint32_t BenchHost::fillFrames(uint32_t espPayloadBytes) {
  static const uint8_t headers[TEXT_AT] = {
      2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00,                     // Ethernet
      0x45, 0, 0, 0, 0, 1, 0, 0, 64, 50, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2   // IPv4, ESP
  };
  // RFC 4303 §2.4: the next header ends on a 4-byte boundary.
  const uint32_t udpBytes = espPayloadBytes;
  const uint32_t padBytes = (4 - (udpBytes + 2) % 4) % 4;
  const uint32_t textBytes = udpBytes + padBytes + 2;
  for (uint32_t slot = 0; slot < slots(); ++slot) {
    uint8_t *const frame = arena + txBuffer(slot);
    std::memcpy(frame, headers, sizeof headers);
    put16(frame + 16, 20 + 16 + textBytes + ICV_BYTES);
    put32(frame + ESP_AT, SPI + slot % sas);
    uint8_t *const text = frame + TEXT_AT;
    put32(text, 9 << 16 | 9);
    put32(text + 4, udpBytes << 16);
    for (uint32_t i = 8; i < udpBytes; ++i) text[i] = uint8_t(i * 7 + slot);
    for (uint32_t i = 0; i < padBytes; ++i) text[udpBytes + i] = uint8_t(i + 1);
    text[textBytes - 2] = uint8_t(padBytes);
    text[textBytes - 1] = 17;
    twp_tx_desc desc = {};
    desc.addr = txBuffer(slot);
    desc.len = uint16_t(TEXT_AT + textBytes);
    desc.flags = TWP_TX_IPSEC;
    desc.sa_idx = uint16_t(slot % sas);
    desc.esp_offset = ESP_AT;
    desc.cookie = slot;
    if (checksums) {
      desc.flags |= TWP_TX_CSUM;
      desc.csum_start = TEXT_AT;
      desc.csum_at = TEXT_AT + 6;
      desc.csum_stop = uint16_t(TEXT_AT + udpBytes);
      // RFC 768: addresses 10.0.0.1 and 10.0.0.2, protocol, length.
      put16(text + 6, 2 * 0x0a00 + 1 + 2 + 17 + udpBytes);
    }
    std::memcpy(arena + ring(TX) + sizeof desc * slot, &desc, sizeof desc);
  }
  return TEXT_AT + textBytes;
}

void BenchHost::send(uint32_t packets) {
  for (uint32_t i = 0; i < packets; ++i) {
    uint8_t *const esp = arena + txBuffer(txTail % slots()) + ESP_AT;
    ++txTail;
    put32(esp + 4, txTail);   // sequence number
    put32(esp + 12, txTail);  // IV, low half
  }
  post(TWP_RING_TX + TWP_RING_TAIL, txTail);
}

bool BenchHost::isDone(uint32_t ringIndex, uint16_t index) const {
  const uint32_t slot = index % slots();
  twp_completion done;
  std::memcpy(&done, arena + ring(ringIndex) + sizeof done * slot, sizeof done);
  const uint32_t phase = !((index >> ringLog2) & 1);
  if (done.phase >> 31 != phase) return false;
  const uint32_t wanted = TWP_CPL_SECP | (checksums && ringIndex == RXC ? TWP_CPL_L4_OK : 0);
  const uint32_t asked = TWP_CPL_CODE | TWP_CPL_SECP | TWP_CPL_L4_OK;
  if ((done.status & asked) != wanted || done.cookie != slot) {
    std::fprintf(stderr, "card %u: completion %u has cookie %u, status 0x%x\n", card, index,
                 done.cookie, done.status);
    std::exit(1);
  }
  return true;
}

bool BenchHost::isReceived(uint16_t index) const { return isDone(RXC, index); }

uint32_t BenchHost::collect(uint32_t ringIndex, uint16_t &head, uint32_t headRegister) {
  uint32_t count = 0;
  for (; isDone(ringIndex, head); ++count) ++head;
  if (count > 0) post(headRegister + TWP_RING_HEAD, head);
  return count;
}

uint32_t BenchHost::collectSent() { return collect(TXC, txcHead, TWP_RING_TXC); }

uint32_t BenchHost::collectReceived() {
  const uint32_t count = collect(RXC, rxcHead, TWP_RING_RXC);
  rxTail = uint16_t(rxTail + count);
  if (count > 0) post(TWP_RING_RX + TWP_RING_TAIL, rxTail);
  return count;
}
