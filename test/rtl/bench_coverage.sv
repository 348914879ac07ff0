// SPDX-License-Identifier: BSD-2-Clause
//
// Hangs on a bench and writes its coverage when it has ended: Verilator's own main() does not.
module bench_coverage;
  final $c("Verilated::threadContextp()->coveragep()->write((std::string{std::getenv(\"TAGWIRE_COVERAGE\")} + \"/bench-\" + std::to_string(getpid()) + \".dat\").c_str());");
endmodule

bind `BENCH bench_coverage i_coverage ();
