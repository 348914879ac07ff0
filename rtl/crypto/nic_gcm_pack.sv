// SPDX-License-Identifier: BSD-2-Clause
//
// nic_gcm_pack: packs the blocks of a message (AAD, text, lengths) into groups of Lanes for GHASH,
// the short group first: it begins with lead_i blocks of zeros, and so the last block of the message
// ends a group. Latency 1 cycle; up to Lanes blocks a cycle.
//
//   blocks --(moved up by what waits)--+--> group of Lanes --> x_q
//                                      '--> the rest waits
module nic_gcm_pack #(
  parameter int unsigned Lanes = 2    // 2 or more
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      valid_i,
  input  logic                      first_i,   // first blocks of a message
  input  logic [$clog2(Lanes)-1:0]  lead_i,    // with first_i: blocks of zeros before them
  input  logic [$clog2(Lanes):0]    count_i,   // blocks, 0 .. Lanes; those above are zero
  input  logic [128*Lanes-1:0]      blocks_i,  // the earliest in the low bits
  output logic                      valid_o,
  output logic                      first_o,   // first group of a message
  output logic [128*Lanes-1:0]      x_o
);
  localparam int unsigned PosW = $clog2(Lanes);

  logic                        fresh_q, fresh, full;   // no group of the message has left yet
  logic [PosW-1:0]             wait_q, at;             // blocks that wait
  logic [PosW:0]               total;
  logic [128*(Lanes-1)-1:0]    rest_q, rest;
  logic [128*(2*Lanes-1)-1:0]  all;

  assign fresh = first_i | fresh_q;
  assign at    = first_i ? lead_i : wait_q;
  assign rest  = first_i ? '0 : rest_q;
  assign total = {1'b0, at} + count_i;
  assign full  = total[PosW];                          // Lanes is a power of two
  assign all   = {{(128*(Lanes-1)){1'b0}}, blocks_i} << {at, 7'd0}
                 | {{(128*Lanes){1'b0}}, rest};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_o <= 1'b0;
    else         valid_o <= valid_i & full;
    if (valid_i) begin
      fresh_q <= fresh & ~full;
      wait_q  <= total[PosW-1:0];
      rest_q  <= full ? all[128*(2*Lanes-1)-1:128*Lanes] : all[128*(Lanes-1)-1:0];
      if (full) begin
        first_o <= fresh;
        x_o     <= all[128*Lanes-1:0];
      end
    end
  end
endmodule
