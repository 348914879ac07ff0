// SPDX-License-Identifier: BSD-2-Clause
//
// Coverage of the RTL, in libraries verilated with --coverage. While TAGWIRE_COVERAGE names a folder,
// the counts of all models of a process are added up, and at its end they are written there, in a
// file of the library's and the process's own. A process that is killed leaves none.
#ifndef TAGWIRE_COVERAGE_HH
#define TAGWIRE_COVERAGE_HH

#include VM_PREFIX_INCLUDE

namespace tagwire {

// Before the model goes. Throws nothing: without memory its counts are lost.
void keepCoverage(const VM_PREFIX &model) noexcept;

}  // namespace tagwire
#endif
