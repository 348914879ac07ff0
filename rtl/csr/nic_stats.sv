// SPDX-License-Identifier: BSD-2-Clause
//
// nic_stats: 32-bit wrapping event counters, read by word number (0x0600 block). One pulse, one
// count. Latency 1 cycle from pulse to count; all counters may count in every cycle.
//
//   pulse_i --> + 1 --> counter --> word select --> rd_data_o
module nic_stats (
  input  logic           clk_i,
  input  logic           rst_ni,
  input  nic_pkg::stat_t pulse_i,
  input  logic           rd_en_i,     // else rd_data_o is 0
  input  logic [3:0]     rd_word_i,
  output logic [31:0]    rd_data_o
);
  logic [31:0] tx_frames_q, tx_ipsec_q, tx_drop_q, rx_frames_q, rx_ipsec_ok_q, rx_icv_bad_q;
  logic [31:0] rx_no_sa_q, rx_overflow_q, rx_filtered_q, rx_len_bad_q, dma_errors_q, key_errors_q;
  logic [31:0] rx_replay_q, rx_bad_pad_q;

  always_comb begin
    rd_data_o = 32'd0;
    if (rd_en_i) case (rd_word_i)
      4'd0:    rd_data_o = tx_frames_q;
      4'd1:    rd_data_o = tx_ipsec_q;
      4'd2:    rd_data_o = tx_drop_q;
      4'd3:    rd_data_o = rx_frames_q;
      4'd4:    rd_data_o = rx_ipsec_ok_q;
      4'd5:    rd_data_o = rx_icv_bad_q;
      4'd6:    rd_data_o = rx_no_sa_q;
      4'd7:    rd_data_o = rx_overflow_q;
      4'd9:    rd_data_o = rx_filtered_q;
      4'd10:   rd_data_o = rx_len_bad_q;
      4'd11:   rd_data_o = dma_errors_q;
      4'd12:   rd_data_o = key_errors_q;
      4'd13:   rd_data_o = rx_replay_q;
      4'd14:   rd_data_o = rx_bad_pad_q;
      default: rd_data_o = 32'd0;  // word 8, RX_NO_DESC: frames wait, they are not dropped
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tx_frames_q   <= '0;
      tx_ipsec_q    <= '0;
      tx_drop_q     <= '0;
      rx_frames_q   <= '0;
      rx_ipsec_ok_q <= '0;
      rx_icv_bad_q  <= '0;
      rx_no_sa_q    <= '0;
      rx_overflow_q <= '0;
      rx_filtered_q <= '0;
      rx_len_bad_q  <= '0;
      dma_errors_q  <= '0;
      key_errors_q  <= '0;
      rx_replay_q   <= '0;
      rx_bad_pad_q  <= '0;
    end else if (|pulse_i) begin
      if (pulse_i.tx_frame)    tx_frames_q   <= tx_frames_q + 32'd1;
      if (pulse_i.tx_ipsec)    tx_ipsec_q    <= tx_ipsec_q + 32'd1;
      if (pulse_i.tx_drop)     tx_drop_q     <= tx_drop_q + 32'd1;
      if (pulse_i.rx_frame)    rx_frames_q   <= rx_frames_q + 32'd1;
      if (pulse_i.rx_ipsec_ok) rx_ipsec_ok_q <= rx_ipsec_ok_q + 32'd1;
      if (pulse_i.rx_icv_bad)  rx_icv_bad_q  <= rx_icv_bad_q + 32'd1;
      if (pulse_i.rx_no_sa)    rx_no_sa_q    <= rx_no_sa_q + 32'd1;
      if (pulse_i.rx_overflow) rx_overflow_q <= rx_overflow_q + 32'd1;
      if (pulse_i.rx_filtered) rx_filtered_q <= rx_filtered_q + 32'd1;
      if (pulse_i.rx_len_bad)  rx_len_bad_q  <= rx_len_bad_q + 32'd1;
      if (pulse_i.rx_replay)   rx_replay_q   <= rx_replay_q + 32'd1;
      if (pulse_i.rx_bad_pad)  rx_bad_pad_q  <= rx_bad_pad_q + 32'd1;
      if (pulse_i.rd_error || pulse_i.wr_error) begin
        dma_errors_q <= dma_errors_q + 32'(pulse_i.rd_error) + 32'(pulse_i.wr_error);
      end
      if (pulse_i.tx_key_error || pulse_i.rx_key_error) begin
        key_errors_q <= key_errors_q + 32'(pulse_i.tx_key_error) + 32'(pulse_i.rx_key_error);
      end
    end
  end
endmodule
