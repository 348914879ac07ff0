// SPDX-License-Identifier: BSD-2-Clause
//
// nic_tx_gather: makes frames of transmit descriptors. One without MORE and CONT is a frame and passes
// through. Else the first of a frame has MORE, the last CONT, those between both; eight are a frame at
// most. Each queue gathers for itself, so one that has announced half a frame holds up no other. What
// leaves is the first descriptor with the length of all; its parts, without the empty ones, are asked
// for by number. A frame is bad when its chain is: too long, a first in the middle, a CONT without a
// first. One with a descriptor that cannot be read ends there, and the CONTs that follow are left out:
// nothing of it is ever taken for a frame of its own. Latency: 0 cycles, of a chain 1 behind its last
// descriptor. Throughput: one descriptor a cycle, less one cycle a chain; the next frame is gathered
// while the parts of the last one are read.
//
//   desc --+-----------------------------(alone)----> frame
//          +--> first_mem, sum_q --(last has come)-->
//          '--> parts_mem ----------(part_idx_i)----> part
module nic_tx_gather #(
  parameter int unsigned Queues = 1,   // 1 or 4
  localparam int unsigned QW    = nic_pkg::QUEUE_W
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic [Queues-1:0] flush_i,         // ring enabled anew: what was gathered of it is forgotten
  output logic              busy_o,          // a frame has begun
  input  logic              desc_valid_i,
  output logic              desc_ready_o,
  input  logic [255:0]      desc_i,
  input  logic              desc_err_i,
  input  logic [QW-1:0]     desc_queue_i,
  output logic              frame_valid_o,
  input  logic              frame_ready_i,
  output logic [255:0]      frame_o,
  output logic              frame_err_o,     // a descriptor could not be read
  output logic              frame_bad_o,
  output logic [QW-1:0]     frame_queue_o,
  output logic              frame_chain_o,   // its parts are to be asked for
  output logic [3:0]        frame_parts_o,
  input  logic [2:0]        part_idx_i,      // of the frame that leaves now, else of the one before
  output logic [79:0]       part_o           // length, address
);
  localparam int unsigned Slots = 1 << QW;   // those that no queue has are optimised away

  // Of each queue.
  logic [Slots-1:0]    open_q, bad_q, skip_q, bank_q;
  logic [Slots*4-1:0]  count_q;              // descriptors
  logic [Slots*4-1:0]  parts_q;
  logic [Slots*16-1:0] sum_q;                // bytes
  logic [255:0]        first_mem [Slots];
  logic [79:0]         parts_mem [Slots*16]; // {queue, bank, part}

  // The frame that is complete, and the one whose parts are read.
  logic          full_q, full_err_q, full_bad_q, emit_bank_q;
  logic [QW-1:0] full_queue_q, emit_queue_q;

  logic [QW-1:0]  q;
  logic           open, more, cont, chain, skip, broken, take, last, over, keep, leave;
  logic [15:0]    len;
  logic [16:0]    sum;
  logic [3:0]     stored;
  logic [255:0]   first;
  assign q      = (Queues > 1) ? desc_queue_i : '0;
  assign open   = open_q[q];
  assign more   = desc_i[84] & ~desc_err_i;
  assign cont   = desc_i[85] & ~desc_err_i;
  assign len    = desc_i[79:64];
  assign chain  = open | more;
  assign skip   = ~open & cont & skip_q[q];
  // A first one, and the frame before has no last: that one ends, this one waits.
  assign broken = open & ~cont & ~desc_err_i;
  assign take   = desc_valid_i & desc_ready_o;
  assign over   = open & more & (count_q[{q, 2'd0} +: 4] == 4'd7);
  assign last   = ~more | over;
  assign keep   = take & chain & ~skip & ~desc_err_i & (len != 16'd0);
  assign stored = open ? parts_q[{q, 2'd0} +: 4] : 4'd0;
  assign sum    = {1'b0, open ? sum_q[{q, 4'd0} +: 16] : 16'd0} + {1'b0, len};

  assign desc_ready_o  = ~full_q & (chain ? ~broken : skip | frame_ready_i);
  assign first         = first_mem[full_queue_q];
  assign frame_valid_o = full_q | (desc_valid_i & ~chain & ~skip);
  assign frame_o       = full_q ? {first[255:80], sum_q[{full_queue_q, 4'd0} +: 16], first[63:0]}
                                : desc_i;
  assign frame_err_o   = full_q ? full_err_q : desc_err_i;
  assign frame_bad_o   = full_q ? full_bad_q : cont;
  assign frame_queue_o = full_q ? full_queue_q : desc_queue_i;
  assign frame_chain_o = full_q;
  assign frame_parts_o = parts_q[{full_queue_q, 2'd0} +: 4];
  assign leave         = full_q & frame_ready_i;
  assign part_o        = parts_mem[leave ? {full_queue_q, bank_q[full_queue_q], part_idx_i}
                                         : {emit_queue_q, emit_bank_q, part_idx_i}];
  assign busy_o        = full_q | (open_q != '0);

  logic [Slots-1:0] flush, flush_q;   // queues behind queue 0 may give one more after flush_i
  assign flush = Slots'(flush_i) | flush_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      open_q     <= '0;
      skip_q     <= '0;
      bank_q     <= '0;
      full_q     <= 1'b0;
      full_err_q <= 1'b0;
      full_bad_q <= 1'b0;
      flush_q    <= '0;
    end else begin
      flush_q <= Slots'(flush_i);
      if (take && !cont && !desc_err_i) skip_q[q] <= 1'b0;
      if (take && desc_err_i) skip_q[q] <= 1'b1;
      if (desc_valid_i && !full_q && chain && !skip) begin
        open_q[q] <= ~(broken | last);
        if (broken | last) begin
          full_q     <= 1'b1;
          full_err_q <= desc_err_i;
          full_bad_q <= broken | over | (open & bad_q[q]) | (~desc_err_i & sum[16]);
        end
        if (over && !broken) skip_q[q] <= 1'b1;
      end
      if (leave) begin
        full_q               <= 1'b0;
        bank_q[full_queue_q] <= ~bank_q[full_queue_q];
      end
      for (int unsigned i = 0; i < Slots; i++) begin
        if (flush[i]) begin
          open_q[i] <= 1'b0;
          skip_q[i] <= 1'b0;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (desc_valid_i && !full_q && chain && !skip) begin
      full_queue_q <= q;
      if (!broken && !desc_err_i) begin
        if (!open) first_mem[q] <= desc_i;
        bad_q[q]                <= open ? bad_q[q] | sum[16] : cont;
        sum_q[{q, 4'd0} +: 16]  <= sum[15:0];
        parts_q[{q, 2'd0} +: 4] <= stored + 4'(len != 16'd0);
        count_q[{q, 2'd0} +: 4] <= open ? count_q[{q, 2'd0} +: 4] + 4'd1 : 4'd1;
      end
    end
    if (keep) parts_mem[{q, bank_q[q], stored[2:0]}] <= {len, desc_i[63:0]};
    if (leave) begin
      emit_queue_q <= full_queue_q;
      emit_bank_q  <= bank_q[full_queue_q];
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, first[79:64]};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (keep || leave)) begin
      assert (!(keep && stored[3])) else $fatal(1, "nic_tx_gather: a ninth part");
      assert (!(leave && !full_bad_q && !full_err_q && frame_parts_o == 4'd0
                && sum_q[{full_queue_q, 4'd0} +: 16] != 16'd0))
        else $fatal(1, "nic_tx_gather: bytes without a part");
    end
  end
`endif
endmodule
