// SPDX-License-Identifier: BSD-2-Clause
//
// nic_frame_fifo: store-and-forward memory for frames. Beats written are invisible to the reader
// until commit_i; rollback_i forgets all since the last commit. Either may come with the last write
// or later; a commit leaves the last trim_i beats out. Frame boundaries are not stored: the reader learns each length elsewhere. Latency 2
// cycles from commit to rd_valid_o (memory read with a registered output); one beat a cycle both
// ways.
//
//   wr --> mem[wr_q] ... commit_q ... mem[rd_q] --> out_q --> rd
module nic_frame_fifo #(
  parameter int unsigned Width = 128,   // bits of a beat
  parameter int unsigned Depth = 1024   // beats, a power of two
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         wr_valid_i,
  output logic         wr_ready_o,
  input  logic [Width-1:0] wr_data_i,
  input  logic         commit_i,
  input  logic         rollback_i,
  input  logic [4:0]   trim_i,
  output logic         rd_valid_o,
  input  logic         rd_ready_i,
  output logic [Width-1:0] rd_data_o
);
  localparam int unsigned PtrW = $clog2(Depth);

  logic [Width-1:0] mem [Depth];
  logic [PtrW:0] wr_q, commit_q, rd_q, wr_next, wr_end;
  logic [Width-1:0] out_q;
  logic          out_valid_q, room_q, push, fetch;

  // A cycle late, and so a word early: the write of the cycle in between still fits.
  assign wr_ready_o = room_q;
  assign push       = wr_valid_i & wr_ready_o;
  assign wr_next    = wr_q + {{PtrW{1'b0}}, push};
  assign wr_end     = wr_next - {{(PtrW - 4){1'b0}}, trim_i};
  assign fetch      = (rd_q != commit_q) & (~out_valid_q | rd_ready_i);
  assign rd_valid_o = out_valid_q;
  assign rd_data_o  = out_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wr_q        <= '0;
      commit_q    <= '0;
      rd_q        <= '0;
      out_valid_q <= 1'b0;
      room_q      <= 1'b1;
    end else begin
      room_q <= (wr_q - rd_q) < (PtrW + 1)'(Depth - 1);
      if (commit_i) commit_q <= wr_end;
      if (~out_valid_q | rd_ready_i) out_valid_q <= fetch;
      if (fetch) rd_q <= rd_q + (PtrW + 1)'(1);
      wr_q <= rollback_i ? commit_q : commit_i ? wr_end : wr_next;
    end
  end

  always_ff @(posedge clk_i) begin
    if (push) mem[wr_q[PtrW-1:0]] <= wr_data_i;
    if (fetch) out_q <= mem[rd_q[PtrW-1:0]];
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (commit_i || rollback_i)) begin
      assert (!(commit_i && rollback_i)) else $fatal(1, "nic_frame_fifo: commit and rollback");
      assert ((wr_q - rd_q) <= (PtrW + 1)'(Depth)) else $fatal(1, "nic_frame_fifo: overrun");
      assert ((commit_q - rd_q) <= (wr_q - rd_q))
        else $fatal(1, "nic_frame_fifo: read past commit");
    end
  end
`endif
endmodule
