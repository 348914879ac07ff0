// SPDX-License-Identifier: BSD-2-Clause
//
// nic_replay: the anti-replay windows of receive SAs (RFC 4303 §3.4.3, Appendix A): for each the
// highest number seen, which of the 128 numbers that end with it were seen, and how many packets
// were refused. A number is looked at once, when its frame is put together again, one frame after
// the other: so of two copies that come in a row one is refused. The window is asked before the ICV,
// and moves only when that was good too. Crypto offload with ESN keeps the highest number alone here,
// from which high halves are guessed. Latency 3 cycles from the question to the answer; one question
// in 4 cycles, which is less than a frame takes.
//
//   ask --> mem[idx] --> row_q --> - --> ahead_q, behind_q -+-> replay_q, noted_q --(end)--> mem[idx]
//   software: read_i --> mem[idx] --> read_q (held)       splitter: rd_en --> top[idx] --> top_q
module nic_replay (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               scrub_i,
  input  logic [9:0]         scrub_row_i,
  input  nic_pkg::sa_write_t write_i,
  input  nic_pkg::seq_ask_t  ask_i,
  output logic               answer_o,       // replay_o is of the last question
  output logic               replay_o,
  input  nic_pkg::seq_end_t  end_i,          // one cycle, with or after the answer
  // Highest number of an SA, in the cycle after rd_en_i, until the next read.
  input  logic               rd_en_i,
  input  logic [9:0]         rd_idx_i,
  output logic [63:0]        top_o,
  input  logic               read_i,         // one cycle
  output logic               read_busy_o,
  output logic [223:0]       read_o          // replays, seen, highest number
);
  logic [223:0] mem [1024];
  logic [63:0]  top [1024];                  // the same, for the splitter
  logic [223:0] row_q, read_q, wait_q;
  logic [191:0] noted_q;                     // the row if this number is noted, without replays
  logic [63:0]  top_q, was_q, behind_q, ahead_q, seq_q;
  logic [127:0] seen_q;
  logic [31:0]  replays_q, refused_q;        // and with one more
  logic [9:0]   idx_q, wait_idx_q;
  logic [7:0]   window_q;
  logic [2:0]   step_q;                      // of the question: row is there, differences are, answer
  logic         newer_q, replay_q, wait_valid_q, read_pend_q, read_row_q, fetch_read;

  assign answer_o    = step_q[2];
  assign replay_o    = replay_q;
  assign top_o       = top_q;
  assign read_o      = read_q;
  assign read_busy_o = read_pend_q | read_row_q;
  // A question is in row_q for two cycles.
  assign fetch_read  = read_pend_q & ~ask_i.valid & ~step_q[0] & ~step_q[1];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      step_q       <= '0;
      replay_q     <= 1'b0;
      wait_valid_q <= 1'b0;
      read_pend_q  <= 1'b0;
      read_row_q   <= 1'b0;
      read_q       <= '0;
    end else begin
      if (ask_i.valid || step_q[1:0] != 2'd0) begin
        step_q <= {step_q[1], step_q[0], ask_i.valid};
      end
      if (step_q[1]) begin
        // RFC 4303 §3.3.3: the first number is 1, so 0 is never right.
        replay_q <= (window_q != 8'd0)
                    & ((seq_q == 64'd0)
                       | (~newer_q & ((behind_q >= {56'd0, window_q})
                                      | ((seen_q >> behind_q[6:0]) & 128'd1) != 128'd0)));
      end
      // A commit waits for a cycle without a verdict.
      if (write_i.valid) wait_valid_q <= 1'b1;
      else if (!end_i.note && !end_i.replay) wait_valid_q <= 1'b0;
      if (read_i) read_pend_q <= 1'b1;
      else if (fetch_read) read_pend_q <= 1'b0;
      read_row_q <= fetch_read;
      if (read_row_q) read_q <= row_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (ask_i.valid || fetch_read) row_q <= mem[ask_i.valid ? ask_i.idx : write_i.idx];
    if (ask_i.valid) begin
      idx_q    <= ask_i.idx;
      seq_q    <= ask_i.seq;
      window_q <= ask_i.window;
    end
    if (step_q[0]) begin
      behind_q  <= row_q[63:0] - seq_q;
      ahead_q   <= seq_q - row_q[63:0];
      newer_q   <= seq_q > row_q[63:0];
      was_q     <= row_q[63:0];
      seen_q    <= row_q[191:64];
      replays_q <= row_q[223:192];
      refused_q <= row_q[223:192] + 32'd1;
    end
    // All but the end is known a cycle before it, which comes late.
    if (step_q[1]) begin
      if (newer_q) begin
        noted_q <= {(ahead_q[63:7] != 57'd0) ? 128'd1 : (seen_q << ahead_q[6:0]) | 128'd1, seq_q};
      end else begin
        noted_q <= {(behind_q[63:7] != 57'd0) ? seen_q : seen_q | (128'd1 << behind_q[6:0]), was_q};
      end
    end
    if (write_i.valid) begin
      wait_idx_q <= write_i.idx;
      wait_q     <= {32'd0, write_i.seen, write_i.seq};
    end
    if (scrub_i) begin
      mem[scrub_row_i] <= '0;
      top[scrub_row_i] <= '0;
    end else if (end_i.replay) begin
      mem[idx_q] <= {refused_q, seen_q, was_q};
    end else if (end_i.note) begin
      mem[idx_q] <= {replays_q, noted_q};
      top[idx_q] <= noted_q[63:0];
    end else if (wait_valid_q) begin
      mem[wait_idx_q] <= wait_q;
      top[wait_idx_q] <= wait_q[63:0];
    end
    if (rd_en_i) top_q <= top[rd_idx_i];
  end

  logic unused_write;
  assign unused_write = &{1'b0, write_i.entry, write_i.flip};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (ask_i.valid || end_i.note || end_i.replay)) begin
      assert (!(end_i.note && end_i.replay)) else $fatal(1, "nic_replay: noted and refused");
      assert (!(end_i.note || end_i.replay) || step_q[2])
        else $fatal(1, "nic_replay: verdict before the answer");
      assert (!(end_i.note && window_q != 8'd0 && replay_q))
        else $fatal(1, "nic_replay: a replay is noted");
    end
  end
`endif
endmodule
