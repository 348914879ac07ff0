// SPDX-License-Identifier: BSD-2-Clause
//
// nic_check_axis: watches an AXI4-Stream port of whole frames and stops the simulation when a rule
// is broken (AMBA AXI-Stream specification, chapter 2, and what this card adds: bytes lie together
// from lane 0, only the last beat of a frame may have less than all). Simulation alone.
module nic_check_axis #(
  parameter int unsigned Bytes = 16
) (
  input logic               clk_i,
  input logic               rst_ni,
  input logic [8*Bytes-1:0] tdata_i,
  input logic [Bytes-1:0]   tkeep_i,
  input logic               tvalid_i,
  input logic               tready_i,
  input logic               tlast_i
);
  logic               held_q;
  logic [8*Bytes-1:0] tdata_q;
  logic [Bytes-1:0]   tkeep_q;
  logic               tlast_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      held_q <= 1'b0;
    end else begin
      if (held_q) begin
        assert (tvalid_i && tdata_i == tdata_q && tkeep_i == tkeep_q && tlast_i == tlast_q)
          else $fatal(1, "nic_check_axis: beat changed while it waited");
        held_q <= 1'b0;
      end
      if (tvalid_i) begin
        // Full beats, which are nearly all, need no second look.
        if (tkeep_i != '1) begin
          assert (tkeep_i[0] && (tkeep_i & (tkeep_i + Bytes'(1))) == '0)
            else $fatal(1, "nic_check_axis: bytes do not lie together from lane 0");
          assert (tlast_i) else $fatal(1, "nic_check_axis: bytes missing inside a frame");
        end
        if (!tready_i) begin
          held_q  <= 1'b1;
          tdata_q <= tdata_i;
          tkeep_q <= tkeep_i;
          tlast_q <= tlast_i;
        end
      end
    end
  end

  one_byte_last: cover property (@(posedge clk_i) tvalid_i && tlast_i && tkeep_i == Bytes'(1));
  full_last:     cover property (@(posedge clk_i) tvalid_i && tlast_i && (&tkeep_i));
endmodule
