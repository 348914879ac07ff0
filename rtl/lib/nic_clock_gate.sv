// SPDX-License-Identifier: BSD-2-Clause
//
// nic_clock_gate: stops the clock of a path that has nothing to do. It saves the power of idle
// crypto in silicon and its time in simulation.
//
//   en_i   ___/'''''''\_______________    from registers of clk_i, so it settles while clk_i is high
//   clk_i  _/'\_/'\_/'\_/'\_/'\_/'\_/'
//   clk_o  '''\_/'\_/'\_/'\_/'''''''''    rests high: en_i may move then without making an edge
//
// The clock goes on for Linger cycles after en_i falls, so that the path comes to rest by itself.
// The cycle in which en_i rises is clocked already: what raises it is not lost.
module nic_clock_gate #(
  parameter int unsigned Linger = 8
) (
  input  logic clk_i,
  input  logic en_i,
  output logic clk_o
);
  localparam int unsigned CountW = $clog2(Linger + 1);
  logic [CountW-1:0] linger_q;

  always_ff @(posedge clk_i) begin
    if (en_i || linger_q != '0) linger_q <= en_i ? CountW'(Linger) : linger_q - 1'b1;
  end

  assign clk_o = clk_i | ~(en_i | (linger_q != '0));
endmodule
