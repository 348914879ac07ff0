// SPDX-License-Identifier: BSD-2-Clause
//
// nic_mac_rx: takes frames from the wire, never refusing a beat, into the frame FIFO. A frame is
// committed with its parsed record at its last beat or rolled back: filtered by address, too short
// or long, or no room. Latency 1 cycle; one beat a cycle.
//
//   wire --> beat_q --+--> frame FIFO (commit, rollback)
//                     +--> nic_rx_parse --> record FIFO
module nic_mac_rx #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic              clk_i,
  input  logic              rst_ni,           // reset of the card
  input  logic              hard_rst_ni,      // reset of the wire: remembers a frame under way
  input  nic_pkg::cfg_t     cfg_i,
  input  logic [128*Lanes-1:0] s_axis_rx_tdata_i,
  input  logic [16*Lanes-1:0]  s_axis_rx_tkeep_i,
  input  logic              s_axis_rx_tvalid_i,
  output logic              s_axis_rx_tready_o,
  input  logic              s_axis_rx_tlast_i,
  output logic              wr_valid_o,
  input  logic              wr_ready_i,
  output logic [128*Lanes-1:0] wr_data_o,
  output logic              commit_o,
  output logic              rollback_o,
  output logic              meta_valid_o,
  input  logic              meta_ready_i,
  output nic_pkg::rx_meta_t meta_o,
  output logic              accepted_o,       // one cycle each: for the statistics
  output logic              filtered_o,
  output logic              len_bad_o,
  output logic              overflow_o
);
  localparam logic [15:0] MIN_FRAME = 16'd14;
  localparam int unsigned Bytes = 16 * Lanes;
  localparam int unsigned ByteW = $clog2(Bytes);
  localparam int unsigned BeatW = 16 - ByteW;

  logic         valid_q, last_q, first_q, mid_frame_q;
  logic [128*Lanes-1:0] data_q;
  logic [ByteW:0]   bytes_q;
  logic [BeatW-1:0] beats_q;            // beats of this frame before data_q
  logic         ignore_q, filter_q, full_q;
  logic         ignore, filter, full, len_bad, finish;
  logic [15:0]  len;

  assign s_axis_rx_tready_o = 1'b1;

  // Whether the wire is inside a frame: after a reset of the card its rest is ignored.
  always_ff @(posedge clk_i) begin
    if (!hard_rst_ni) mid_frame_q <= 1'b0;
    else if (s_axis_rx_tvalid_i) mid_frame_q <= ~s_axis_rx_tlast_i;
  end

  // The beat, and its size: keep bits are contiguous.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= s_axis_rx_tvalid_i;
    if (s_axis_rx_tvalid_i) begin
      data_q  <= s_axis_rx_tdata_i;
      last_q  <= s_axis_rx_tlast_i;
      first_q <= ~mid_frame_q;
      bytes_q <= s_axis_rx_tlast_i ? (ByteW+1)'($countones(s_axis_rx_tkeep_i))
                                   : (ByteW+1)'(Bytes);
    end
  end

  // Destination: own, broadcast or multicast (group bit), or anything when promiscuous.
  assign ignore   = first_q ? ~cfg_i.rx_en : ignore_q;
  assign filter   = first_q ? ~(cfg_i.promisc | data_q[0] | (data_q[47:0] == cfg_i.mac)) : filter_q;
  assign len      = {beats_q, {ByteW{1'b0}}} + 16'(bytes_q);
  assign finish   = valid_q & last_q & ~ignore;
  assign len_bad  = (len < MIN_FRAME) | (len > cfg_i.max_frame);
  assign full     = full_q | ~wr_ready_i;

  assign wr_data_o    = data_q;
  assign wr_valid_o   = valid_q & ~ignore & ~filter & ~full & (len <= cfg_i.max_frame);
  assign filtered_o   = finish & filter;
  assign len_bad_o    = finish & ~filter & len_bad;
  assign overflow_o   = finish & ~filter & ~len_bad & (full | ~meta_ready_i);
  assign accepted_o   = finish & ~filter & ~len_bad & ~full & meta_ready_i;
  assign commit_o     = accepted_o;
  assign rollback_o   = filtered_o | len_bad_o | overflow_o;
  assign meta_valid_o = accepted_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beats_q  <= '0;
      ignore_q <= 1'b1;
      filter_q <= 1'b0;
      full_q   <= 1'b0;
    end else if (valid_q) begin
      ignore_q <= ignore;
      filter_q <= filter;
      full_q   <= ~last_q & (full & ~ignore & ~filter);
      if (last_q) beats_q <= '0;
      else if (beats_q != {{BeatW-1{1'b1}}, 1'b0}) beats_q <= beats_q + BeatW'(1);
    end
  end

  // Of one lane the fields are there a beat before the last; a wide beat may be a whole frame, and is
  // parsed on its way into data_q.
  if (Lanes == 1) begin : gen_parse
    logic [2:0] beat_idx;
    assign beat_idx = (beats_q < BeatW'(7)) ? beats_q[2:0] : 3'd7;
    nic_rx_parse i_parse (
      .clk_i(clk_i), .natt_port_i(cfg_i.natt_port), .beat_valid_i(wr_valid_o),
      .beat_idx_i(beat_idx), .data_i(data_q), .len_i(len), .meta_o(meta_o)
    );
  end else begin : gen_parse_wide
    logic [2:0] beat_idx_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) beat_idx_q <= '0;
      else if (s_axis_rx_tvalid_i) begin
        if (s_axis_rx_tlast_i) beat_idx_q <= '0;
        else if (beat_idx_q != 3'd7) beat_idx_q <= beat_idx_q + 3'd1;
      end
    end
    nic_rx_parse #(.Lanes(Lanes)) i_parse (
      .clk_i(clk_i), .natt_port_i(cfg_i.natt_port), .beat_valid_i(s_axis_rx_tvalid_i),
      .beat_idx_i(beat_idx_q), .data_i(s_axis_rx_tdata_i), .len_i(len), .meta_o(meta_o)
    );
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, cfg_i.tx_en, cfg_i.ipsec_tx_en, cfg_i.ipsec_rx_en,
                         cfg_i.rx_flag_bad, cfg_i.rx_scatter, cfg_i.rx_csum};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    // Full beats, which are nearly all, need no second look.
    if (s_axis_rx_tvalid_i && s_axis_rx_tkeep_i != '1 && rst_ni) begin
      assert (s_axis_rx_tkeep_i[0] && (s_axis_rx_tkeep_i & (s_axis_rx_tkeep_i + Bytes'(1))) == '0)
        else $fatal(1, "nic_mac_rx: keep not contiguous from lane 0");
      assert (s_axis_rx_tlast_i) else $fatal(1, "nic_mac_rx: gap inside a frame");
    end
  end
`endif
endmodule
