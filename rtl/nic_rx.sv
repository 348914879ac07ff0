// SPDX-License-Identifier: BSD-2-Clause
//
// nic_rx: the receive path, from wire to ring. This file only wires blocks together.
// Throughput a beat of the wire a cycle; latency is that of a whole frame, twice: it is looked up, then
// checked, before it goes on.
//
//   wire --> mac_rx --+--> frame FIFO ----------> esp_rx --+--> frame FIFO --> dma_write --> memory
//                     '--> record FIFO -> lookup -^        '--> record FIFO -----^  |
//   ring --> desc_fetch --------------------------------------------------------^   |
//   ring <-- cpl_write <------------------------------------------------------------'
module nic_rx #(
  parameter int unsigned Lanes = 1,   // blocks of 16 bytes in a beat of the stream: 1, 2 or 4
  parameter int unsigned Queues = 1,
  localparam int unsigned More  = (Queues > 1) ? Queues - 1 : 1
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                hard_rst_ni,
  output logic                busy_o,
  input  nic_pkg::cfg_t       cfg_i,
  input  nic_pkg::ring_cfg_t  ring_i,
  output logic [15:0]         head_o,
  input  nic_pkg::ring_cfg_t  cpl_ring_i,
  output logic [15:0]         cpl_tail_o,
  output logic [15:0]         cpl_issue_o,
  input  logic                more_on_i,      // of the queues behind queue 0, in this order
  input  logic [More*nic_pkg::RING_CFG_W-1:0] more_ring_i,
  output logic [More*16-1:0]  more_head_o,
  input  logic [More*nic_pkg::RING_CFG_W-1:0] more_cpl_ring_i,
  output logic [More*16-1:0]  more_cpl_tail_o,
  output logic [More*16-1:0]  more_cpl_issue_o,
  // Match and SA tables
  output logic                match_rd_en_o,
  output logic [9:0]          match_rd_bucket_o,
  output logic                match_v6_o,
  output logic [31:0]         match_spi_o,
  output logic [127:0]        match_dst_o,
  output logic                rss_esp_o,       // of the frame that is looked up
  output logic [31:0]         rss_spi_o,
  input  logic [nic_pkg::QUEUE_W-1:0] rss_queue_i,
  input  logic                match_hit_i,
  input  logic [9:0]          match_hit_sa_i,
  output logic                sa_rd_en_o,
  output logic [9:0]          sa_rd_idx_o,
  input  nic_pkg::sa_entry_t  sa_i,
  input  logic [63:0]         sa_seq_i,
  output nic_pkg::sa_event_t  event_o,
  // Replay windows
  output nic_pkg::seq_ask_t   seq_ask_o,
  input  logic                seq_answer_i,
  input  logic                seq_replay_i,
  output nic_pkg::seq_end_t   seq_end_o,
  // Memory
  output logic                desc_ar_valid_o,
  input  logic                desc_ar_ready_i,
  output logic [63:0]         desc_ar_addr_o,
  output logic [7:0]          desc_ar_len_o,
  input  logic                desc_r_valid_i,
  input  logic [256*Lanes-1:0] r_data_i,
  input  logic                r_err_i,
  input  logic                r_last_i,
  output logic                burst_valid_o,
  input  logic                burst_ready_i,
  output logic [63:0]         burst_addr_o,
  output logic [7:0]          burst_len_o,
  output logic                w_valid_o,
  input  logic                w_ready_i,
  output logic [256*Lanes-1:0] w_data_o,
  output logic [32*Lanes-1:0] w_strb_o,
  output logic                w_last_o,
  input  logic                data_ack_i,
  input  logic                ack_err_i,
  output logic                cpl_valid_o,
  input  logic                cpl_ready_i,
  output logic [63:0]         cpl_addr_o,
  output logic [3:0]          cpl_mask_o,
  output logic [511:0]        cpl_data_o,
  input  logic                cpl_ack_i,
  // Statistics
  output logic                accepted_o,
  output logic                filtered_o,
  output logic                len_bad_o,
  output logic                overflow_o,
  output logic                ok_o,
  output logic                icv_bad_o,
  output logic                no_sa_o,
  output logic                replay_o,
  output logic                bad_pad_o,
  // Wire
  input  logic [128*Lanes-1:0] s_axis_rx_tdata_i,
  input  logic [16*Lanes-1:0] s_axis_rx_tkeep_i,
  input  logic                s_axis_rx_tvalid_i,
  output logic                s_axis_rx_tready_o,
  input  logic                s_axis_rx_tlast_i
);
  localparam int unsigned Width = 128 * Lanes;

  logic               in_valid, in_ready, in_commit, in_rollback, raw_valid, raw_ready;
  logic [Width-1:0]   in_data, raw;
  logic               meta_in_valid, meta_in_ready, meta_valid, meta_ready;
  nic_pkg::rx_meta_t  meta_in, meta;
  logic               frame_valid, frame_ready;
  nic_pkg::rx_frame_t frame;
  logic               wr_valid, wr_ready, commit, rollback, rd_valid, rd_ready;
  logic [4:0]         trim;
  logic [Width-1:0]   wr_data, rd_data;
  logic               done_in_valid, done_in_ready, done_valid, done_ready;
  nic_pkg::rx_done_t  done_in, done;
  logic               l4_valid, l4_ok, done_whole;   // record, and verdict if one comes with it
  logic               desc_valid, desc_ready, desc_err, unused_waiting;
  logic [nic_pkg::QUEUE_W-1:0] unused_queue;
  logic [Queues-1:0]  unused_room;
  logic [127:0]       desc;
  logic               cpl_in_valid, cpl_in_ready;
  nic_pkg::cpl_t      cpl_in;
  logic [2:0]         completed;
  logic               split;
  logic [Queues-1:0]  flush;

  // The path between ring and completion runs only while a frame is in it.
  logic path_clk;
  nic_clock_gate i_gate (.clk_i(clk_i), .en_i(~rst_ni | busy_o | meta_valid), .clk_o(path_clk));

  nic_mac_rx #(.Lanes(Lanes)) i_mac (
    .clk_i(clk_i), .rst_ni(rst_ni), .hard_rst_ni(hard_rst_ni), .cfg_i(cfg_i),
    .s_axis_rx_tdata_i(s_axis_rx_tdata_i), .s_axis_rx_tkeep_i(s_axis_rx_tkeep_i),
    .s_axis_rx_tvalid_i(s_axis_rx_tvalid_i), .s_axis_rx_tready_o(s_axis_rx_tready_o),
    .s_axis_rx_tlast_i(s_axis_rx_tlast_i),
    .wr_valid_o(in_valid), .wr_ready_i(in_ready), .wr_data_o(in_data), .commit_o(in_commit),
    .rollback_o(in_rollback), .meta_valid_o(meta_in_valid), .meta_ready_i(meta_in_ready),
    .meta_o(meta_in),
    .accepted_o(accepted_o), .filtered_o(filtered_o), .len_bad_o(len_bad_o), .overflow_o(overflow_o)
  );

  nic_frame_fifo #(.Width(Width), .Depth(2048 / Lanes)) i_raw (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .wr_valid_i(in_valid), .wr_ready_o(in_ready), .wr_data_i(in_data), .commit_i(in_commit),
    .rollback_i(in_rollback), .trim_i(5'd0), .rd_valid_o(raw_valid), .rd_ready_i(raw_ready), .rd_data_o(raw)
  );
  nic_fifo #(.Width($bits(meta_in)), .Depth(256)) i_metas (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(meta_in_valid), .ready_o(meta_in_ready), .data_i(meta_in),
    .valid_o(meta_valid), .ready_i(meta_ready), .data_o(meta), .count_o()
  );
  nic_inflight i_inflight (
    .clk_i(clk_i), .rst_ni(rst_ni), .enter_i({1'b0, accepted_o} + {1'b0, split}),
    .leave_i(completed), .busy_o(busy_o)
  );

  assign rss_esp_o = meta.esp_seen;
  assign rss_spi_o = meta.spi;
  nic_rx_lookup #(.Lanes(Lanes)) i_lookup (
    .clk_i(path_clk), .rst_ni(rst_ni), .enable_i(cfg_i.ipsec_rx_en),
    .meta_valid_i(meta_valid), .meta_ready_o(meta_ready), .meta_i(meta), .queue_i(rss_queue_i),
    .rd_en_o(match_rd_en_o), .rd_bucket_o(match_rd_bucket_o), .v6_o(match_v6_o),
    .spi_o(match_spi_o), .dst_o(match_dst_o), .hit_i(match_hit_i),
    .hit_sa_i(match_hit_sa_i),
    .frame_valid_o(frame_valid), .frame_ready_i(frame_ready), .frame_o(frame)
  );

  nic_esp_rx #(.Lanes(Lanes)) i_esp (
    .clk_i(path_clk), .rst_ni(rst_ni), .flag_bad_i(cfg_i.rx_flag_bad), .csum_i(cfg_i.rx_csum),
    .frame_valid_i(frame_valid), .frame_ready_o(frame_ready), .frame_i(frame),
    .beat_valid_i(raw_valid), .beat_ready_o(raw_ready), .beat_i(raw),
    .sa_rd_en_o(sa_rd_en_o), .sa_rd_idx_o(sa_rd_idx_o), .sa_i(sa_i), .sa_seq_i(sa_seq_i),
    .wr_valid_o(wr_valid), .wr_ready_i(wr_ready), .wr_data_o(wr_data), .commit_o(commit),
    .rollback_o(rollback), .trim_o(trim),
    .done_valid_o(done_in_valid), .done_ready_i(done_in_ready), .done_o(done_in),
    .l4_valid_o(l4_valid), .l4_ready_i(done_whole & done_ready & done.csum), .l4_ok_o(l4_ok),
    .event_o(event_o), .no_sa_o(no_sa_o), .bad_pad_o(bad_pad_o),
    .seq_ask_o(seq_ask_o), .seq_answer_i(seq_answer_i), .seq_replay_i(seq_replay_i),
    .seq_end_o(seq_end_o)
  );
  assign ok_o      = event_o.valid & ~event_o.bad;
  assign icv_bad_o = event_o.valid & event_o.bad;
  assign replay_o  = seq_end_o.replay;

  nic_frame_fifo #(.Width(Width), .Depth(1024 / Lanes)) i_store (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .wr_valid_i(wr_valid), .wr_ready_o(wr_ready), .wr_data_i(wr_data), .commit_i(commit),
    .rollback_i(rollback), .trim_i(trim), .rd_valid_o(rd_valid), .rd_ready_i(rd_ready), .rd_data_o(rd_data)
  );
  nic_fifo #(.Width($bits(done_in)), .Depth(64)) i_records (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .valid_i(done_in_valid), .ready_o(done_in_ready), .data_i(done_in),
    .valid_o(done_valid), .ready_i(done_whole & done_ready), .data_o(done), .count_o()
  );

  assign done_whole = done_valid & (l4_valid | ~done.csum);

  nic_queue_fetch #(.Queues(Queues), .Lanes(Lanes), .DescBytes(16), .Beats(32), .InTurn(1'b0)) i_desc (
    .clk_i(clk_i), .rst_ni(rst_ni), .run_i(cfg_i.rx_en), .cfg_i(ring_i), .head_o(head_o),
    .more_on_i(more_on_i), .more_cfg_i(more_ring_i), .more_head_o(more_head_o),
    .waiting_o(unused_waiting), .allow_i('1), .want_i(done.qid),
    .ar_valid_o(desc_ar_valid_o), .ar_ready_i(desc_ar_ready_i), .ar_addr_o(desc_ar_addr_o),
    .ar_len_o(desc_ar_len_o), .r_valid_i(desc_r_valid_i), .r_data_i(r_data_i), .r_err_i(r_err_i),
    .r_last_i(r_last_i),
    .desc_valid_o(desc_valid), .desc_ready_i(desc_ready), .desc_queue_o(unused_queue), .desc_o(desc),
    .desc_err_o(desc_err)
  );

  logic flush_front;
  always_comb begin
    flush_front = 1'b0;
    for (int unsigned q = 0; q < Queues; q++) begin
      if (done.qid == nic_pkg::QUEUE_W'(q)) flush_front = flush[q];
    end
  end
  assign flush[0] = ring_i.flush;
  for (genvar q = 1; q < int'(Queues); q++) begin : gen_flush
    assign flush[q] = more_ring_i[q*nic_pkg::RING_CFG_W-1];
  end
  nic_dma_write #(.Lanes(Lanes)) i_write (
    .clk_i(path_clk), .rst_ni(rst_ni), .scatter_i(cfg_i.rx_scatter), .flush_i(flush_front),
    .split_o(split),
    .frame_valid_i(done_whole), .frame_ready_o(done_ready), .frame_i(done),
    .l4_ok_i(l4_ok & done.csum),
    .data_valid_i(rd_valid), .data_ready_o(rd_ready), .data_i(rd_data),
    .desc_valid_i(desc_valid), .desc_ready_o(desc_ready), .desc_i(desc), .desc_err_i(desc_err),
    .burst_valid_o(burst_valid_o), .burst_ready_i(burst_ready_i), .burst_addr_o(burst_addr_o),
    .burst_len_o(burst_len_o),
    .w_valid_o(w_valid_o), .w_ready_i(w_ready_i), .w_data_o(w_data_o), .w_strb_o(w_strb_o),
    .w_last_o(w_last_o), .ack_i(data_ack_i), .ack_err_i(ack_err_i),
    .cpl_valid_o(cpl_in_valid), .cpl_ready_i(cpl_in_ready), .cpl_o(cpl_in)
  );

  nic_queue_cpl #(.Queues(Queues)) i_cpl (
    .clk_i(clk_i), .rst_ni(rst_ni), .cfg_i(cpl_ring_i), .tail_o(cpl_tail_o),
    .issue_o(cpl_issue_o),
    .more_on_i(more_on_i), .more_cfg_i(more_cpl_ring_i), .more_tail_o(more_cpl_tail_o),
    .more_issue_o(more_cpl_issue_o),
    .enter_i(desc_valid & desc_ready), .enter_queue_i(done.qid), .room_o(unused_room),
    .cpl_valid_i(cpl_in_valid), .cpl_ready_o(cpl_in_ready), .cpl_i(cpl_in),
    .req_valid_o(cpl_valid_o), .req_ready_i(cpl_ready_i), .req_addr_o(cpl_addr_o),
    .req_mask_o(cpl_mask_o), .req_data_o(cpl_data_o), .ack_i(cpl_ack_i), .acked_o(completed)
  );

  logic unused_bits;
  assign unused_bits = &{1'b0, unused_waiting, unused_queue, unused_room};
endmodule
