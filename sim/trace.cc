// SPDX-License-Identifier: BSD-2-Clause
#include "trace.hh"

#include <cstdio>

#include "fatal.hh"
#include "tagwire_sim.h"

namespace tagwire {

#if VM_TRACE_FST

namespace {
constexpr int LEVELS_ALL = 99;
}

void Trace::open(const std::string &path, Vnic_top *const *cards, uint32_t cardCount) {
  close();
  // Verilator does not report a file that cannot be written; find out first.
  std::FILE *const probe = std::fopen(path.c_str(), "wb");
  if (!probe) throw Failure{TW_ERR_IO, "cannot write the trace file " + path};
  std::fclose(probe);
  auto file = std::make_unique<VerilatedFstC>();
  for (uint32_t i = 0; i < cardCount; ++i) cards[i]->trace(file.get(), LEVELS_ALL);
  file->open(path.c_str());
  if (!file->isOpen()) throw Failure{TW_ERR_IO, "cannot write the trace file " + path};
  file_ = std::move(file);
}

void Trace::close() {
  if (!file_) return;
  file_->close();
  file_.reset();
}

#else

void Trace::open(const std::string &, Vnic_top *const *, uint32_t) {
  throw Failure{TW_ERR_UNSUPPORTED, "this library was built without --trace-fst"};
}

void Trace::close() {}

#endif

}  // namespace tagwire
