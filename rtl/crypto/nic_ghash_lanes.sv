// SPDX-License-Identifier: BSD-2-Clause
//
// nic_ghash_lanes: GHASH of Lanes blocks a cycle: Y = (Y ^ X1) * H^Lanes ^ X2 * H^(Lanes-1) ^ ... Only
// the first product is in the loop; the others are made a cycle before. So latency is 1 cycle with
// one lane, 2 with more. Before the first block of a message zero blocks change nothing, so the first
// group may be filled up with them from below, and every other group is full.
//
//   x[1..] --> nic_ghash, one a lane, Y = 0 --> sum ---.
//   x[0] ---------------> register -------------> nic_ghash --> y
module nic_ghash_lanes #(
  parameter int unsigned Lanes = 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 h_valid_i,   // new H; the blocks of the same cycle still meet the old one
  input  logic [128*Lanes-1:0] h_i,         // H, H^2, ..., H in the low bits
  input  logic                 valid_i,
  input  logic                 first_i,     // first group of a message
  input  logic [128*Lanes-1:0] x_i,         // the earliest block in the low bits
  output logic [127:0]         y_o
);
  if (Lanes == 1) begin : gen_one
    nic_ghash u_ghash (
      .clk_i(clk_i), .h_valid_i(h_valid_i), .h_i(h_i), .valid_i(valid_i), .first_i(first_i),
      .x_i(x_i), .add_i(128'h0), .y_o(y_o)
    );
    logic unused_reset;
    assign unused_reset = rst_ni;
  end else begin : gen_more
    for (genvar s = 1; s < Lanes; s++) begin : gen_lane
      logic [127:0] product, sum;
      nic_ghash u_ghash (
        .clk_i(clk_i), .h_valid_i(h_valid_i), .h_i(h_i[128*(Lanes-1-s) +: 128]),
        .valid_i(valid_i), .first_i(1'b1), .x_i(x_i[128*s +: 128]), .add_i(128'h0), .y_o(product)
      );
      if (s == 1) begin : gen_first
        assign sum = product;
      end else begin : gen_next
        assign sum = product ^ gen_lane[s-1].sum;
      end
    end

    logic         h_valid_q, valid_q, first_q;
    logic [127:0] h_q, x_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        h_valid_q <= 1'b0;
        valid_q   <= 1'b0;
      end else begin
        h_valid_q <= h_valid_i;
        valid_q   <= valid_i;
      end
      if (h_valid_i) h_q <= h_i[128*(Lanes-1) +: 128];
      if (valid_i) begin
        first_q <= first_i;
        x_q     <= x_i[127:0];
      end
    end
    nic_ghash u_loop (
      .clk_i(clk_i), .h_valid_i(h_valid_q), .h_i(h_q), .valid_i(valid_q), .first_i(first_q),
      .x_i(x_q), .add_i(gen_lane[Lanes-1].sum), .y_o(y_o)
    );
  end
endmodule
