// SPDX-License-Identifier: BSD-2-Clause
//
// nic_sa_ahead: reads the SA of each frame before the frame's first beat is looked at. Beats of one
// block need it not: their headers take longer than the read. A wide beat may hold all of them. Frames
// without an SA pass in the same order. Latency 4 cycles, without an SA 3; a frame in two cycles.
//
//   frame --+--> frame_q --+--> FIFO --> frame, SA, guess
//           '--> SA table -^
module nic_sa_ahead #(
  parameter int unsigned Width = 32       // bits of a frame's record
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                valid_i,
  output logic                ready_o,
  input  logic [Width-1:0]    frame_i,
  input  logic                read_i,     // the frame has an SA: ...
  input  logic [9:0]          idx_i,
  output logic                sa_rd_en_o,
  output logic [9:0]          sa_rd_idx_o,
  input  nic_pkg::sa_entry_t  sa_i,       // from the cycle after the read on; bad: 1 later
  input  nic_pkg::esn_guess_t guess_i,    // likewise
  output logic                valid_o,
  input  logic                ready_i,
  output logic [Width-1:0]    frame_o,
  output nic_pkg::sa_entry_t  sa_o,
  output nic_pkg::esn_guess_t guess_o
);
  logic             valid_q, wait_q, room;   // wait: for sa_i.bad
  logic [Width-1:0] frame_q;
  assign ready_o     = ~valid_q | (room & ~wait_q);
  assign sa_rd_en_o  = valid_i & ready_o & read_i;
  assign sa_rd_idx_o = idx_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      wait_q  <= 1'b0;
    end else begin
      if (ready_o) valid_q <= valid_i;
      wait_q <= sa_rd_en_o;
    end
    if (valid_i && ready_o) frame_q <= frame_i;
  end

  nic_fifo #(.Width(Width + $bits(sa_i) + $bits(guess_i)), .Depth(4)) i_ahead (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(valid_q & ~wait_q), .ready_o(room), .data_i({frame_q, sa_i, guess_i}),
    .valid_o(valid_o), .ready_i(ready_i), .data_o({frame_o, sa_o, guess_o}), .count_o()
  );
endmodule
