// SPDX-License-Identifier: BSD-2-Clause
//
// nic_fifo: synchronous first-word fall-through FIFO with valid/ready on both sides.
// valid_o, ready_o, count_o and data_o come from state only, so it also cuts combinational paths.
// Latency 1 cycle; throughput one word a cycle at any fill level (Depth >= 2).
// A full FIFO takes no word in the cycle it gives one (ready_o does not look at ready_i).
module nic_fifo #(
  parameter int unsigned Width = 32,
  parameter int unsigned Depth = 2   // words, any number >= 1
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       valid_i,
  output logic                       ready_o,
  input  logic [Width-1:0]           data_i,
  output logic                       valid_o,
  input  logic                       ready_i,
  output logic [Width-1:0]           data_o,
  output logic [$clog2(Depth+1)-1:0] count_o
);
  localparam int unsigned PtrW   = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned CountW = $clog2(Depth + 1);

  logic [Width-1:0]  mem [Depth];
  logic [PtrW-1:0]   rd_q, wr_q;
  logic [CountW-1:0] count_q;
  logic              push, pop;

  assign ready_o = count_q != CountW'(Depth);
  assign valid_o = count_q != '0;
  assign data_o  = mem[rd_q];
  assign count_o = count_q;
  assign push    = valid_i & ready_o;
  assign pop     = ready_i & valid_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      rd_q    <= '0;
      wr_q    <= '0;
      count_q <= '0;
    end else begin
      if (push) wr_q <= (wr_q == PtrW'(Depth - 1)) ? '0 : wr_q + 1'b1;
      if (pop)  rd_q <= (rd_q == PtrW'(Depth - 1)) ? '0 : rd_q + 1'b1;
      if (push != pop) count_q <= push ? count_q + 1'b1 : count_q - 1'b1;
    end
  end

  // The memory is not reset: count_q guards every read.
  always_ff @(posedge clk_i) if (push) mem[wr_q] <= data_i;

`ifndef SYNTHESIS
  // The distance between the pointers is the count, modulo the depth.
  always_ff @(posedge clk_i) begin
    if (rst_ni && (push || pop)) begin
      assert ((32'(rd_q) + 32'(count_q)) % Depth == 32'(wr_q)) else $fatal(1, "nic_fifo: count");
    end
  end
`endif
endmodule
