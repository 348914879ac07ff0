// SPDX-License-Identifier: BSD-2-Clause
//
// nic_fifo: synchronous first-word fall-through FIFO with valid/ready on both sides.
// All outputs come straight from registers, so it also cuts combinational paths. Latency 1 cycle; one
// word a cycle at any fill level (Depth >= 2).
// A full FIFO takes no word in the cycle it gives one (ready_o does not look at ready_i).
//
// The oldest word lies in head_q, the others in mem.
//
//   data_i --(first word)----------> head_q --> data_o
//        '----(others)---> mem --------^
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
  localparam int unsigned Words  = (Depth > 1) ? Depth - 1 : 1;   // behind the head
  localparam int unsigned PtrW   = (Words > 1) ? $clog2(Words) : 1;
  localparam int unsigned Slots  = (Words > 1) ? 1 << PtrW : 1;   // no pointer leaves the memory
  localparam int unsigned CountW = $clog2(Depth + 1);

  logic [Width-1:0]  head_q;
  logic [Width-1:0]  mem [Slots];
  logic [PtrW-1:0]   rd_q, wr_q;
  logic [CountW-1:0] count_q;
  logic              valid_q, ready_q;   // what count_q says
  logic              push, pop, alone;

  assign ready_o = ready_q;
  assign valid_o = valid_q;
  assign data_o  = head_q;
  assign count_o = count_q;
  assign push    = valid_i & ready_o;
  assign pop     = ready_i & valid_o;
  assign alone   = count_q == CountW'(pop);   // nothing behind the head after this cycle

  // One process, one enable: an idle FIFO costs one test a cycle in simulation. Data is not reset:
  // count_q guards every read.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      rd_q    <= '0;
      wr_q    <= '0;
      count_q <= '0;
      valid_q <= 1'b0;
      ready_q <= 1'b1;
    end else if (push || pop) begin
      if (push) begin : store
        logic [Width-1:0] word;   // data_i is used here alone: Verilator works it out to be stored
        word = data_i;
        if (alone) begin
          head_q <= word;
        end else begin
          if (pop) head_q <= mem[rd_q];
`ifdef SYNTHESIS
          mem[wr_q] <= word;
`else
          mem[wr_q] = word;   // the last that looks at mem in this cycle: no shadow copy of a word
`endif
          wr_q <= (wr_q == PtrW'(Words - 1)) ? '0 : wr_q + 1'b1;
        end
      end else if (!alone) begin
        head_q <= mem[rd_q];
      end
      if (pop && !alone) rd_q <= (rd_q == PtrW'(Words - 1)) ? '0 : rd_q + 1'b1;
      valid_q <= push | ~alone;
      if (push != pop) begin
        ready_q <= ~push | (count_q != CountW'(Depth - 1));
        count_q <= push ? count_q + 1'b1 : count_q - 1'b1;   // once, read before: no shadow copy
      end
    end
  end

`ifndef SYNTHESIS
  // Once a lap: the words behind the head are those between the pointers.
  always_ff @(posedge clk_i) begin
    if (pop) if (rd_q == '0 && !alone && rst_ni) begin
      assert (ready_q == (32'(count_q) != Depth)) else $fatal(1, "nic_fifo: flags");
      assert (32'(count_q) == 32'(wr_q) + 1 || (32'(count_q) == Depth && wr_q == '0))
        else $fatal(1, "nic_fifo: count");
    end
  end
`endif
endmodule
