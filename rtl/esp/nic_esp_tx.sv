// SPDX-License-Identifier: BSD-2-Clause
//
// nic_esp_tx: inline ESP encryption: build (packet offload), split, AES-GCM, merge. Plain frames go
// round the engine in the same order.
// Throughput a beat a cycle. Latency is that of nic_gcm and a cycle for each block on the way.
//
// With several lanes nic_sa_ahead reads the SAs in front of the splitter, and there is no packet offload.
//
//   frames, beats --> build --> split --+--> bypass FIFO ------+--> merge --> frame, record FIFO
//                                       +--> nic_gcm ----------+
//                                       '--> merge, end FIFOs -'
module nic_esp_tx #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               frame_valid_i,
  output logic               frame_ready_o,
  input  nic_pkg::tx_frame_t frame_i,
  input  logic               beat_valid_i,
  output logic               beat_ready_o,
  input  logic [128*Lanes-1:0] beat_i,
  input  logic               beat_last_i,
  input  logic               beat_err_i,
  output logic               sa_rd_en_o,
  output logic [9:0]         sa_rd_idx_o,
  input  nic_pkg::sa_entry_t sa_i,
  output logic               number_rd_en_o,
  input  logic [63:0]        number_i,      // the next one of the SA
  input  logic               spent_i,
  output logic               take_o,
  output logic               wr_valid_o,
  input  logic               wr_ready_i,
  output logic [128*Lanes-1:0] wr_data_o,
  output logic               commit_o,
  output logic               rollback_o,
  output logic               done_valid_o,
  input  logic               done_ready_i,
  output nic_pkg::tx_done_t  done_o,
  output nic_pkg::sa_event_t event_o
);
  localparam int unsigned Width = 128 * Lanes;
  localparam int unsigned Frames = (Lanes == 1) ? 16 : 32;   // between split and merge

  logic               bypass_in_valid, bypass_in_ready, bypass_valid, bypass_ready;
  logic [Width-1:0]   bypass;
  logic               merge_in_valid, merge_in_ready, merge_valid, merge_ready;
  nic_pkg::tx_merge_t merge_in, merge;
  logic               end_in_valid, end_in_ready, end_in_err, end_valid, end_ready, end_err;
  logic               cmd_valid, cmd_ready, text_in_valid, text_in_ready, text_valid, text_ready;
  nic_pkg::gcm_cmd_t  cmd;
  logic [Width-1:0]   text_in, text;
  logic [127:0]       tag;
  logic               tag_valid, tag_ready;

  logic               split_valid, split_ready, split_rd_en;
  logic [9:0]         split_rd_idx;
  nic_pkg::tx_frame_t split_frame;
  nic_pkg::sa_entry_t sa;
  logic               beat_valid, beat_ready, beat_last, beat_err;
  logic [Width-1:0]   beat;
  if (Lanes == 1) begin : gen_sa
    assign split_valid   = frame_valid_i;
    assign frame_ready_o = split_ready;
    assign sa            = sa_i;
    assign sa_rd_en_o    = split_rd_en;
    assign sa_rd_idx_o   = split_rd_idx;
    nic_esp_build i_build (
      .clk_i(clk_i), .rst_ni(rst_ni), .frame_i(frame_i), .frame_o(split_frame),
      .beat_valid_i(beat_valid_i), .beat_ready_o(beat_ready_o), .beat_i(beat_i),
      .beat_last_i(beat_last_i), .beat_err_i(beat_err_i), .spi_i(sa_i.spi), .number_i(number_i),
      .beat_valid_o(beat_valid), .beat_ready_i(beat_ready), .beat_o(beat), .beat_last_o(beat_last),
      .beat_err_o(beat_err)
    );
  end else begin : gen_sa_ahead
    nic_pkg::esn_guess_t unused_guess;
    nic_sa_ahead #(.Width($bits(frame_i))) i_ahead (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .valid_i(frame_valid_i), .ready_o(frame_ready_o), .frame_i(frame_i),
      .read_i(frame_i.ipsec & (frame_i.code == nic_pkg::CODE_OK)), .idx_i(frame_i.sa_idx[9:0]),
      .sa_rd_en_o(sa_rd_en_o), .sa_rd_idx_o(sa_rd_idx_o), .sa_i(sa_i), .guess_i('0),
      .valid_o(split_valid), .ready_i(split_ready), .frame_o(split_frame), .sa_o(sa),
      .guess_o(unused_guess)
    );
    assign beat_valid   = beat_valid_i;
    assign beat_ready_o = beat_ready;
    assign beat         = beat_i;
    assign beat_last    = beat_last_i;
    assign beat_err     = beat_err_i;
    logic unused_read;
    assign unused_read = &{1'b0, split_rd_en, split_rd_idx, unused_guess, number_i};
  end

  nic_esp_tx_split #(.Lanes(Lanes)) i_split (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .frame_valid_i(split_valid), .frame_ready_o(split_ready), .frame_i(split_frame),
    .beat_valid_i(beat_valid), .beat_ready_o(beat_ready), .beat_i(beat),
    .beat_last_i(beat_last), .beat_err_i(beat_err),
    .sa_rd_en_o(split_rd_en), .sa_rd_idx_o(split_rd_idx), .sa_i(sa),
    .spent_i(spent_i), .number_rd_en_o(number_rd_en_o), .take_o(take_o),
    .bypass_valid_o(bypass_in_valid), .bypass_ready_i(bypass_in_ready),
    .merge_valid_o(merge_in_valid), .merge_ready_i(merge_in_ready), .merge_o(merge_in),
    .end_valid_o(end_in_valid), .end_ready_i(end_in_ready), .end_err_o(end_in_err),
    .cmd_valid_o(cmd_valid), .cmd_ready_i(cmd_ready), .cmd_o(cmd),
    .text_valid_o(text_in_valid), .text_ready_i(text_in_ready), .text_o(text_in)
  );

  nic_fifo #(.Width(Width), .Depth(64)) i_bypass (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(bypass_in_valid), .ready_o(bypass_in_ready), .data_i(beat),
    .valid_o(bypass_valid), .ready_i(bypass_ready), .data_o(bypass), .count_o()
  );
  nic_fifo #(.Width($bits(merge_in)), .Depth(Frames)) i_merges (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(merge_in_valid), .ready_o(merge_in_ready), .data_i(merge_in),
    .valid_o(merge_valid), .ready_i(merge_ready), .data_o(merge), .count_o()
  );
  nic_fifo #(.Width(1), .Depth(Frames)) i_ends (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(end_in_valid), .ready_o(end_in_ready), .data_i(end_in_err),
    .valid_o(end_valid), .ready_i(end_ready), .data_o(end_err), .count_o()
  );

  logic unused_exp_ready, unused_last, unused_ok, gcm_valid, gcm_ready;
  logic [Width-1:0] gcm_text;
  nic_gcm #(.Lanes(Lanes)) i_gcm (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .cmd_valid_i(cmd_valid), .cmd_ready_o(cmd_ready), .cmd_i(cmd),
    .in_valid_i(text_in_valid), .in_ready_o(text_in_ready), .in_data_i(text_in),
    .exp_valid_i(1'b0), .exp_ready_o(unused_exp_ready), .exp_tag_i(128'd0),
    .out_valid_o(gcm_valid), .out_ready_i(gcm_ready), .out_data_o(gcm_text),
    .out_last_o(unused_last),
    .tag_valid_o(tag_valid), .tag_ready_i(tag_ready), .tag_o(tag), .tag_ok_o(unused_ok)
  );
  // While the last text beat waits for its tag, text of the next frame gathers here.
  nic_fifo #(.Width(Width), .Depth(16)) i_text (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(gcm_valid), .ready_o(gcm_ready), .data_i(gcm_text),
    .valid_o(text_valid), .ready_i(text_ready), .data_o(text), .count_o()
  );

  nic_esp_tx_merge #(.Lanes(Lanes)) i_merge (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .merge_valid_i(merge_valid), .merge_ready_o(merge_ready), .merge_i(merge),
    .bypass_valid_i(bypass_valid), .bypass_ready_o(bypass_ready), .bypass_i(bypass),
    .end_valid_i(end_valid), .end_ready_o(end_ready), .end_err_i(end_err),
    .text_valid_i(text_valid), .text_ready_o(text_ready), .text_i(text),
    .tag_valid_i(tag_valid), .tag_ready_o(tag_ready), .tag_i(tag),
    .wr_valid_o(wr_valid_o), .wr_ready_i(wr_ready_i), .wr_data_o(wr_data_o),
    .commit_o(commit_o), .rollback_o(rollback_o),
    .done_valid_o(done_valid_o), .done_ready_i(done_ready_i), .done_o(done_o),
    .event_o(event_o)
  );

  logic unused_bits;
  assign unused_bits = &{1'b0, unused_exp_ready, unused_last, unused_ok};
endmodule
