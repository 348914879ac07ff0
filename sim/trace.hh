// SPDX-License-Identifier: BSD-2-Clause
//
// FST waveform of all cards. Exists only in libraries verilated with --trace-fst; in others it can
// be asked to open and says that it cannot. Watching changes nothing in the run.
#ifndef TAGWIRE_TRACE_HH
#define TAGWIRE_TRACE_HH

#include <cstdint>
#include <memory>
#include <string>

#include "Vnic_top.h"

#if VM_TRACE_FST
#include "verilated_fst_c.h"
#endif

namespace tagwire {

class Trace {
 public:
  // Two time steps a cycle, the rising edge at 2 * cycle. Throws a Failure.
  void open(const std::string &path, Vnic_top *const *cards, uint32_t cardCount);
  void close();

#if VM_TRACE_FST
  void dump(uint64_t time) {
    if (file_) file_->dump(time);
  }

 private:
  std::unique_ptr<VerilatedFstC> file_;
#else
  void dump(uint64_t) {}
#endif
};

}  // namespace tagwire
#endif
