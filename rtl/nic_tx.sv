// SPDX-License-Identifier: BSD-2-Clause
//
// nic_tx: the transmit path, from ring to wire. This file only wires blocks together.
// Throughput a beat of the wire a cycle; latency is that of memory, twice, and of a whole frame, which
// is complete before it goes out.
//
//   rings --> queue_fetch --> tx_gather --> tx_issue --+--> dma_read --> FIFO --> csum_tx --> FIFO --> esp_tx --+--> frame FIFO
//                                                      '--> frame FIFO ---------------------------------^      '--> record FIFO
//   rings <-- queue_cpl <-- mac_tx --> wire                     frame FIFO, record FIFO --> mac_tx
module nic_tx #(
  parameter int unsigned Lanes = 1,   // blocks of 16 bytes in a beat of the stream: 1, 2 or 4
  parameter int unsigned Queues = 1,
  localparam int unsigned More  = (Queues > 1) ? Queues - 1 : 1
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                quiesce_i,
  output logic                idle_o,
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
  // SA table
  output logic                sa_rd_en_o,
  output logic [9:0]          sa_rd_idx_o,
  input  nic_pkg::sa_entry_t  sa_i,
  output logic                number_rd_en_o,
  input  logic [63:0]         number_i,
  input  logic                spent_i,
  output logic                take_o,
  output nic_pkg::sa_event_t  event_o,
  // Memory
  output logic                desc_ar_valid_o,
  input  logic                desc_ar_ready_i,
  output logic [63:0]         desc_ar_addr_o,
  output logic [7:0]          desc_ar_len_o,
  input  logic                desc_r_valid_i,
  output logic                data_ar_valid_o,
  input  logic                data_ar_ready_i,
  output logic [63:0]         data_ar_addr_o,
  output logic [7:0]          data_ar_len_o,
  input  logic                data_r_valid_i,
  input  logic [256*Lanes-1:0] r_data_i,
  input  logic                r_err_i,
  input  logic                r_last_i,
  output logic                cpl_valid_o,
  input  logic                cpl_ready_i,
  output logic [63:0]         cpl_addr_o,
  output logic [3:0]          cpl_mask_o,
  output logic [511:0]        cpl_data_o,
  input  logic                cpl_ack_i,
  // Statistics
  output logic                sent_o,
  output logic                sent_ipsec_o,
  output logic                dropped_o,
  // Wire
  output logic [128*Lanes-1:0] m_axis_tx_tdata_o,
  output logic [16*Lanes-1:0] m_axis_tx_tkeep_o,
  output logic                m_axis_tx_tvalid_o,
  input  logic                m_axis_tx_tready_i,
  output logic                m_axis_tx_tlast_o
);
  localparam int unsigned Width = 128 * Lanes;
  localparam int unsigned ByteW = $clog2(16 * Lanes);

  logic               flying, issuing;   // frames issued and not yet completed, about to be
  logic               desc_valid, desc_ready, desc_err, waiting;
  logic [nic_pkg::QUEUE_W-1:0] desc_queue;
  logic [Queues-1:0]  room;
  logic [255:0]       desc, whole;
  logic               gathering, whole_valid, whole_ready, whole_err, whole_bad, whole_chain;
  logic [nic_pkg::QUEUE_W-1:0] whole_queue;
  logic [3:0]         whole_parts;
  logic [2:0]         part_idx;
  logic [79:0]        part;
  logic               cmd_more;
  logic [Queues-1:0]  flush;
  logic               cmd_valid, cmd_ready;
  logic [63:0]        cmd_addr;
  logic [15:0]        cmd_len;
  logic [ByteW-1:0]   cmd_lead;
  logic               issue_valid, issue_ready, frame_valid, frame_ready;
  nic_pkg::tx_frame_t issue_frame, frame;
  logic               frames_ready, csum_valid, csum_ready;
  nic_pkg::tx_csum_t  csum;
  logic               got_valid, got_ready, got_last, got_err;
  logic               read_valid, read_ready, read_last, read_err;
  logic               sum_valid, sum_ready, sum_last, sum_err;
  logic               beat_valid, beat_ready, beat_last, beat_err;
  logic [Width-1:0]   got, read, sum, beat;
  logic               wr_valid, wr_ready, commit, rollback, rd_valid, rd_ready;
  logic [Width-1:0]   wr_data, rd_data;
  logic               done_in_valid, done_in_ready, done_valid, done_ready;
  nic_pkg::tx_done_t  done_in, done;
  logic               cpl_in_valid, cpl_in_ready;
  nic_pkg::cpl_t      cpl_in;
  logic [2:0]         completed;

  assign busy_o   = flying | issuing | gathering | desc_valid | waiting;
  assign flush[0] = ring_i.flush;
  for (genvar q = 1; q < int'(Queues); q++) begin : gen_flush
    assign flush[q] = more_ring_i[q*nic_pkg::RING_CFG_W-1];
  end

  // The path between ring and completion runs only while a frame is in it.
  logic path_clk, busy_path;
  assign busy_path = flying | issuing | gathering | desc_valid | (flush != '0);
  nic_clock_gate i_gate (.clk_i(clk_i), .en_i(~rst_ni | busy_path), .clk_o(path_clk));

  nic_queue_fetch #(.Queues(Queues), .Lanes(Lanes), .DescBytes(32), .Beats(64), .InTurn(1'b1)) i_desc (
    .clk_i(clk_i), .rst_ni(rst_ni), .run_i(cfg_i.tx_en), .cfg_i(ring_i), .head_o(head_o),
    .more_on_i(more_on_i), .more_cfg_i(more_ring_i), .more_head_o(more_head_o),
    .waiting_o(waiting), .allow_i(room), .want_i('0),
    .ar_valid_o(desc_ar_valid_o), .ar_ready_i(desc_ar_ready_i), .ar_addr_o(desc_ar_addr_o),
    .ar_len_o(desc_ar_len_o), .r_valid_i(desc_r_valid_i), .r_data_i(r_data_i), .r_err_i(r_err_i),
    .r_last_i(r_last_i),
    .desc_valid_o(desc_valid), .desc_ready_i(desc_ready), .desc_queue_o(desc_queue), .desc_o(desc),
    .desc_err_o(desc_err)
  );

  nic_tx_gather #(.Queues(Queues)) i_gather (
    .clk_i(path_clk), .rst_ni(rst_ni), .flush_i(flush), .busy_o(gathering),
    .desc_valid_i(desc_valid), .desc_ready_o(desc_ready), .desc_i(desc), .desc_err_i(desc_err),
    .desc_queue_i(desc_queue),
    .frame_valid_o(whole_valid), .frame_ready_i(whole_ready), .frame_o(whole),
    .frame_err_o(whole_err), .frame_bad_o(whole_bad), .frame_queue_o(whole_queue),
    .frame_chain_o(whole_chain), .frame_parts_o(whole_parts), .part_idx_i(part_idx), .part_o(part)
  );

  nic_tx_issue #(.Lanes(Lanes)) i_issue (
    .clk_i(path_clk), .rst_ni(rst_ni), .busy_o(issuing), .cfg_i(cfg_i),
    .desc_valid_i(whole_valid), .desc_ready_o(whole_ready), .desc_i(whole),
    .desc_err_i(whole_err), .desc_bad_i(whole_bad), .desc_queue_i(whole_queue),
    .desc_chain_i(whole_chain), .desc_parts_i(whole_parts), .part_idx_o(part_idx), .part_i(part),
    .cmd_valid_o(cmd_valid), .cmd_ready_i(cmd_ready), .cmd_addr_o(cmd_addr), .cmd_len_o(cmd_len),
    .cmd_lead_o(cmd_lead), .cmd_more_o(cmd_more),
    .frame_valid_o(issue_valid), .frame_ready_i(issue_ready), .frame_o(issue_frame), .csum_o(csum)
  );
  assign issue_ready = frames_ready & csum_ready;
  nic_fifo #(.Width($bits(issue_frame)), .Depth(64 * Lanes)) i_frames (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .valid_i(issue_valid & csum_ready), .ready_o(frames_ready), .data_i(issue_frame),
    .valid_o(frame_valid), .ready_i(frame_ready), .data_o(frame), .count_o()
  );
  nic_inflight i_inflight (
    .clk_i(clk_i), .rst_ni(rst_ni), .enter_i({1'b0, issue_valid & issue_ready}), .leave_i(completed),
    .busy_o(flying)
  );

  nic_dma_read #(.Lanes(Lanes)) i_read (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .cmd_valid_i(cmd_valid), .cmd_ready_o(cmd_ready), .cmd_addr_i(cmd_addr), .cmd_len_i(cmd_len),
    .cmd_lead_i(cmd_lead), .cmd_more_i(cmd_more),
    .ar_valid_o(data_ar_valid_o), .ar_ready_i(data_ar_ready_i), .ar_addr_o(data_ar_addr_o),
    .ar_len_o(data_ar_len_o), .r_valid_i(data_r_valid_i), .r_data_i(r_data_i), .r_err_i(r_err_i),
    .out_valid_o(got_valid), .out_ready_i(got_ready), .out_data_o(got), .out_last_o(got_last),
    .out_err_o(got_err)
  );
  // In front of the sums and behind them: no ready goes back through more than one of the three.
  nic_fifo #(.Width(Width + 2), .Depth(2)) i_got (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .valid_i(got_valid), .ready_o(got_ready), .data_i({got_err, got_last, got}),
    .valid_o(read_valid), .ready_i(read_ready), .data_o({read_err, read_last, read}), .count_o()
  );

  assign csum_valid = issue_valid & frames_ready & (issue_frame.code == nic_pkg::CODE_OK);
  nic_csum_tx #(.Lanes(Lanes)) i_csum (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .plan_valid_i(csum_valid), .plan_ready_o(csum_ready), .plan_i(csum),
    .in_valid_i(read_valid), .in_ready_o(read_ready), .in_data_i(read), .in_last_i(read_last),
    .in_err_i(read_err),
    .out_valid_o(sum_valid), .out_ready_i(sum_ready), .out_data_o(sum), .out_last_o(sum_last),
    .out_err_o(sum_err)
  );
  nic_fifo #(.Width(Width + 2), .Depth(2)) i_sum (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .valid_i(sum_valid), .ready_o(sum_ready), .data_i({sum_err, sum_last, sum}),
    .valid_o(beat_valid), .ready_i(beat_ready), .data_o({beat_err, beat_last, beat}), .count_o()
  );

  nic_esp_tx #(.Lanes(Lanes)) i_esp (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .frame_valid_i(frame_valid), .frame_ready_o(frame_ready), .frame_i(frame),
    .beat_valid_i(beat_valid), .beat_ready_o(beat_ready), .beat_i(beat), .beat_last_i(beat_last),
    .beat_err_i(beat_err),
    .sa_rd_en_o(sa_rd_en_o), .sa_rd_idx_o(sa_rd_idx_o), .sa_i(sa_i),
    .number_rd_en_o(number_rd_en_o), .number_i(number_i), .spent_i(spent_i), .take_o(take_o),
    .wr_valid_o(wr_valid), .wr_ready_i(wr_ready), .wr_data_o(wr_data), .commit_o(commit),
    .rollback_o(rollback),
    .done_valid_o(done_in_valid), .done_ready_i(done_in_ready), .done_o(done_in),
    .event_o(event_o)
  );

  nic_frame_fifo #(.Width(Width), .Depth(1024 / Lanes)) i_store (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .wr_valid_i(wr_valid), .wr_ready_o(wr_ready), .wr_data_i(wr_data), .commit_i(commit),
    .rollback_i(rollback), .trim_i(5'd0), .rd_valid_o(rd_valid), .rd_ready_i(rd_ready), .rd_data_o(rd_data)
  );
  nic_fifo #(.Width($bits(done_in)), .Depth(64)) i_records (
    .clk_i(path_clk), .rst_ni(rst_ni),
    .valid_i(done_in_valid), .ready_o(done_in_ready), .data_i(done_in),
    .valid_o(done_valid), .ready_i(done_ready), .data_o(done), .count_o()
  );

  nic_mac_tx #(.Lanes(Lanes)) i_mac (
    .clk_i(path_clk), .rst_ni(rst_ni), .quiesce_i(quiesce_i), .idle_o(idle_o),
    .frame_valid_i(done_valid), .frame_ready_o(done_ready), .frame_i(done),
    .data_valid_i(rd_valid), .data_ready_o(rd_ready), .data_i(rd_data),
    .cpl_valid_o(cpl_in_valid), .cpl_ready_i(cpl_in_ready), .cpl_o(cpl_in),
    .sent_o(sent_o), .sent_ipsec_o(sent_ipsec_o), .dropped_o(dropped_o),
    .m_axis_tx_tdata_o(m_axis_tx_tdata_o), .m_axis_tx_tkeep_o(m_axis_tx_tkeep_o),
    .m_axis_tx_tvalid_o(m_axis_tx_tvalid_o), .m_axis_tx_tready_i(m_axis_tx_tready_i),
    .m_axis_tx_tlast_o(m_axis_tx_tlast_o)
  );

  nic_queue_cpl #(.Queues(Queues)) i_cpl (
    .clk_i(clk_i), .rst_ni(rst_ni), .cfg_i(cpl_ring_i), .tail_o(cpl_tail_o),
    .issue_o(cpl_issue_o),
    .more_on_i(more_on_i), .more_cfg_i(more_cpl_ring_i), .more_tail_o(more_cpl_tail_o),
    .more_issue_o(more_cpl_issue_o),
    .enter_i(whole_valid & whole_ready), .enter_queue_i(whole_queue), .room_o(room),
    .cpl_valid_i(cpl_in_valid), .cpl_ready_o(cpl_in_ready), .cpl_i(cpl_in),
    .req_valid_o(cpl_valid_o), .req_ready_i(cpl_ready_i), .req_addr_o(cpl_addr_o),
    .req_mask_o(cpl_mask_o), .req_data_o(cpl_data_o), .ack_i(cpl_ack_i), .acked_o(completed)
  );
endmodule
