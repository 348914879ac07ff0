// SPDX-License-Identifier: BSD-2-Clause
//
// nic_gcm_issue: says which blocks the AES pipe encrypts, ahead of the data (SP 800-38D section 7).
// Per message of N text blocks: 0 (gives H), J0+1 .. J0+N (keystream), J0 (masks the tag), in
// consecutive cycles while credit_i is high; the next message follows without a gap, since its
// key goes into the pipe during the last block of this one. With several lanes J0 goes in the second
// lane of the cycle of 0, and a cycle of keystream has a block for each lane.
// Latency 2 cycles from a command to its first block while nothing else is under way. Throughput a
// block a lane a cycle.
//
//   cmd --> next_q --(end of the message before)--> iv_q, count_q, left_q --> block for each lane
//
// Byte order: byte k is bits [8k+7:8k]. J0 = IV || 1 as 32-bit big-endian; at most 4096 text blocks
// follow, so only the last two bytes of the counter ever change.
module nic_gcm_issue #(
  parameter int unsigned Lanes = 1
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         cmd_valid_i,
  output logic         cmd_ready_o,
  input  logic         cmd_key256_i,
  input  logic [255:0] cmd_key_i,
  input  logic [95:0]  cmd_iv_i,
  input  logic [15:0]  cmd_text_len_i,   // bytes
  input  logic         credit_i,         // there is room for one more result
  output logic         key_valid_o,
  output logic         key256_o,
  output logic [255:0] key_o,
  output logic         valid_o,
  output logic         zero_o,           // the first lane is 0, not a counter, the second J0
  output logic [95:0]  iv_o,
  output logic [15:0]  count_o           // of the first lane; the others follow
);
  localparam int unsigned LaneW = $clog2(Lanes);
  // The command that comes next.
  logic         next_valid_q, next_key256_q;
  logic [255:0] next_key_q;
  logic [95:0]  next_iv_q;
  logic [12:0]  next_steps_q;    // cycles of keystream, 0..4096 / Lanes
  // The message being issued.
  logic         busy_q, zero_q, last_q;
  logic [95:0]  iv_q;
  logic [12:0]  left_q;          // cycles of keystream left
  logic [15:0]  count_q;
  logic         done;

  assign cmd_ready_o = !next_valid_q;
  assign valid_o     = busy_q & credit_i;
  assign done        = valid_o & last_q;
  assign key_valid_o = next_valid_q & (!busy_q | done);
  assign key256_o    = next_key256_q;
  assign key_o       = next_key_q;
  assign zero_o      = zero_q;
  assign iv_o        = iv_q;
  assign count_o     = count_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      next_valid_q <= 1'b0;
      busy_q       <= 1'b0;
    end else begin
      if (cmd_valid_i && cmd_ready_o) next_valid_q <= 1'b1;
      else if (key_valid_o)           next_valid_q <= 1'b0;
      if (key_valid_o)                busy_q <= 1'b1;
      else if (done)                  busy_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (cmd_valid_i && cmd_ready_o) begin
      next_key256_q <= cmd_key256_i;
      next_key_q    <= cmd_key_i;
      next_iv_q     <= cmd_iv_i;
      next_steps_q  <= 13'(cmd_text_len_i[15:4+LaneW]) + 13'(|cmd_text_len_i[3+LaneW:0]);
    end
  end

  always_ff @(posedge clk_i) begin
    if (key_valid_o) begin
      zero_q  <= 1'b1;
      last_q  <= Lanes > 1 && next_steps_q == '0;
      iv_q    <= next_iv_q;
      left_q  <= next_steps_q;
      count_q <= 16'd2;
    end else if (valid_o) begin
      zero_q <= 1'b0;
      last_q <= left_q == 13'(Lanes > 1);
      left_q <= left_q - 13'd1;
      if (Lanes == 1 && left_q == '0) count_q <= 16'd1;
      else if (!zero_q)               count_q <= count_q + 16'(Lanes);
    end
  end
endmodule
