// SPDX-License-Identifier: BSD-2-Clause
//
// nic_csum_tx: puts the Internet checksum (RFC 1071) into frames whose descriptor asks for it, before
// anything is encrypted: of the bytes from start on, up to end, in which software has left the sum of
// the pseudo header at the place of the field. The field lies in front of what it sums, so such a frame
// is stored until its sum is known; others go straight through, or wait behind it. A sum of 0 is sent
// as ffff, which is the same number and no "none" of UDP (RFC 768). Latency 0 cycles; of a frame that is
// stored its length and 6. One beat a cycle, also of frames stored back to back.
//
//   in --+---------------------------------------------------(nothing stored)--+--> out
//        +--> frame FIFO ------------------------------------> field put in ---'
//        '--> masked_q --> acc_q --> fold_q --> long_q --> sum FIFO -^
module nic_csum_tx #(
  parameter int unsigned Lanes = 1,            // blocks of 16 bytes in a beat: 1, 2 or 4
  localparam int unsigned Width = 128 * Lanes
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              plan_valid_i,      // one for each frame, before its first beat
  output logic              plan_ready_o,
  input  nic_pkg::tx_csum_t plan_i,
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic [Width-1:0]  in_data_i,
  input  logic              in_last_i,
  input  logic              in_err_i,
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [Width-1:0]  out_data_o,
  output logic              out_last_o,
  output logic              out_err_o
);
  localparam int unsigned Bytes = 16 * Lanes;
  localparam int unsigned ByteW = $clog2(Bytes);
  localparam int unsigned Sums  = 32;          // frames stored; a few fewer, with those being summed
  localparam int unsigned CountW = $clog2(Sums + 1);

  logic              plan_valid, in_move, out_move, direct, stored, begins, through_q, room, wr_ready;
  nic_pkg::tx_csum_t plan;
  logic [9:0]        in_idx_q, out_idx_q;      // beats of the frame that have passed
  logic [CountW-1:0] held_q;                   // frames stored, the one that is coming in with them

  nic_fifo #(.Width($bits(plan_i)), .Depth(64 * Lanes)) i_plans (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(plan_valid_i), .ready_o(plan_ready_o), .data_i(plan_i),
    .valid_o(plan_valid), .ready_i(in_move & in_last_i), .data_o(plan), .count_o()
  );

  // What began straight goes on so.
  assign direct     = through_q | ((in_idx_q == 10'd0) & (held_q == '0) & ~plan.on);
  assign room       = held_q < CountW'(Sums - 8);
  assign in_ready_o = plan_valid & (direct ? out_ready_i : wr_ready & room);
  assign in_move    = in_valid_i & in_ready_o;
  assign stored     = in_move & ~direct;
  assign begins     = stored & (in_idx_q == 10'd0);

  // The bytes of this beat that are summed: from one place in one beat up to another.
  logic [9:0]       from_beat, to_beat;
  logic [Width-1:0] summed;
  logic             begun, begins_here, goes_on, ends_here;
  assign from_beat   = 10'(plan.start >> ByteW);
  assign to_beat     = 10'(plan.stop >> ByteW);
  assign begun       = in_idx_q > from_beat;
  assign begins_here = in_idx_q == from_beat;
  assign goes_on     = in_idx_q < to_beat;
  assign ends_here   = in_idx_q == to_beat;
  always_comb begin
    summed = '0;
    if (stored) begin
      for (int unsigned i = 0; i < Bytes; i++) begin
        if ((begun || (begins_here && ByteW'(i) >= plan.start[ByteW-1:0]))
            && (goes_on || (ends_here && ByteW'(i) < plan.stop[ByteW-1:0])))
          summed[8*i +: 8] = in_data_i[8*i +: 8];
      end
    end
  end

  // A step a cycle: 64 bits at a time into two numbers, those into two of half the width, and so on.
  logic             masked_valid_q, masked_first_q, masked_last_q, acc_end_q, fold_end_q, long_end_q;
  logic             on_masked_q, on_acc_q, on_fold_q, on_long_q;
  logic [14:0]      at_masked_q, at_acc_q, at_fold_q, at_long_q;
  logic [Width-1:0] masked_q;
  logic [127:0]     acc_q, acc;
  logic [63:0]      fold_q;
  logic [16:0]      long_q;
  logic [15:0]      folded;
  always_comb begin
    acc = masked_first_q ? 128'd0 : acc_q;
    for (int unsigned i = 0; i < 2 * Lanes; i++)
      acc = nic_pkg::save64(acc[63:0], acc[127:64], masked_q[64*i +: 64]);
  end
  assign folded = long_q[15:0] + {15'd0, long_q[16]};

  logic        sum_valid, sum_ready, sum_on, out_end;
  logic [14:0] sum_at;
  logic [15:0] sum;
  nic_fifo #(.Width(32), .Depth(Sums)) i_sums (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(long_end_q), .ready_o(sum_ready),
    .data_i({on_long_q, at_long_q, (folded == 16'hffff) ? 16'hffff : ~folded}),
    .valid_o(sum_valid), .ready_i(out_end), .data_o({sum_on, sum_at, sum}), .count_o()
  );

  logic             rd_valid, rd_last, rd_err;
  logic [Width-1:0] rd_data, patched;
  nic_frame_fifo #(.Width(Width + 2), .Depth(1024 / Lanes)) i_store (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .wr_valid_i(stored), .wr_ready_o(wr_ready), .wr_data_i({in_err_i, in_last_i, in_data_i}),
    .commit_i(stored & in_last_i), .rollback_i(1'b0), .trim_i(5'd0),
    .rd_valid_o(rd_valid), .rd_ready_i(out_move & ~direct), .rd_data_o({rd_err, rd_last, rd_data})
  );
  logic [9:0]       at_beat;
  logic [ByteW-1:0] at_byte;
  logic             here, high_next;    // the field begins in this beat; its second byte begins it
  assign at_beat   = 10'(sum_at >> ByteW);
  assign at_byte   = sum_at[ByteW-1:0];
  assign here      = out_idx_q == at_beat;
  assign high_next = (out_idx_q == at_beat + 10'd1) & (at_byte == '1);
  always_comb begin
    patched = rd_data;
    if (sum_valid && sum_on && (here || high_next)) begin
      for (int unsigned i = 0; i < Bytes; i++) begin
        if (here ? (ByteW'(i) == at_byte || (i > 0 && ByteW'(i - 1) == at_byte)) : i == 0)
          patched[8*i +: 8] = (i % 2 == 1) ? sum[15:8] : sum[7:0];
      end
    end
  end

  assign out_valid_o = direct ? in_valid_i & plan_valid : rd_valid & sum_valid;
  assign out_data_o  = direct ? in_data_i : patched;
  assign out_last_o  = direct ? in_last_i : rd_last;
  assign out_err_o   = direct ? in_err_i : rd_err;
  assign out_move    = out_valid_o & out_ready_i;
  assign out_end     = out_move & ~direct & rd_last;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      in_idx_q  <= '0;
      through_q <= 1'b0;
    end else if (in_move) begin
      in_idx_q  <= in_last_i ? 10'd0 : in_idx_q + 10'd1;
      through_q <= direct & ~in_last_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      out_idx_q      <= '0;
      held_q         <= '0;
      masked_valid_q <= 1'b0;
      acc_end_q      <= 1'b0;
      fold_end_q     <= 1'b0;
      long_end_q     <= 1'b0;
    end else if (stored || held_q != '0) begin
      masked_valid_q <= stored;
      acc_end_q      <= masked_valid_q & masked_last_q;
      fold_end_q     <= acc_end_q;
      long_end_q     <= fold_end_q;
      if (out_move && !direct) out_idx_q <= rd_last ? 10'd0 : out_idx_q + 10'd1;
      held_q <= held_q + CountW'(begins) - CountW'(out_end);
    end
  end

  always_ff @(posedge clk_i) begin
    if (stored) begin
      masked_q       <= summed;
      masked_first_q <= in_idx_q == 10'd0;
      masked_last_q  <= in_last_i;
      on_masked_q    <= plan.on;
      at_masked_q    <= plan.at;
    end
    if (masked_valid_q) begin
      acc_q    <= acc;
      on_acc_q <= on_masked_q;
      at_acc_q <= at_masked_q;
    end
    if (acc_end_q) begin
      fold_q    <= nic_pkg::save_half(acc_q);
      on_fold_q <= on_acc_q;
      at_fold_q <= at_acc_q;
    end
    if (fold_end_q) begin
      long_q    <= nic_pkg::save_end(fold_q);
      on_long_q <= on_fold_q;
      at_long_q <= at_fold_q;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (long_end_q && rst_ni) assert (sum_ready) else $fatal(1, "nic_csum_tx: a sum is lost");
    if (out_move && rst_ni) begin
      assert (!out_end || held_q != '0) else $fatal(1, "nic_csum_tx: frames stored");
    end
  end
`endif
endmodule
