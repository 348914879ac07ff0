// SPDX-License-Identifier: BSD-2-Clause
//
// How many cycles apart the packets of one card are when they follow each other as fast as they can:
// transmit, receive, and both at once. Prints a line of JSON for each.
//
//     line_rate payloadBytes packets [memLatencyCycles [offsetBytes [lanes [checksums]]]]
//
// Payload is that of ESP, IPv4 transport mode; eight SAs take turns, every other one with AES-256.
// Descriptors and frames lie ready and all rings hold all packets (at most 1024), so that the host
// does nothing meanwhile; frames begin offsetBytes behind a multiple of 64. The frames to receive
// are those that the transmit run sent; on the wire each is followed at once by the next.
//
// A sent packet counts when its first beat is on the wire (a gap inside a frame ends the run with an
// error), a received one when its completion is in host memory. The first quarter and the last
// eighth of the packets are left out; of both at once, what is not in the middle of both. The
// distance is the slope of cycles over packets, by least squares.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "bench_host.hh"

namespace {

bool checksums = false;   // the sum of UDP is made and checked
uint32_t beatBytes = 16;  // of the stream: 16 a lane that the card was built with
constexpr uint32_t ESP_SEQ_AT = 38;
constexpr uint32_t TEXT_AT = 50;
constexpr uint64_t PATIENCE = 5000;  // cycles without a packet: no more will come

using Cycles = std::vector<uint64_t>;  // when each packet counted
using Frames = std::vector<std::vector<uint8_t>>;

[[noreturn]] void fail(const char *what, const char *why) {
  std::fprintf(stderr, "%s: %s\n", what, why);
  std::exit(1);
}

struct Run {
  Run(uint32_t payloadBytes, uint32_t memLatencyCycles, uint32_t offsetBytes);
  ~Run() { tw_world_destroy(world); }
  // Sends `packets` and receives `frames` at once; either may be nothing.
  void pass(uint32_t packets, const Frames &frames);

  BenchHost host{0, nullptr, &shared};
  uint32_t lenBytes;  // of a frame without ICV
  Cycles sent, received;
  Frames wire;  // what was sent

 private:
  void takeSent();
  void checkReceived(uint32_t slot) const;

  tw_shared shared = {};
  std::vector<uint8_t> arena, tap;
  tw_world *world;
};

Run::Run(uint32_t payloadBytes, uint32_t memLatencyCycles, uint32_t offsetBytes)
    : tap(1 << 20) {
  host.ringLog2 = 10;
  host.sas = 8;
  host.offsetBytes = offsetBytes;
  host.checksums = checksums;
  arena.resize(host.bytes() + TW_FRAME_MAX);  // a frame to be injected lies behind the host's
  host.arena = arena.data();
  tw_config config = {};
  config.struct_bytes = sizeof config;
  config.abi_version = TW_ABI_VERSION;
  config.card_count = 1;
  config.seed = 1;
  config.mem_latency_cycles = memLatencyCycles;
  config.wire_latency_cycles = 1;
  config.reg_timeout_cycles = 10000;
  config.host_bytes[0] = host.bytes();
  config.arena_bytes = arena.size();
  config.tap_bytes = tap.size();
  char err[256];
  world = tw_world_create(&config, arena.data(), &shared, tap.data(), err, sizeof err);
  if (!world) fail("no world", err);
  tw_run(world, 8192);  // the card zeroes its tables
  host.start(32);
  host.post(TWP_EIMC, TWP_CAUSE_RXC);
  host.installTxSa();
  host.installRxSa();
  lenBytes = host.fillFrames(payloadBytes);
  if (tw_run(world, 1000)) fail("the start", tw_error(world));
}

void Run::pass(uint32_t packets, const Frames &frames) {
  for (const auto &frame : frames) {
    std::copy(frame.begin(), frame.end(), arena.begin() + host.bytes());
    const uint32_t len = uint32_t(frame.size());
    if (tw_wire_inject(world, 0, host.bytes(), len, 300)) fail("inject", tw_error(world));
    shared.tap_used = 0;
  }
  if (packets) host.send(packets);
  uint64_t lastCycle = shared.cycle;
  while (shared.cycle - lastCycle < PATIENCE) {
    if (tw_run(world, 1)) fail("the run", tw_error(world));
    const size_t before = sent.size() + received.size();
    takeSent();
    while (received.size() < frames.size() && host.isReceived(uint16_t(received.size()))) {
      checkReceived(uint32_t(received.size()));
      received.push_back(shared.cycle);
    }
    if (sent.size() + received.size() > before) lastCycle = shared.cycle;
  }
  if (sent.size() != packets) fail("transmit", "not all packets were sent");
  if (received.size() != frames.size()) fail("receive", "packets were lost");
}

void Run::takeSent() {
  for (uint32_t at = 0; at < shared.tap_used;) {
    tw_tap_record record;
    std::memcpy(&record, &tap[at], sizeof record);
    const uint8_t *const bytes = &tap[at + sizeof record];
    if (!(record.flags & TW_TAP_INJECTED)) {
      sent.push_back(record.cycle + 1 - (record.len_bytes + beatBytes - 1) / beatBytes);
      wire.emplace_back(bytes, bytes + record.len_bytes);
    }
    at += uint32_t(sizeof record) + (record.len_bytes + 7) / 8 * 8;
  }
  shared.tap_used = 0;
}

// The text in a receive buffer is that of the packet with its number, which was sent from that slot.
void Run::checkReceived(uint32_t slot) const {
  const uint8_t *const frame = &arena[host.rxBuffer(slot)];
  const uint32_t number = frame[ESP_SEQ_AT + 2] << 8 | frame[ESP_SEQ_AT + 3];
  const uint8_t *const from = &arena[host.txBuffer((number - 1) % host.slots())];
  // UDP's sum is the card's, which has looked at it on the way back.
  const uint32_t skip = checksums ? 8 : 0;
  if (std::memcmp(frame + TEXT_AT + skip, from + TEXT_AT + skip, lenBytes - TEXT_AT - skip)) {
    fail("receive", "a packet differs from what was sent");
  }
}

struct Window {
  uint64_t from, to;
};

Window middle(const Cycles &cycles) {
  const size_t n = cycles.size();
  if (n < 16) fail("the run", "too few packets");
  return {cycles[n / 4], cycles[n - 1 - n / 8]};
}

// Cycles a packet, inside the window.
double distance(const Cycles &cycles, const Window &window) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (uint64_t cycle : cycles) {
    if (cycle < window.from || cycle > window.to) continue;
    const double at = double(cycle - window.from);
    x += n, y += at, xx += n * n, xy += n * at;
    n += 1;
  }
  if (n < 8) fail("the run", "too few packets of one direction");
  return (n * xy - x * y) / (n * xx - x * x);
}

void print(const char *direction, uint32_t payloadBytes, double cycles, uint32_t wireBytes) {
  std::printf(
      "{\"direction\":\"%s\",\"payloadBytes\":%u,\"cyclesPerPacket\":%.2f,\"boundCycles\":%u,"
      "\"plaintextBitsPerCycle\":%.1f}\n",
      direction, payloadBytes, cycles, (wireBytes + beatBytes - 1) / beatBytes,
      8 * payloadBytes / cycles);
}

uint32_t argument(int argc, char **argv, int index, uint32_t otherwise) {
  return argc > index ? uint32_t(std::strtoul(argv[index], nullptr, 0)) : otherwise;
}

}  // namespace

int main(int argc, char **argv) {
  const uint32_t payloadBytes = argument(argc, argv, 1, 1400);
  const uint32_t packets = argument(argc, argv, 2, 256);
  const uint32_t memLatencyCycles = argument(argc, argv, 3, 200);
  const uint32_t offsetBytes = argument(argc, argv, 4, 0);
  beatBytes = 16 * argument(argc, argv, 5, 1);
  checksums = argument(argc, argv, 6, 0) != 0;
  if (payloadBytes < 10 || payloadBytes > 8900 || packets < 16 || packets > 1024 ||
      offsetBytes > 63) {
    std::fprintf(stderr, "payloadBytes is 10 .. 8900, packets 16 .. 1024, offsetBytes 0 .. 63\n");
    return 2;
  }
  Run tx(payloadBytes, memLatencyCycles, offsetBytes);
  Run rx(payloadBytes, memLatencyCycles, offsetBytes);
  Run both(payloadBytes, memLatencyCycles, offsetBytes);
  tx.pass(packets, {});
  const uint32_t wireBytes = uint32_t(tx.wire[0].size());
  print("tx", payloadBytes, distance(tx.sent, middle(tx.sent)), wireBytes);

  rx.pass(0, tx.wire);
  print("rx", payloadBytes, distance(rx.received, middle(rx.received)), wireBytes);

  both.pass(packets, tx.wire);
  const Window a = middle(both.sent), b = middle(both.received);
  const Window window = {std::max(a.from, b.from), std::min(a.to, b.to)};
  print("duplex", payloadBytes,
        std::max(distance(both.sent, window), distance(both.received, window)), wireBytes);
  return 0;
}
