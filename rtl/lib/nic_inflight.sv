// SPDX-License-Identifier: BSD-2-Clause
//
// nic_inflight: counts frames between two points of a path; busy while any is between them.
module nic_inflight (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic enter_i,
  input  logic leave_i,
  output logic busy_o
);
  logic [15:0] count_q;
  assign busy_o = count_q != 16'd0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) count_q <= '0;
    else if (enter_i != leave_i) count_q <= enter_i ? count_q + 16'd1 : count_q - 16'd1;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && leave_i && !enter_i) assert (count_q != 16'd0)
      else $fatal(1, "nic_inflight: below zero");
  end
`endif
endmodule
