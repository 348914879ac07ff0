// SPDX-License-Identifier: BSD-2-Clause
//
// How fast the simulation can be driven at all: two cards, card 0 encrypts and sends, card 1
// receives and decrypts, and the host side is as cheap as C++ can make it. What a harness reaches
// is measured against this, on the same library and with the same packets. Prints one line of JSON.
//
//     bench payloadBytes packets [inFlight [memLatencyCycles [wireLatencyCycles]]]
//
// Payload is that of UDP in an IPv4 transport mode ESP packet, AES-128-GCM. `inFlight` packets are
// always on their way (128); the card raises an interrupt for every 32 received.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "bench_host.hh"

namespace {

constexpr uint32_t BATCH = 32;
constexpr uint32_t SLICES = 5;

tw_world *world;

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "%s: %s\n", what, tw_error(world));
  std::exit(1);
}

// Sends `packets` in all, receives all of them. Returns the number of calls into the library.
uint32_t transfer(BenchHost &from, BenchHost &to, uint32_t packets, uint32_t inFlight) {
  uint32_t sent = 0, received = 0, calls = 0;
  while (received < packets) {
    uint32_t room = inFlight - (sent - received);
    if (room > packets - sent) room = packets - sent;
    if (room > 0) from.send(room);
    sent += room;
    const int32_t stop = tw_run(world, 1000000);
    ++calls;
    if (stop != TW_STOP_IRQ) fail("the run ended without an interrupt");
    received += to.collectReceived();
    from.collectSent();
  }
  return calls;
}

// What arrived in every buffer is what was sent from the same slot.
void compare(const BenchHost &from, const BenchHost &to, uint32_t lenBytes) {
  for (uint32_t slot = 0; slot < from.slots(); ++slot) {
    if (std::memcmp(from.arena + from.txBuffer(slot), to.arena + to.rxBuffer(slot), lenBytes)) {
      fail("a received packet differs");
    }
  }
}

uint32_t argument(int argc, char **argv, int index, uint32_t otherwise) {
  return argc > index ? uint32_t(std::strtoul(argv[index], nullptr, 0)) : otherwise;
}

}  // namespace

int main(int argc, char **argv) {
  const uint32_t payloadBytes = argument(argc, argv, 1, 1400);
  const uint32_t packets = argument(argc, argv, 2, 20000);
  const uint32_t inFlight = argument(argc, argv, 3, 128);
  static tw_shared shared;
  BenchHost from{0, nullptr, &shared}, to{1, nullptr, &shared};
  if (payloadBytes > 8900 || inFlight < BATCH || inFlight > from.slots()) {
    std::fprintf(stderr, "payloadBytes is at most 8900, inFlight 32 .. 256\n");
    return 2;
  }

  std::vector<uint8_t> arena(2 * from.bytes());
  from.arena = to.arena = arena.data();
  tw_config config = {};
  config.struct_bytes = sizeof config;
  config.abi_version = TW_ABI_VERSION;
  config.card_count = 2;
  config.seed = 1;
  config.mem_latency_cycles = argument(argc, argv, 4, 200);
  config.wire_latency_cycles = argument(argc, argv, 5, 500);
  config.reg_timeout_cycles = 10000;
  config.host_base[1] = from.bytes();
  config.host_bytes[0] = config.host_bytes[1] = from.bytes();
  config.arena_bytes = arena.size();
  char err[256];
  world = tw_world_create(&config, arena.data(), &shared, nullptr, err, sizeof err);
  if (!world) return std::fprintf(stderr, "%s\n", err), 1;

  tw_run(world, 8192);  // the cards zero their tables
  for (BenchHost *host : {&from, &to}) host->start(BATCH);
  from.installTxSa();
  to.installRxSa();
  const uint32_t lenBytes = from.fillFrames(8 + payloadBytes);
  transfer(from, to, 2 * from.slots(), inFlight);
  compare(from, to, lenBytes);

  // The best slice counts: the others were disturbed by whatever else the machine does.
  double best = 0;
  uint32_t calls = 0, count = 0;
  const uint64_t startCycle = shared.cycle;
  double bestCyclesPerSecond = 0, bestCpu = 0;
  for (uint32_t slice = 0; slice < SLICES; ++slice) {
    const uint32_t share = (packets / SLICES + BATCH - 1) / BATCH * BATCH;
    const uint64_t fromCycle = shared.cycle;
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t startCpu = std::clock();
    calls += transfer(from, to, share, inFlight);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    const double spentCpu = double(std::clock() - startCpu) / CLOCKS_PER_SEC;
    count += share;
    if (share / spentCpu > bestCpu) bestCpu = share / spentCpu;
    if (share / spent.count() > best) {
      best = share / spent.count();
      bestCyclesPerSecond = double(shared.cycle - fromCycle) / spent.count();
    }
  }
  const uint64_t cycles = shared.cycle - startCycle;
  std::printf(
      "{\"payloadBytes\":%u,\"packets\":%u,\"inFlight\":%u,\"batch\":%u,\"packetsPerSecond\":%.0f,"
      "\"packetsPerCpuSecond\":%.0f,\"cycles\":%llu,\"cyclesPerPacket\":%.2f,"
      "\"cyclesPerSecond\":%.0f,\"plaintextBitsPerCycle\":%.2f,\"callsPerPacket\":%.4f}\n",
      payloadBytes, count, inFlight, BATCH, best, bestCpu, static_cast<unsigned long long>(cycles),
      double(cycles) / count, bestCyclesPerSecond, 8.0 * payloadBytes * count / double(cycles),
      double(calls) / count);
  tw_world_destroy(world);
  return 0;
}
