// SPDX-License-Identifier: BSD-2-Clause
//
// Owns one verilated nic_gcm and its clock.
#ifndef TAGWIRE_GCM_MODEL_HH
#define TAGWIRE_GCM_MODEL_HH

#include <cstdint>

#include "Vnic_gcm.h"
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
    top_.clk_i = 1;
    top_.eval();
    top_.clk_i = 0;
    top_.eval();
    ++cycle_;
  }

  // Cycles since reset.
  uint64_t cycle() const { return cycle_; }

 private:
  VerilatedContext context_;
  Vnic_gcm top_;
  uint64_t cycle_ = 0;
};

}  // namespace tagwire
#endif
