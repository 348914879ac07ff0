// SPDX-License-Identifier: BSD-2-Clause
//
// nic_gcm_powers: H, H^2, ..., H^Lanes of each message, in order, for a GHASH of several lanes. One
// nic_ghash makes them: hashing H and then zeros multiplies by H every time. Latency Lanes + 2 cycles;
// a message in Lanes - 1 cycles. At most Depth messages are on their way.
//
//   h --> FIFO --> nic_ghash --(Lanes - 1 products)--> powers FIFO --> powers
module nic_gcm_powers #(
  parameter int unsigned Lanes = 2,    // 2 or more
  parameter int unsigned Depth = 16    // messages
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 h_valid_i,
  input  logic [127:0]         h_i,
  output logic                 valid_o,
  input  logic                 ready_i,
  output logic [128*Lanes-1:0] powers_o     // H in the low bits
);
  localparam int unsigned CountW = $clog2(Lanes);
  localparam int unsigned Ready  = 4;                // powers FIFO

  logic                     h_ready, h_valid, room, load, last, powers_room;
  logic [127:0]             h, product;
  logic [2:0]               count;
  logic                     busy_q, fresh_q;         // a product is made, the first of its message
  logic                     made_q, done_q;          // product is new, the last of its message
  logic [CountW-1:0]        left_q;                  // products still to be made
  logic [127:0]             h_q;
  logic [128*(Lanes-1)-1:0] lower_q;                 // the powers so far, the last on top

  nic_fifo #(.Width(128), .Depth(Depth)) u_h_fifo (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(h_valid_i), .ready_o(h_ready), .data_i(h_i),
    .valid_o(h_valid), .ready_i(load), .data_o(h), .count_o()
  );

  // When a message is begun, the two before it may not have reached the FIFO.
  assign room = count <= 3'(Ready - 3);
  assign last = left_q == CountW'(1);
  assign load = h_valid & (~busy_q | last) & room;

  nic_ghash u_ghash (
    .clk_i(clk_i), .h_valid_i(load), .h_i(h), .valid_i(busy_q), .first_i(fresh_q),
    .x_i(fresh_q ? h_q : 128'h0), .add_i(128'h0), .y_o(product)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      made_q <= 1'b0;
      done_q <= 1'b0;
    end else begin
      busy_q <= load | (busy_q & ~last);
      made_q <= busy_q;
      done_q <= busy_q & last;
    end
    fresh_q <= load;
    left_q  <= load ? CountW'(Lanes - 1) : left_q - CountW'(1);
    if (load) h_q <= h;
    if (fresh_q || (made_q && !done_q)) begin
      lower_q <= (128*(Lanes-1))'({fresh_q ? h_q : product, lower_q} >> 128);
    end
  end

  nic_fifo #(.Width(128*Lanes), .Depth(Ready)) u_powers_fifo (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(done_q), .ready_o(powers_room), .data_i({product, lower_q}),
    .valid_o(valid_o), .ready_i(ready_i), .data_o(powers_o), .count_o(count)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (h_valid_i || done_q)) begin
      assert (!(h_valid_i && !h_ready)) else $fatal(1, "nic_gcm_powers: H lost");
      assert (!(done_q && !powers_room)) else $fatal(1, "nic_gcm_powers: powers lost");
    end
  end
`endif
endmodule
