// SPDX-License-Identifier: BSD-2-Clause
//
// nic_top: the card. This file only wires blocks together. All outputs come from registers or
// state. Its stream moves Lanes blocks of 16 bytes a cycle, host memory twice as many.
// Throughput and latency are those of nic_tx and nic_rx.
//
//   AXI4-Lite --> axil --> csr --(settings, rings, SA writes)--> all         reset, scrub
//   AXI4 read  <--> axi_read  <--> tx, rx descriptors, tx data
//   AXI4 write <--> axi_write <--> tx, rx completions, rx data
//   tx: ring --> read --> encrypt --> wire        rx: wire --> decrypt --> write --> ring
module nic_top #(
  parameter int unsigned Lanes = 1,   // 1, 2 or 4
  parameter int unsigned Queues = 1   // transmit and receive queues, 1 or 4
) (
`ifdef NIC_CLOCK_PORTS
  `NIC_CLOCK_PORTS   // clocks of an engine from elsewhere, which takes them from here
`endif
  input  logic         clk_i,
  input  logic         rst_ni,
  // AXI4-Lite slave: registers.
  input  logic [15:0]  s_axil_awaddr_i,
  input  logic         s_axil_awvalid_i,
  output logic         s_axil_awready_o,
  input  logic [31:0]  s_axil_wdata_i,
  input  logic [3:0]   s_axil_wstrb_i,
  input  logic         s_axil_wvalid_i,
  output logic         s_axil_wready_o,
  output logic [1:0]   s_axil_bresp_o,
  output logic         s_axil_bvalid_o,
  input  logic         s_axil_bready_i,
  input  logic [15:0]  s_axil_araddr_i,
  input  logic         s_axil_arvalid_i,
  output logic         s_axil_arready_o,
  output logic [31:0]  s_axil_rdata_o,
  output logic [1:0]   s_axil_rresp_o,
  output logic         s_axil_rvalid_o,
  input  logic         s_axil_rready_i,
  // AXI4 master: host memory, reads.
  output logic [3:0]   m_axi_arid_o,
  output logic [63:0]  m_axi_araddr_o,
  output logic [7:0]   m_axi_arlen_o,
  output logic [2:0]   m_axi_arsize_o,
  output logic [1:0]   m_axi_arburst_o,
  output logic         m_axi_arvalid_o,
  input  logic         m_axi_arready_i,
  input  logic [3:0]   m_axi_rid_i,
  input  logic [256*Lanes-1:0] m_axi_rdata_i,
  input  logic [1:0]   m_axi_rresp_i,
  input  logic         m_axi_rlast_i,
  input  logic         m_axi_rvalid_i,
  output logic         m_axi_rready_o,
  // AXI4 master: host memory, writes.
  output logic [3:0]   m_axi_awid_o,
  output logic [63:0]  m_axi_awaddr_o,
  output logic [7:0]   m_axi_awlen_o,
  output logic [2:0]   m_axi_awsize_o,
  output logic [1:0]   m_axi_awburst_o,
  output logic         m_axi_awvalid_o,
  input  logic         m_axi_awready_i,
  output logic [256*Lanes-1:0] m_axi_wdata_o,
  output logic [32*Lanes-1:0]  m_axi_wstrb_o,
  output logic         m_axi_wlast_o,
  output logic         m_axi_wvalid_o,
  input  logic         m_axi_wready_i,
  input  logic [3:0]   m_axi_bid_i,
  input  logic [1:0]   m_axi_bresp_i,
  input  logic         m_axi_bvalid_i,
  output logic         m_axi_bready_o,
  // AXI-Stream: MAC.
  output logic [128*Lanes-1:0] m_axis_tx_tdata_o,
  output logic [16*Lanes-1:0]  m_axis_tx_tkeep_o,
  output logic         m_axis_tx_tvalid_o,
  input  logic         m_axis_tx_tready_i,
  output logic         m_axis_tx_tlast_o,
  input  logic [128*Lanes-1:0] s_axis_rx_tdata_i,
  input  logic [16*Lanes-1:0]  s_axis_rx_tkeep_i,
  input  logic         s_axis_rx_tvalid_i,
  output logic         s_axis_rx_tready_o,
  input  logic         s_axis_rx_tlast_i,
  output logic         irq_o
);
  logic                  card_rst_n, reset_req, reset_busy, reset_hold, quiesce;
  logic                  wr_valid, wr_err, rd_valid, rd_err;
  logic [15:0]           wr_addr, rd_addr;
  logic [31:0]           wr_data, rd_data;
  logic                  scrub_busy, scrub_done;
  logic [9:0]            scrub_row;
  nic_pkg::cfg_t         cfg;
  nic_pkg::ring_cfg_t    tx_cfg, rx_cfg, txc_cfg, rxc_cfg;
  nic_pkg::sa_write_t    tx_sa_write, rx_sa_write;
  nic_pkg::match_write_t rx_match_write;

  nic_pkg::stat_t        stat;
  logic [15:0]           tx_head, rx_head, txc_tail, rxc_tail;
  logic [15:0]           txc_issue, rxc_issue;
  // Queues behind queue 0: that of queue q at place q - 1.
  localparam int unsigned More  = (Queues > 1) ? Queues - 1 : 1;
  localparam int unsigned MoreW = More * nic_pkg::RING_CFG_W;
  logic                  more_on, rss_esp;
  logic [MoreW-1:0]      more_tx_cfg, more_rx_cfg, more_txc_cfg, more_rxc_cfg;
  logic [More*16-1:0]    more_tx_head, more_rx_head, more_txc_tail, more_rxc_tail;
  logic [More*16-1:0]    more_txc_issue, more_rxc_issue;
  logic [nic_pkg::QUEUE_W-1:0] rss_queue;
  logic [31:0]           rss_spi;
  logic                  tx_busy, rx_busy, tx_idle, rd_idle, wr_idle;
  logic                  tx_sa_rd_en, rx_sa_rd_en, match_rd_en, match_hit;
  logic [9:0]            tx_sa_rd_idx, rx_sa_rd_idx, match_rd_bucket, match_hit_sa;
  logic                  match_v6;
  logic [31:0]           match_spi;
  logic [127:0]          match_dst;
  nic_pkg::sa_event_t    tx_event, rx_event;
  nic_pkg::sa_state_t    tx_state, rx_state;
  logic                  tx_state_read, tx_state_busy, rx_state_read, rx_state_busy;
  logic                  number_rd_en, number_spent, number_take, number_busy, counts_busy;
  logic [63:0]           number, rx_top;
  nic_pkg::seq_ask_t     seq_ask;
  nic_pkg::seq_end_t     seq_end;
  logic                  seq_answer, seq_replay, replay_busy, rx_counts_busy;
  nic_pkg::sa_entry_t    tx_sa, rx_sa;
  logic                  tx_desc_ar_valid, tx_desc_ar_ready, rx_desc_ar_valid, rx_desc_ar_ready;
  logic                  tx_data_ar_valid, tx_data_ar_ready;
  logic [63:0]           tx_desc_ar_addr, rx_desc_ar_addr, tx_data_ar_addr;
  logic [7:0]            tx_desc_ar_len, rx_desc_ar_len, tx_data_ar_len;
  logic                  tx_desc_r, rx_desc_r, tx_data_r, r_err, r_last;
  logic [256*Lanes-1:0]  r_data;
  logic                  txc_valid, txc_ready, txc_ack, rxc_valid, rxc_ready, rxc_ack;
  logic [63:0]           txc_addr, rxc_addr, burst_addr;
  logic [3:0]            txc_mask, rxc_mask;
  logic [511:0]          txc_data, rxc_data;
  logic                  burst_valid, burst_ready, w_valid, w_ready, w_last, data_ack, ack_err;
  logic [7:0]            burst_len;
  logic [256*Lanes-1:0]  w_data;
  logic [32*Lanes-1:0]   w_strb;

  // What software alone changes runs while it reads or writes. What it wrote last shows in Linger cycles.
  logic reg_clk, axil_busy;
  nic_clock_gate i_reg_gate (
    .clk_i(clk_i), .en_i(~rst_ni | ~card_rst_n | scrub_busy | axil_busy), .clk_o(reg_clk)
  );
  nic_axil i_axil (
    .clk_i(reg_clk), .rst_ni(rst_ni), .hold_i(reset_hold), .busy_o(axil_busy),
    .s_axil_awaddr_i(s_axil_awaddr_i), .s_axil_awvalid_i(s_axil_awvalid_i),
    .s_axil_awready_o(s_axil_awready_o), .s_axil_wdata_i(s_axil_wdata_i),
    .s_axil_wstrb_i(s_axil_wstrb_i), .s_axil_wvalid_i(s_axil_wvalid_i),
    .s_axil_wready_o(s_axil_wready_o), .s_axil_bresp_o(s_axil_bresp_o),
    .s_axil_bvalid_o(s_axil_bvalid_o), .s_axil_bready_i(s_axil_bready_i),
    .s_axil_araddr_i(s_axil_araddr_i), .s_axil_arvalid_i(s_axil_arvalid_i),
    .s_axil_arready_o(s_axil_arready_o), .s_axil_rdata_o(s_axil_rdata_o),
    .s_axil_rresp_o(s_axil_rresp_o), .s_axil_rvalid_o(s_axil_rvalid_o),
    .s_axil_rready_i(s_axil_rready_i),
    .wr_valid_o(wr_valid), .wr_addr_o(wr_addr), .wr_data_o(wr_data), .wr_err_i(wr_err),
    .rd_valid_o(rd_valid), .rd_addr_o(rd_addr), .rd_data_i(rd_data), .rd_err_i(rd_err)
  );

  nic_reset i_reset (
    .clk_i(clk_i), .rst_ni(rst_ni), .request_i(reset_req), .idle_i(rd_idle & wr_idle & tx_idle),
    .busy_o(reset_busy),
    .quiesce_o(quiesce), .hold_o(reset_hold), .card_rst_no(card_rst_n)
  );

  nic_csr #(.Packet(Lanes == 1), .Queues(Queues)) i_csr (
    .clk_i(clk_i), .reg_clk_i(reg_clk), .rst_ni(card_rst_n),
    .wr_valid_i(wr_valid), .wr_addr_i(wr_addr), .wr_data_i(wr_data), .wr_err_o(wr_err),
    .rd_valid_i(rd_valid), .rd_addr_i(rd_addr), .rd_data_o(rd_data), .rd_err_o(rd_err),
    .cfg_o(cfg), .reset_req_o(reset_req), .reset_busy_i(reset_busy),
    .scrub_busy_i(scrub_busy), .scrub_done_i(scrub_done), .tx_busy_i(tx_busy), .rx_busy_i(rx_busy),
    .tx_cfg_o(tx_cfg), .rx_cfg_o(rx_cfg), .txc_cfg_o(txc_cfg), .rxc_cfg_o(rxc_cfg),
    .tx_head_i(tx_head), .rx_head_i(rx_head), .txc_tail_i(txc_tail), .rxc_tail_i(rxc_tail),
    .txc_issue_i(txc_issue), .rxc_issue_i(rxc_issue),
    .more_on_o(more_on), .more_tx_cfg_o(more_tx_cfg), .more_rx_cfg_o(more_rx_cfg),
    .more_txc_cfg_o(more_txc_cfg), .more_rxc_cfg_o(more_rxc_cfg), .more_tx_head_i(more_tx_head),
    .more_rx_head_i(more_rx_head), .more_txc_tail_i(more_txc_tail),
    .more_rxc_tail_i(more_rxc_tail), .more_txc_issue_i(more_txc_issue),
    .more_rxc_issue_i(more_rxc_issue),
    .rss_esp_i(rss_esp), .rss_spi_i(rss_spi), .rss_queue_o(rss_queue),
    .tx_sa_write_o(tx_sa_write), .rx_sa_write_o(rx_sa_write), .rx_match_write_o(rx_match_write),
    .tx_state_read_o(tx_state_read), .tx_state_busy_i(tx_state_busy), .tx_state_i(tx_state),
    .rx_state_read_o(rx_state_read), .rx_state_busy_i(rx_state_busy), .rx_state_i(rx_state),
    .stat_i(stat), .irq_o(irq_o)
  );

  nic_scrub i_scrub (
    .clk_i(clk_i), .rst_ni(card_rst_n), .busy_o(scrub_busy), .row_o(scrub_row), .done_o(scrub_done)
  );

  // The tables of a direction run only while a frame or software asks them.
  logic tx_sa_clk, rx_sa_clk;
  nic_clock_gate #(.Linger(4)) i_tx_sa_gate (
    .clk_i(clk_i), .clk_o(tx_sa_clk),
    .en_i(~card_rst_n | scrub_busy | tx_sa_write.valid | tx_sa_rd_en | number_rd_en | number_take
          | tx_event.valid | tx_state_read | tx_state_busy)
  );
  nic_clock_gate #(.Linger(4)) i_rx_sa_gate (
    .clk_i(clk_i), .clk_o(rx_sa_clk),
    .en_i(~card_rst_n | scrub_busy | rx_sa_write.valid | rx_match_write.valid | match_rd_en
          | rx_sa_rd_en | seq_ask.valid | seq_end.note | seq_end.replay | rx_event.valid
          | rx_state_read | rx_state_busy)
  );

  nic_sa_table i_tx_sa (
    .clk_i(tx_sa_clk), .rst_ni(card_rst_n), .scrub_i(scrub_busy), .scrub_row_i(scrub_row),
    .write_i(tx_sa_write), .rd_en_i(tx_sa_rd_en), .rd_idx_i(tx_sa_rd_idx), .rd_data_o(tx_sa),
    .error_o(stat.tx_key_error)
  );
  nic_sa_table i_rx_sa (
    .clk_i(rx_sa_clk), .rst_ni(card_rst_n), .scrub_i(scrub_busy), .scrub_row_i(scrub_row),
    .write_i(rx_sa_write), .rd_en_i(rx_sa_rd_en), .rd_idx_i(rx_sa_rd_idx), .rd_data_o(rx_sa),
    .error_o(stat.rx_key_error)
  );
  nic_match_table i_match (
    .clk_i(rx_sa_clk), .scrub_i(scrub_busy), .scrub_row_i(scrub_row), .write_i(rx_match_write),
    .rd_en_i(match_rd_en), .rd_bucket_i(match_rd_bucket), .v6_i(match_v6), .spi_i(match_spi),
    .dst_i(match_dst), .hit_o(match_hit), .hit_sa_o(match_hit_sa)
  );

  assign tx_state_busy    = counts_busy | number_busy;
  assign tx_state.replays = 32'd0;
  assign tx_state.seen    = 128'd0;
  nic_sa_state i_tx_state (
    .clk_i(tx_sa_clk), .rst_ni(card_rst_n), .scrub_i(scrub_busy), .scrub_row_i(scrub_row),
    .write_i(tx_sa_write), .event_i(tx_event), .read_i(tx_state_read),
    .read_idx_i(tx_sa_write.idx), .read_busy_o(counts_busy),
    .read_o({tx_state.errors, tx_state.bytes, tx_state.packets})
  );
  nic_sa_number i_number (
    .clk_i(tx_sa_clk), .rst_ni(card_rst_n), .scrub_i(scrub_busy), .scrub_row_i(scrub_row),
    .write_i(tx_sa_write), .rd_en_i(number_rd_en), .rd_idx_i(tx_sa_rd_idx), .esn_i(tx_sa.esn),
    .number_o(number), .spent_o(number_spent), .take_i(number_take),
    .read_i(tx_state_read), .read_busy_o(number_busy), .read_o(tx_state.seq)
  );
  assign rx_state_busy = rx_counts_busy | replay_busy;
  nic_sa_state i_rx_state (
    .clk_i(rx_sa_clk), .rst_ni(card_rst_n), .scrub_i(scrub_busy), .scrub_row_i(scrub_row),
    .write_i(rx_sa_write), .event_i(rx_event), .read_i(rx_state_read),
    .read_idx_i(rx_sa_write.idx), .read_busy_o(rx_counts_busy),
    .read_o({rx_state.errors, rx_state.bytes, rx_state.packets})
  );
  nic_replay i_replay (
    .clk_i(rx_sa_clk), .rst_ni(card_rst_n), .scrub_i(scrub_busy), .scrub_row_i(scrub_row),
    .write_i(rx_sa_write), .ask_i(seq_ask), .answer_o(seq_answer), .replay_o(seq_replay),
    .end_i(seq_end), .rd_en_i(rx_sa_rd_en), .rd_idx_i(rx_sa_rd_idx), .top_o(rx_top),
    .read_i(rx_state_read), .read_busy_o(replay_busy),
    .read_o({rx_state.replays, rx_state.seen, rx_state.seq})
  );

  nic_tx #(.Lanes(Lanes), .Queues(Queues)) i_tx (
    .clk_i(clk_i), .rst_ni(card_rst_n), .quiesce_i(quiesce), .idle_o(tx_idle), .busy_o(tx_busy),
    .cfg_i(cfg), .ring_i(tx_cfg), .head_o(tx_head), .cpl_ring_i(txc_cfg), .cpl_tail_o(txc_tail),
    .cpl_issue_o(txc_issue),
    .more_on_i(more_on), .more_ring_i(more_tx_cfg), .more_head_o(more_tx_head),
    .more_cpl_ring_i(more_txc_cfg), .more_cpl_tail_o(more_txc_tail),
    .more_cpl_issue_o(more_txc_issue),
    .sa_rd_en_o(tx_sa_rd_en), .sa_rd_idx_o(tx_sa_rd_idx), .sa_i(tx_sa), .event_o(tx_event),
    .number_rd_en_o(number_rd_en), .number_i(number), .spent_i(number_spent), .take_o(number_take),
    .desc_ar_valid_o(tx_desc_ar_valid), .desc_ar_ready_i(tx_desc_ar_ready),
    .desc_ar_addr_o(tx_desc_ar_addr), .desc_ar_len_o(tx_desc_ar_len), .desc_r_valid_i(tx_desc_r),
    .data_ar_valid_o(tx_data_ar_valid), .data_ar_ready_i(tx_data_ar_ready),
    .data_ar_addr_o(tx_data_ar_addr), .data_ar_len_o(tx_data_ar_len), .data_r_valid_i(tx_data_r),
    .r_data_i(r_data), .r_err_i(r_err), .r_last_i(r_last),
    .cpl_valid_o(txc_valid), .cpl_ready_i(txc_ready), .cpl_addr_o(txc_addr), .cpl_mask_o(txc_mask),
    .cpl_data_o(txc_data), .cpl_ack_i(txc_ack),
    .sent_o(stat.tx_frame), .sent_ipsec_o(stat.tx_ipsec), .dropped_o(stat.tx_drop),
    .m_axis_tx_tdata_o(m_axis_tx_tdata_o), .m_axis_tx_tkeep_o(m_axis_tx_tkeep_o),
    .m_axis_tx_tvalid_o(m_axis_tx_tvalid_o), .m_axis_tx_tready_i(m_axis_tx_tready_i),
    .m_axis_tx_tlast_o(m_axis_tx_tlast_o)
  );

  nic_rx #(.Lanes(Lanes), .Queues(Queues)) i_rx (
    .clk_i(clk_i), .rst_ni(card_rst_n), .hard_rst_ni(rst_ni), .busy_o(rx_busy),
    .cfg_i(cfg), .ring_i(rx_cfg), .head_o(rx_head), .cpl_ring_i(rxc_cfg), .cpl_tail_o(rxc_tail),
    .cpl_issue_o(rxc_issue),
    .more_on_i(more_on), .more_ring_i(more_rx_cfg), .more_head_o(more_rx_head),
    .more_cpl_ring_i(more_rxc_cfg), .more_cpl_tail_o(more_rxc_tail),
    .more_cpl_issue_o(more_rxc_issue),
    .match_rd_en_o(match_rd_en), .match_rd_bucket_o(match_rd_bucket), .match_v6_o(match_v6),
    .match_spi_o(match_spi), .match_dst_o(match_dst),
    .rss_esp_o(rss_esp), .rss_spi_o(rss_spi), .rss_queue_i(rss_queue), .match_hit_i(match_hit),
    .match_hit_sa_i(match_hit_sa),
    .sa_rd_en_o(rx_sa_rd_en), .sa_rd_idx_o(rx_sa_rd_idx), .sa_i(rx_sa), .sa_seq_i(rx_top),
    .event_o(rx_event), .seq_ask_o(seq_ask), .seq_answer_i(seq_answer), .seq_replay_i(seq_replay),
    .seq_end_o(seq_end),
    .desc_ar_valid_o(rx_desc_ar_valid), .desc_ar_ready_i(rx_desc_ar_ready),
    .desc_ar_addr_o(rx_desc_ar_addr), .desc_ar_len_o(rx_desc_ar_len), .desc_r_valid_i(rx_desc_r),
    .r_data_i(r_data), .r_err_i(r_err), .r_last_i(r_last),
    .burst_valid_o(burst_valid), .burst_ready_i(burst_ready), .burst_addr_o(burst_addr),
    .burst_len_o(burst_len), .w_valid_o(w_valid), .w_ready_i(w_ready), .w_data_o(w_data),
    .w_strb_o(w_strb), .w_last_o(w_last), .data_ack_i(data_ack), .ack_err_i(ack_err),
    .cpl_valid_o(rxc_valid), .cpl_ready_i(rxc_ready), .cpl_addr_o(rxc_addr), .cpl_mask_o(rxc_mask),
    .cpl_data_o(rxc_data), .cpl_ack_i(rxc_ack),
    .accepted_o(stat.rx_frame), .filtered_o(stat.rx_filtered), .len_bad_o(stat.rx_len_bad),
    .overflow_o(stat.rx_overflow), .ok_o(stat.rx_ipsec_ok), .icv_bad_o(stat.rx_icv_bad),
    .no_sa_o(stat.rx_no_sa), .replay_o(stat.rx_replay), .bad_pad_o(stat.rx_bad_pad),
    .s_axis_rx_tdata_i(s_axis_rx_tdata_i), .s_axis_rx_tkeep_i(s_axis_rx_tkeep_i),
    .s_axis_rx_tvalid_i(s_axis_rx_tvalid_i), .s_axis_rx_tready_o(s_axis_rx_tready_o),
    .s_axis_rx_tlast_i(s_axis_rx_tlast_i)
  );

  nic_axi_read #(.Lanes(Lanes)) i_axi_read (
    .clk_i(clk_i), .rst_ni(card_rst_n), .quiesce_i(quiesce), .idle_o(rd_idle),
    .tx_desc_valid_i(tx_desc_ar_valid), .tx_desc_ready_o(tx_desc_ar_ready),
    .tx_desc_addr_i(tx_desc_ar_addr), .tx_desc_len_i(tx_desc_ar_len),
    .rx_desc_valid_i(rx_desc_ar_valid), .rx_desc_ready_o(rx_desc_ar_ready),
    .rx_desc_addr_i(rx_desc_ar_addr), .rx_desc_len_i(rx_desc_ar_len),
    .tx_data_valid_i(tx_data_ar_valid), .tx_data_ready_o(tx_data_ar_ready),
    .tx_data_addr_i(tx_data_ar_addr), .tx_data_len_i(tx_data_ar_len),
    .r_tx_desc_o(tx_desc_r), .r_rx_desc_o(rx_desc_r), .r_tx_data_o(tx_data_r), .r_data_o(r_data),
    .r_err_o(r_err), .r_last_o(r_last), .error_o(stat.rd_error),
    .m_axi_arid_o(m_axi_arid_o), .m_axi_araddr_o(m_axi_araddr_o), .m_axi_arlen_o(m_axi_arlen_o),
    .m_axi_arvalid_o(m_axi_arvalid_o), .m_axi_arready_i(m_axi_arready_i), .m_axi_rid_i(m_axi_rid_i),
    .m_axi_rdata_i(m_axi_rdata_i), .m_axi_rresp_i(m_axi_rresp_i), .m_axi_rlast_i(m_axi_rlast_i),
    .m_axi_rvalid_i(m_axi_rvalid_i)
  );

  nic_axi_write #(.Lanes(Lanes)) i_axi_write (
    .clk_i(clk_i), .rst_ni(card_rst_n), .quiesce_i(quiesce), .idle_o(wr_idle),
    .tx_cpl_valid_i(txc_valid), .tx_cpl_ready_o(txc_ready), .tx_cpl_addr_i(txc_addr),
    .tx_cpl_mask_i(txc_mask), .tx_cpl_data_i(txc_data),
    .rx_cpl_valid_i(rxc_valid), .rx_cpl_ready_o(rxc_ready), .rx_cpl_addr_i(rxc_addr),
    .rx_cpl_mask_i(rxc_mask), .rx_cpl_data_i(rxc_data),
    .burst_valid_i(burst_valid), .burst_ready_o(burst_ready), .burst_addr_i(burst_addr),
    .burst_len_i(burst_len), .w_valid_i(w_valid), .w_ready_o(w_ready), .w_data_i(w_data),
    .w_strb_i(w_strb), .w_last_i(w_last),
    .ack_tx_cpl_o(txc_ack), .ack_rx_cpl_o(rxc_ack), .ack_data_o(data_ack), .ack_err_o(ack_err),
    .error_o(stat.wr_error),
    .m_axi_awid_o(m_axi_awid_o), .m_axi_awaddr_o(m_axi_awaddr_o), .m_axi_awlen_o(m_axi_awlen_o),
    .m_axi_awvalid_o(m_axi_awvalid_o), .m_axi_awready_i(m_axi_awready_i),
    .m_axi_wdata_o(m_axi_wdata_o), .m_axi_wstrb_o(m_axi_wstrb_o), .m_axi_wlast_o(m_axi_wlast_o),
    .m_axi_wvalid_o(m_axi_wvalid_o), .m_axi_wready_i(m_axi_wready_i),
    .m_axi_bid_i(m_axi_bid_i), .m_axi_bresp_i(m_axi_bresp_i), .m_axi_bvalid_i(m_axi_bvalid_i)
  );

  // Whole beats, incrementing bursts; responses are always taken, their space is reserved.
  assign m_axi_arsize_o  = 3'($clog2(32 * Lanes));
  assign m_axi_arburst_o = 2'b01;
  assign m_axi_awsize_o  = 3'($clog2(32 * Lanes));
  assign m_axi_awburst_o = 2'b01;
  assign m_axi_rready_o  = 1'b1;
  assign m_axi_bready_o  = 1'b1;
endmodule
