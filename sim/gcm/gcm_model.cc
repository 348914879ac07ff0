// SPDX-License-Identifier: BSD-2-Clause
#include "gcm_model.hh"

#include "coverage.hh"

namespace tagwire {

GcmModel::GcmModel() : top_(&context_, "nic_gcm") {
  constexpr int RESET_CYCLES = 4;
  top_.rst_ni = 0;
  for (int i = 0; i < RESET_CYCLES; ++i) clock();
  top_.rst_ni = 1;
  cycle_ = 0;
}

GcmModel::~GcmModel() {
  top_.final();
  keepCoverage(top_);
}

}  // namespace tagwire
