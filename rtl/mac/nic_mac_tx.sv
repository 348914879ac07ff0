// SPDX-License-Identifier: BSD-2-Clause
//
// nic_mac_tx: sends frames from the frame FIFO to the wire, first byte in lane 0, and completes
// each when its last beat was taken. Records with an error code have no data and become completions
// only, in their place. Frames lie complete in the FIFO, so tvalid has no gap inside a frame.
// Latency 4 cycles; throughput one beat a cycle. The FIFO keeps tready out of the path before it.
//
//   record --+--> realign --> FIFO of two beats --> wire
//            '--> sent FIFO --(last beat taken)--> completion
module nic_mac_tx #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              quiesce_i,       // start no frame
  output logic              idle_o,          // no frame half sent
  input  logic              frame_valid_i,
  output logic              frame_ready_o,
  input  nic_pkg::tx_done_t frame_i,
  input  logic              data_valid_i,
  output logic              data_ready_o,
  input  logic [128*Lanes-1:0] data_i,
  output logic              cpl_valid_o,
  input  logic              cpl_ready_i,
  output nic_pkg::cpl_t     cpl_o,
  output logic              sent_o,          // one cycle each: for the statistics
  output logic              sent_ipsec_o,
  output logic              dropped_o,
  output logic [128*Lanes-1:0] m_axis_tx_tdata_o,
  output logic [16*Lanes-1:0]  m_axis_tx_tkeep_o,
  output logic              m_axis_tx_tvalid_o,
  input  logic              m_axis_tx_tready_i,
  output logic              m_axis_tx_tlast_o
);
  localparam int unsigned Bytes = 16 * Lanes;
  localparam int unsigned ByteW = $clog2(Bytes);

  logic              send, start, realign_ready, sent_ready, sent_valid, sent_pop;
  nic_pkg::tx_done_t sent;
  logic              beat_valid, beat_ready, first, last, err, last_taken, completed;
  logic [128*Lanes-1:0] beat;
  logic              realign_idle_q, sent_q, sent_ipsec_q, dropped_q;
  logic [ByteW-1:0]  tail;
  logic [2:0]        finished_q;   // frames whose last beat was taken, not yet completed

  assign send          = frame_i.code == nic_pkg::CODE_OK;
  assign start         = frame_valid_i & sent_ready & ~quiesce_i & (realign_ready | ~send);
  assign frame_ready_o = sent_ready & ~quiesce_i & (realign_ready | ~send);

  nic_realign #(.Lanes(Lanes)) i_realign (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .cmd_valid_i(frame_valid_i & send & sent_ready & ~quiesce_i), .cmd_ready_o(realign_ready),
    .cmd_src_i(frame_i.lead[ByteW-1:0]), .cmd_dst_i('0), .cmd_len_i(frame_i.len),
    .cmd_more_i(1'b0), .cmd_keep_i(1'b0),
    .in_valid_i(data_valid_i), .in_ready_o(data_ready_o), .in_new_o(), .in_data_i(data_i),
    .in_err_i(1'b0),
    .out_valid_o(beat_valid), .out_ready_i(beat_ready), .out_data_o(beat), .out_first_o(first),
    .out_last_o(last), .out_tail_o(tail), .out_err_o(err)
  );
  nic_fifo #(.Width(9*Bytes + 1), .Depth(2)) i_wire (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(beat_valid), .ready_o(beat_ready),
    .data_i({last, (last && tail != '0) ? (Bytes'(1) << tail) - Bytes'(1) : {Bytes{1'b1}}, beat}),
    .valid_o(m_axis_tx_tvalid_o), .ready_i(m_axis_tx_tready_i),
    .data_o({m_axis_tx_tlast_o, m_axis_tx_tkeep_o, m_axis_tx_tdata_o}), .count_o()
  );
  assign last_taken = m_axis_tx_tvalid_o & m_axis_tx_tready_i & m_axis_tx_tlast_o;

  nic_fifo #(.Width($bits(frame_i)), .Depth(4)) i_sent (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(start), .ready_o(sent_ready), .data_i(frame_i),
    .valid_o(sent_valid), .ready_i(sent_pop), .data_o(sent), .count_o()
  );

  assign cpl_valid_o  = sent_valid & ((sent.code != nic_pkg::CODE_OK) | (finished_q != 3'd0));
  assign sent_pop     = cpl_valid_o & cpl_ready_i;
  assign completed    = sent_pop & (sent.code == nic_pkg::CODE_OK);
  assign sent_o       = sent_q;
  assign sent_ipsec_o = sent_ipsec_q;
  assign dropped_o    = dropped_q;
  assign idle_o       = ~beat_valid & ~m_axis_tx_tvalid_o & realign_idle_q;

  assign cpl_o.qid    = sent.qid;
  assign cpl_o.cookie = sent.cookie;
  assign cpl_o.len    = sent.len;
  assign cpl_o.sa_idx = sent.sa_idx;
  assign cpl_o.esn_hi = 31'd0;
  assign cpl_o.next   = 8'd0;
  assign cpl_o.l4_ok  = 1'b0;
  assign cpl_o.status = {11'd0, sent.secp, sent.code};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      finished_q     <= '0;
      realign_idle_q <= 1'b1;
      sent_q         <= 1'b0;
      sent_ipsec_q   <= 1'b0;
      dropped_q      <= 1'b0;
    end else begin
      sent_q       <= completed;
      sent_ipsec_q <= completed & sent.secp;
      dropped_q    <= sent_pop & ~completed;
      if (last_taken != completed) finished_q <= last_taken ? finished_q + 3'd1 : finished_q - 3'd1;
      if (start && send) realign_idle_q <= 1'b0;
      else if (last_taken && realign_ready) realign_idle_q <= 1'b1;
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, first, err, sent.lead};

`ifndef SYNTHESIS
  // No gap inside a frame. That a beat holds until it is taken, the checker of the port sees.
  logic in_frame_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      in_frame_q <= 1'b0;
    end else begin
      if (in_frame_q) assert (m_axis_tx_tvalid_o) else $fatal(1, "nic_mac_tx: gap inside a frame");
      if (m_axis_tx_tvalid_o && m_axis_tx_tready_i) in_frame_q <= ~m_axis_tx_tlast_o;
    end
  end
`endif
endmodule
