// SPDX-License-Identifier: BSD-2-Clause
//
// nic_scrub: after reset writes zero to every row of the SA and match tables, one a cycle (1024
// cycles).
//
//   reset --> row_q: 0 .. 1023 --> tables      row 1023 --> done_o
module nic_scrub (
  input  logic       clk_i,
  input  logic       rst_ni,
  output logic       busy_o,
  output logic [9:0] row_o,
  output logic       done_o   // one cycle
);
  logic [9:0] row_q;
  logic       busy_q, done_q;

  assign busy_o = busy_q;
  assign row_o  = row_q;
  assign done_o = done_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      row_q  <= '0;
      busy_q <= 1'b1;
      done_q <= 1'b0;
    end else begin
      done_q <= 1'b0;
      if (busy_q) begin
        row_q <= row_q + 10'd1;
        if (row_q == 10'h3ff) begin
          busy_q <= 1'b0;
          done_q <= 1'b1;
        end
      end
    end
  end
endmodule
