// SPDX-License-Identifier: BSD-2-Clause
//
// nic_esp_rx_merge: puts received frames together again, plain text in the place of cipher text,
// into the frame FIFO, and holds the last beat until the verdict on the ICV is there: good commits
// the frame, bad forgets all of it and leaves a record with AUTH_FAIL; with flag_bad_i a bad frame is
// kept too, under that code. Each verdict is an event of its SA. When the frame's number is to be
// noted, the SA's window is asked with the first beat and told with the last: under packet offload a
// number seen before, or too old, is refused whatever its ICV is. Latency 1 cycle; one beat a cycle.
//
//   bypass, text --> one beat --> out_q --> frame FIFO
//   verdict, replay --> commit or rollback, record FIFO
module nic_esp_rx_merge #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               flag_bad_i,
  input  logic               merge_valid_i,
  output logic               merge_ready_o,
  input  nic_pkg::rx_merge_t merge_i,
  input  logic               bypass_valid_i,
  output logic               bypass_ready_o,
  input  logic [128*Lanes-1:0] bypass_i,
  input  logic               text_valid_i,
  output logic               text_ready_o,
  input  logic [128*Lanes-1:0] text_i,         // bytes past the text are zero
  input  logic               tag_valid_i,
  output logic               tag_ready_o,
  input  logic               tag_ok_i,
  output logic               wr_valid_o,
  input  logic               wr_ready_i,
  output logic [128*Lanes-1:0] wr_data_o,
  output logic               commit_o,
  output logic               rollback_o,
  output logic               done_valid_o,
  input  logic               done_ready_i,
  output nic_pkg::rx_done_t  done_o,
  output nic_pkg::rx_mark_t  mark_o,         // of wr_data_o
  output logic [15:0]        text_len_o,     // with done_o
  output logic [15:0]        span_o,         // with done_o: bytes of text and in front of ESP
  output nic_pkg::rx_look_t  look_o,         // of the beats as they come in
  output nic_pkg::sa_event_t event_o,        // valid for one cycle
  output nic_pkg::seq_ask_t  seq_ask_o,
  input  logic               seq_answer_i,
  input  logic               seq_replay_i,
  output nic_pkg::seq_end_t  seq_end_o
);
  localparam int unsigned ByteW = 4 + $clog2(Lanes);
  localparam int unsigned Width = 128 * Lanes;

  logic [9:0]        idx_q;   // beats of the frame that have passed
  logic              out_valid_q, out_end_q, out_keep_q;
  logic [Width-1:0]  out_q;
  nic_pkg::rx_done_t done_q;
  nic_pkg::rx_mark_t mark_q;
  logic [15:0]       text_len_q, span_q;
  logic              asked_q;

  logic [ByteW-1:0] tail;
  logic in_text, mixed, final_beat, room, src_valid, move, bad, replay;

  assign tail       = merge_i.tail[ByteW-1:0];
  assign in_text    = (idx_q >= merge_i.hdr) & (idx_q < merge_i.text_end);
  assign mixed      = in_text & (idx_q + 10'd1 == merge_i.text_end) & (tail != '0);
  assign final_beat = idx_q + 10'd1 == merge_i.total;
  assign bad        = merge_i.crypt & ~tag_ok_i;
  assign replay     = merge_i.packet & seq_replay_i;

  // The output register waits for room for its beat and for its record.
  assign room      = (~out_valid_q | wr_ready_i) & (~out_end_q | done_ready_i);
  assign src_valid = (~in_text | text_valid_i) & ((in_text & ~mixed) | bypass_valid_i)
                     & (~(final_beat & merge_i.crypt) | tag_valid_i)
                     & (~(final_beat & merge_i.track) | (asked_q & seq_answer_i));
  assign move      = merge_valid_i & src_valid & room;

  assign merge_ready_o  = move & final_beat;
  assign bypass_ready_o = move & (~in_text | mixed);
  assign text_ready_o   = move & in_text;
  assign tag_ready_o    = move & final_beat & merge_i.crypt;
  assign event_o.valid  = tag_ready_o & ~replay;
  assign event_o.bad    = bad;
  assign event_o.idx    = merge_i.done.sa_idx[9:0];
  assign event_o.len    = merge_i.done.len;

  assign seq_ask_o.valid  = merge_valid_i & merge_i.track & ~asked_q;
  assign seq_ask_o.idx    = merge_i.done.sa_idx[9:0];
  assign seq_ask_o.window = merge_i.window;
  assign seq_ask_o.seq    = {merge_i.done.esn_hi, merge_i.seq};
  // RFC 4303 §3.4.3: the window moves only when the ICV is good.
  assign seq_end_o.note   = tag_ready_o & merge_i.track & ~replay & ~bad;
  assign seq_end_o.replay = tag_ready_o & replay;

  assign wr_valid_o   = out_valid_q & room;
  assign wr_data_o    = out_q;
  assign done_valid_o = out_end_q & room;
  assign commit_o     = out_end_q & room & out_keep_q;
  assign rollback_o   = out_end_q & room & ~out_keep_q;
  assign look_o.valid    = move & merge_i.done.csum;
  assign look_o.esp      = idx_q == merge_i.esp;
  assign look_o.text     = in_text;
  assign look_o.first    = idx_q == merge_i.hdr;
  assign look_o.last     = in_text & (idx_q + 10'd1 == merge_i.text_end);
  assign look_o.stop     = final_beat;
  assign look_o.tail     = merge_i.tail;
  assign look_o.form     = merge_i.form;
  assign look_o.text_len = merge_i.text_len;

  assign done_o       = done_q;
  assign mark_o       = mark_q;
  assign text_len_o   = text_len_q;
  assign span_o       = span_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      idx_q       <= '0;
      out_valid_q <= 1'b0;
      out_end_q   <= 1'b0;
      out_keep_q  <= 1'b0;
      asked_q     <= 1'b0;
      mark_q      <= '0;
    end else begin
      if (merge_valid_i && merge_i.track) asked_q <= ~merge_ready_o;
      if (room) begin
        out_valid_q <= move;
        out_end_q   <= move & final_beat;
      end
      if (move) begin
        idx_q      <= final_beat ? 10'd0 : idx_q + 10'd1;
        out_keep_q <= ~replay & (~bad | (flag_bad_i & ~merge_i.packet));
        if (merge_i.packet || mark_q.packet) begin
          mark_q.packet <= merge_i.packet;
          mark_q.drop   <= (idx_q == merge_i.esp) | (idx_q > merge_i.text_last);
          mark_q.text   <= (idx_q > merge_i.esp) & (idx_q <= merge_i.text_last);
          mark_q.last   <= idx_q == merge_i.text_last;
          mark_q.tail   <= merge_i.tail[3:0];
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (move) begin
      if (mixed) out_q <= text_i | (bypass_i & ({Width{1'b1}} << {tail, 3'd0}));
      else if (in_text) out_q <= text_i;
      else out_q <= bypass_i;
      if (final_beat) begin
        done_q     <= merge_i.done;
        text_len_q <= merge_i.text_len;
        span_q     <= merge_i.text_len + {8'd0, merge_i.done.esp_off};
        if (merge_i.packet) begin
          done_q.packet <= 1'b1;
          done_q.esn_hi <= merge_i.seq;
        end
        if (replay) begin
          done_q.code <= nic_pkg::CODE_REPLAY;
          done_q.secp <= 1'b0;
          done_q.len  <= 16'd0;
        end else if (bad) begin
          done_q.code <= nic_pkg::CODE_AUTH_FAIL;
          done_q.secp <= 1'b0;
          if (!flag_bad_i || merge_i.packet) done_q.len <= 16'd0;
        end
      end
    end
  end

`ifndef SYNTHESIS
  // No frame byte is released with a bad ICV, unless software asked for it.
  always_ff @(posedge clk_i) begin
    if (commit_o && rst_ni) begin
      assert (!(done_q.code == nic_pkg::CODE_AUTH_FAIL && done_q.len == 16'd0))
        else $fatal(1, "nic_esp_rx_merge: bad frame kept");
    end
    if (move && rst_ni) begin
      assert (idx_q < merge_i.total) else $fatal(1, "nic_esp_rx_merge: too many beats");
    end
  end
`endif
endmodule
