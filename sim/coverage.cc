// SPDX-License-Identifier: BSD-2-Clause
#include "coverage.hh"

#if VM_COVERAGE

#include <dlfcn.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "verilated_cov.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
// The counters are there and nowhere public.
#include TEXT(JOIN(VM_PREFIX, __Syms).h)

namespace tagwire {

namespace {

std::mutex mutex;
std::string *folder = nullptr;  // null until the first model; never freed, as the next one
std::vector<uint64_t> *totals = nullptr;

constexpr size_t POINTS = sizeof(JOIN(VM_PREFIX, __Syms)::__Vcoverage) / sizeof(uint32_t);

// A file that no other library of this process has written: they write one after the other.
std::string freePath() {
  const std::string begin = *folder + "/" TEXT(VM_PREFIX) "-" + std::to_string(getpid()) + "-";
  for (int n = 0;; ++n) {
    const std::string name = begin + std::to_string(n) + ".dat";
    if (access(name.c_str(), F_OK) != 0) return name;
  }
}

// A library that nobody uses for a moment is unloaded, which is its end: this one stays.
void stayLoaded() {
  Dl_info own;
  if (dladdr(&mutex, &own) != 0) dlopen(own.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

// At the end of the process. Only a model knows the names of its points: one is made for that.
void writeTotals() noexcept try {
  VerilatedContext context;
  context.threads(1);
  VM_PREFIX model(&context, "card0");
  for (size_t i = 0; i < POINTS; ++i) {
    const uint64_t count = (*totals)[i];
    model.rootp->vlSymsp->__Vcoverage[i] = count > UINT32_MAX ? UINT32_MAX : uint32_t(count);
  }
  context.coveragep()->write(freePath().c_str());
} catch (...) {
}

}  // namespace

void keepCoverage(const VM_PREFIX &model) noexcept try {
  const std::lock_guard<std::mutex> lock(mutex);
  if (!folder) {
    const char *const name = std::getenv("TAGWIRE_COVERAGE");
    if (!name || !name[0]) return;
    totals = new std::vector<uint64_t>(POINTS);
    folder = new std::string(name);
    stayLoaded();
    std::atexit(writeTotals);
  }
  for (size_t i = 0; i < POINTS; ++i) (*totals)[i] += model.rootp->vlSymsp->__Vcoverage[i];
} catch (...) {
}

}  // namespace tagwire

#else

namespace tagwire {

void keepCoverage(const VM_PREFIX &) noexcept {}

}  // namespace tagwire

#endif
