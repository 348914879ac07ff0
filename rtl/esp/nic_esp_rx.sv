// SPDX-License-Identifier: BSD-2-Clause
//
// nic_esp_rx: inline ESP decryption: realign, split, AES-GCM, merge with the verdict, strip (packet
// offload, with one lane); beside the merge the checksum inside is looked at. Other frames go round the engine in the same order. With several lanes
// nic_sa_ahead reads the SAs in front of the splitter.
// Throughput a beat a cycle. Latency is that of nic_gcm and a cycle for each block on the way; a frame
// leaves with its verdict.
//
//   beats --> realign --> FIFO --> split --+--> bypass FIFO --+--> merge --> strip --> frame, record FIFO
//   frames -------^------------------^     +--> nic_gcm ------+
//                                          '--> merge FIFO ---'
module nic_esp_rx #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               flag_bad_i,
  input  logic               csum_i,        // CTRL.RX_CSUM
  input  logic               frame_valid_i,
  output logic               frame_ready_o,
  input  nic_pkg::rx_frame_t frame_i,
  input  logic               beat_valid_i,
  output logic               beat_ready_o,
  input  logic [128*Lanes-1:0] beat_i,
  output logic               sa_rd_en_o,
  output logic [9:0]         sa_rd_idx_o,
  input  nic_pkg::sa_entry_t sa_i,
  input  logic [63:0]        sa_seq_i,
  output logic               wr_valid_o,
  input  logic               wr_ready_i,
  output logic [128*Lanes-1:0] wr_data_o,
  output logic               commit_o,
  output logic               rollback_o,
  output logic [4:0]         trim_o,        // beats
  output logic               done_valid_o,
  input  logic               done_ready_i,
  output nic_pkg::rx_done_t  done_o,
  output logic               l4_valid_o,    // one for each done_o.csum
  input  logic               l4_ready_i,
  output logic               l4_ok_o,
  output nic_pkg::sa_event_t event_o,
  output nic_pkg::seq_ask_t  seq_ask_o,
  input  logic               seq_answer_i,
  input  logic               seq_replay_i,
  output nic_pkg::seq_end_t  seq_end_o,
  output logic               no_sa_o,
  output logic               bad_pad_o
);
  localparam int unsigned Width  = 128 * Lanes;
  localparam int unsigned ByteW  = $clog2(16 * Lanes);
  localparam int unsigned Frames = (Lanes == 1) ? 16 : 32;   // between split and merge

  // The frame record goes to the realigner and, over a short FIFO, to the splitter.
  logic               realign_valid, realign_ready, split_room, split_valid, split_ready;
  logic [ByteW-1:0]   in_lead, lead;
  logic [15:0]        len;
  nic_pkg::rx_frame_t split_frame;
  assign in_lead = frame_i.crypt ? ByteW'(8'd0 - frame_i.esp_off - 8'd16) : '0;
  logic                split_rd_en;
  logic [9:0]          split_rd_idx;
  nic_pkg::sa_entry_t  sa;
  nic_pkg::esn_guess_t guess;
  if (Lanes == 1) begin : gen_sa
    nic_fifo #(.Width($bits(frame_i)), .Depth(2)) i_frames (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .valid_i(frame_valid_i & realign_ready), .ready_o(split_room), .data_i(frame_i),
      .valid_o(split_valid), .ready_i(split_ready), .data_o(split_frame), .count_o()
    );
    assign frame_ready_o = realign_ready & split_room;
    assign realign_valid = frame_valid_i & split_room;
    assign lead          = in_lead;
    assign len           = frame_i.len;
    assign sa_rd_en_o    = split_rd_en;
    assign sa_rd_idx_o   = split_rd_idx;
    assign sa            = sa_i;
    // The SA came with the last edge: its guess is made while headers pass.
    logic                sa_here_q;
    nic_pkg::esn_guess_t guess_q;
    assign guess = guess_q;
    always_ff @(posedge clk_i) begin
      sa_here_q <= split_rd_en;
      if (sa_here_q) guess_q <= nic_pkg::esn_guess(sa_i.window, sa_seq_i);
    end
  end else begin : gen_sa_ahead
    // The SA is on its way while the frames before are being moved.
    logic cmd_room;
    assign frame_ready_o = split_room & cmd_room;
    nic_fifo #(.Width(ByteW + 16), .Depth(4)) i_cmds (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .valid_i(frame_valid_i & split_room), .ready_o(cmd_room), .data_i({in_lead, frame_i.len}),
      .valid_o(realign_valid), .ready_i(realign_ready), .data_o({lead, len}), .count_o()
    );
    nic_sa_ahead #(.Width($bits(frame_i))) i_ahead (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .valid_i(frame_valid_i & cmd_room), .ready_o(split_room), .frame_i(frame_i),
      .read_i(frame_i.crypt), .idx_i(frame_i.sa_idx[9:0]),
      .sa_rd_en_o(sa_rd_en_o), .sa_rd_idx_o(sa_rd_idx_o), .sa_i(sa_i),
      .guess_i(nic_pkg::esn_guess(sa_i.window, sa_seq_i)),
      .valid_o(split_valid), .ready_i(split_ready), .frame_o(split_frame), .sa_o(sa),
      .guess_o(guess)
    );
    logic unused_read;
    assign unused_read = &{1'b0, split_rd_en, split_rd_idx};
  end

  logic         moved_valid, moved_ready, moved_last, a_valid, a_ready, a_last;
  logic [Width-1:0] moved, a_data;
  logic         unused_first, unused_moved_err;
  logic [ByteW-1:0] unused_tail;
  nic_realign #(.Lanes(Lanes)) i_realign (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .cmd_valid_i(realign_valid), .cmd_ready_o(realign_ready),
    .cmd_src_i('0), .cmd_dst_i(lead), .cmd_len_i(len), .cmd_more_i(1'b0), .cmd_keep_i(1'b0),
    .in_valid_i(beat_valid_i), .in_ready_o(beat_ready_o), .in_new_o(), .in_data_i(beat_i),
    .in_err_i(1'b0),
    .out_valid_o(moved_valid), .out_ready_i(moved_ready), .out_data_o(moved),
    .out_first_o(unused_first), .out_last_o(moved_last), .out_tail_o(unused_tail),
    .out_err_o(unused_moved_err)
  );
  nic_fifo #(.Width(Width + 1), .Depth(2)) i_moved (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(moved_valid), .ready_o(moved_ready), .data_i({moved_last, moved}),
    .valid_o(a_valid), .ready_i(a_ready), .data_o({a_last, a_data}), .count_o()
  );

  logic               bypass_in_valid, bypass_in_ready, bypass_valid, bypass_ready;
  logic [Width-1:0]   bypass;
  logic               merge_in_valid, merge_in_ready, merge_valid, merge_ready;
  nic_pkg::rx_merge_t merge_in, merge;
  logic               cmd_valid, cmd_ready, text_in_valid, text_in_ready, text_valid, text_ready;
  nic_pkg::gcm_cmd_t  cmd;
  logic [Width-1:0]   text_in, text;
  logic [127:0]       exp;
  logic               exp_valid, exp_ready, tag_valid, tag_ready, tag_ok;

  nic_esp_rx_split #(.Lanes(Lanes)) i_split (
    .clk_i(clk_i), .rst_ni(rst_ni), .csum_i(csum_i),
    .frame_valid_i(split_valid), .frame_ready_o(split_ready), .frame_i(split_frame),
    .beat_valid_i(a_valid), .beat_ready_o(a_ready), .beat_i(a_data), .beat_last_i(a_last),
    .sa_rd_en_o(split_rd_en), .sa_rd_idx_o(split_rd_idx), .sa_i(sa), .guess_i(guess),
    .bypass_valid_o(bypass_in_valid), .bypass_ready_i(bypass_in_ready),
    .merge_valid_o(merge_in_valid), .merge_ready_i(merge_in_ready), .merge_o(merge_in),
    .cmd_valid_o(cmd_valid), .cmd_ready_i(cmd_ready), .cmd_o(cmd),
    .text_valid_o(text_in_valid), .text_ready_i(text_in_ready), .text_o(text_in),
    .exp_valid_o(exp_valid), .exp_ready_i(exp_ready), .exp_o(exp), .no_sa_o(no_sa_o)
  );

  nic_fifo #(.Width(Width), .Depth(64)) i_bypass (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(bypass_in_valid), .ready_o(bypass_in_ready), .data_i(a_data),
    .valid_o(bypass_valid), .ready_i(bypass_ready), .data_o(bypass), .count_o()
  );
  nic_fifo #(.Width($bits(merge_in)), .Depth(Frames)) i_merges (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(merge_in_valid), .ready_o(merge_in_ready), .data_i(merge_in),
    .valid_o(merge_valid), .ready_i(merge_ready), .data_o(merge), .count_o()
  );

  logic         unused_last, gcm_valid, gcm_ready;
  logic [Width-1:0] gcm_text;
  logic [127:0] unused_tag;
  nic_gcm #(.Lanes(Lanes)) i_gcm (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .cmd_valid_i(cmd_valid), .cmd_ready_o(cmd_ready), .cmd_i(cmd),
    .in_valid_i(text_in_valid), .in_ready_o(text_in_ready), .in_data_i(text_in),
    .exp_valid_i(exp_valid), .exp_ready_o(exp_ready), .exp_tag_i(exp),
    .out_valid_o(gcm_valid), .out_ready_i(gcm_ready), .out_data_o(gcm_text),
    .out_last_o(unused_last),
    .tag_valid_o(tag_valid), .tag_ready_i(tag_ready), .tag_o(unused_tag), .tag_ok_o(tag_ok)
  );
  // While the last beat of a frame waits for its verdict, text of the next one gathers here.
  nic_fifo #(.Width(Width), .Depth(16)) i_text (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(gcm_valid), .ready_o(gcm_ready), .data_i(gcm_text),
    .valid_o(text_valid), .ready_i(text_ready), .data_o(text), .count_o()
  );

  logic              wr_valid, wr_ready, commit, rollback;
  nic_pkg::rx_done_t done;
  nic_pkg::rx_mark_t mark;
  logic [15:0]       text_len, span;
  nic_pkg::rx_look_t look;
  nic_esp_rx_merge #(.Lanes(Lanes)) i_merge (
    .clk_i(clk_i), .rst_ni(rst_ni), .flag_bad_i(flag_bad_i),
    .merge_valid_i(merge_valid), .merge_ready_o(merge_ready), .merge_i(merge),
    .bypass_valid_i(bypass_valid), .bypass_ready_o(bypass_ready), .bypass_i(bypass),
    .text_valid_i(text_valid), .text_ready_o(text_ready), .text_i(text),
    .tag_valid_i(tag_valid), .tag_ready_o(tag_ready), .tag_ok_i(tag_ok),
    .wr_valid_o(wr_valid), .wr_ready_i(wr_ready), .wr_data_o(wr_data_o),
    .commit_o(commit), .rollback_o(rollback),
    .done_valid_o(done_valid_o), .done_ready_i(done_ready_i), .done_o(done),
    .mark_o(mark), .text_len_o(text_len), .span_o(span), .look_o(look), .event_o(event_o),
    .seq_ask_o(seq_ask_o), .seq_answer_i(seq_answer_i), .seq_replay_i(seq_replay_i),
    .seq_end_o(seq_end_o)
  );
  nic_csum_rx #(.Lanes(Lanes)) i_csum (
    .clk_i(clk_i), .rst_ni(rst_ni), .look_i(look), .header_i(bypass), .text_i(text),
    .ok_valid_o(l4_valid_o), .ok_ready_i(l4_ready_i), .ok_o(l4_ok_o)
  );
  if (Lanes == 1) begin : gen_strip
    nic_esp_strip i_strip (
      .clk_i(clk_i), .rst_ni(rst_ni), .mark_i(mark),
      .wr_valid_i(wr_valid), .wr_ready_o(wr_ready), .wr_data_i(wr_data_o), .commit_i(commit),
      .rollback_i(rollback), .done_valid_i(done_valid_o), .done_i(done),
      .text_len_i(text_len), .span_i(span),
      .wr_valid_o(wr_valid_o), .wr_ready_i(wr_ready_i), .commit_o(commit_o),
      .rollback_o(rollback_o), .trim_o(trim_o), .done_o(done_o), .bad_pad_o(bad_pad_o)
    );
  end else begin : gen_no_strip
    assign wr_valid_o = wr_valid;
    assign wr_ready   = wr_ready_i;
    assign commit_o   = commit;
    assign rollback_o = rollback;
    assign trim_o     = '0;
    assign done_o     = done;
    assign bad_pad_o  = 1'b0;
    logic unused_strip;
    assign unused_strip = &{1'b0, mark, text_len, span};
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, unused_last, unused_tag, unused_first, unused_tail,
                         unused_moved_err};
endmodule
