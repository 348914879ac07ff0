// SPDX-License-Identifier: BSD-2-Clause
//
// Owns one verilated nic_gcm and its clock.
#ifndef TAGWIRE_GCM_MODEL_HH
#define TAGWIRE_GCM_MODEL_HH

#include <cstdint>

#include "Vnic_gcm.h"
#include "extra_clocks.hh"
#include "verilated.h"

namespace tagwire {

class GcmModel {
 public:
  GcmModel();
  ~GcmModel();

  // Pins. Outputs come from registers alone: they may be read before or after the inputs are set.
  Vnic_gcm &pins() { return top_; }

  // One clock cycle. Throws Failure on $fatal or a failed assertion.
  void clock() {
    for (const uint8_t level : {1, 0}) {
      extraClocks_.advance(top_);
      top_.clk_i = level;
      top_.eval();
    }
    ++cycle_;
  }

  // Cycles since reset.
  uint64_t cycle() const { return cycle_; }

 private:
  VerilatedContext context_;
  Vnic_gcm top_;
  ExtraClocks<Vnic_gcm> extraClocks_;
  uint64_t cycle_ = 0;
};

}  // namespace tagwire
#endif
