// SPDX-License-Identifier: BSD-2-Clause
//
// One card: the Verilated nic_top, its clock and its reset. The rest of the world reads and writes
// the pins itself, through `pins`, between two clock edges.
#ifndef TAGWIRE_NIC_MODEL_HH
#define TAGWIRE_NIC_MODEL_HH

#include <cstdint>

#include "Vnic_top.h"
#include "extra_clocks.hh"

namespace tagwire {

class NicModel {
 public:
  // `name` is the card's name in messages and waveforms. Verilated with --x-initial unique, state
  // without reset starts random, drawn from the context's seed, so that a forgotten reset shows.
  NicModel(VerilatedContext &context, const char *name);

  void setReset(bool inReset) { pins.rst_ni = !inReset; }

  // The rising edge: registers take the inputs as they are set now, outputs settle.
  void posedge() { edge(1); }

  // The falling edge changes nothing in the card, but Verilator must see it to see the next rise.
  void negedge() { edge(0); }

  Vnic_top pins;

 private:
  void edge(uint8_t level) {
    extraClocks_.advance(pins);
    pins.clk_i = level;
    pins.eval();
  }

  ExtraClocks<Vnic_top> extraClocks_;
};

}  // namespace tagwire
#endif
