// SPDX-License-Identifier: BSD-2-Clause
//
// nic_inflight: counts frames between two points of a path; busy while any is between them.
// Latency 1 cycle; any number enters and leaves in a cycle.
//
//   enter_i --> + count_q - <-- leave_i
module nic_inflight (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic [1:0] enter_i,   // how many
  input  logic [2:0] leave_i,   // how many
  output logic       busy_o
);
  logic [15:0] count_q;
  assign busy_o = count_q != 16'd0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) count_q <= '0;
    else if (enter_i != 2'd0 || leave_i != 3'd0) count_q <= count_q + 16'(enter_i) - 16'(leave_i);
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && leave_i != 3'd0) assert (count_q + 16'(enter_i) >= 16'(leave_i))
      else $fatal(1, "nic_inflight: below zero");
  end
`endif
endmodule
