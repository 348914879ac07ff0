// SPDX-License-Identifier: BSD-2-Clause
//
// nic_esp_tx_merge: puts frames together again, headers round the engine, then cipher text, then
// the ICV right behind it, into the frame FIFO. A frame that failed is rolled back and leaves a
// record with its error code. Latency 1 cycle; one beat a cycle.
//
//   bypass, text, tag --> one beat --> out_q --> frame FIFO, record FIFO
module nic_esp_tx_merge #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               merge_valid_i,
  output logic               merge_ready_o,
  input  nic_pkg::tx_merge_t merge_i,
  input  logic               bypass_valid_i,
  output logic               bypass_ready_o,
  input  logic [128*Lanes-1:0] bypass_i,
  input  logic               end_valid_i,
  output logic               end_ready_o,
  input  logic               end_err_i,
  input  logic               text_valid_i,
  output logic               text_ready_o,
  input  logic [128*Lanes-1:0] text_i,
  input  logic               tag_valid_i,
  output logic               tag_ready_o,
  input  logic [127:0]       tag_i,
  output logic               wr_valid_o,
  input  logic               wr_ready_i,
  output logic [128*Lanes-1:0] wr_data_o,
  output logic               commit_o,
  output logic               rollback_o,
  output logic               done_valid_o,
  input  logic               done_ready_i,
  output nic_pkg::tx_done_t  done_o,
  output nic_pkg::sa_event_t event_o      // valid for one cycle: a frame under an SA
);
  localparam int unsigned Bytes = 16 * Lanes;
  localparam int unsigned ByteW = $clog2(Bytes);
  localparam int unsigned Width = 128 * Lanes;

  logic [9:0]        idx_q;    // beats of the frame that have passed
  logic              out_valid_q, out_end_q, out_keep_q;
  logic [Width-1:0]  out_q;
  nic_pkg::tx_done_t done_q;

  logic in_hdr, final_beat, fits, with_tag, is_tag, tag_end, good, slot, src_valid, move, empty, room;
  logic [ByteW-1:0] tail;
  logic [ByteW+2:0] tag_up;   // bits
  logic [127:0] tag_rest;     // what did not fit the last text beat

  assign in_hdr     = idx_q < merge_i.hdr;
  assign final_beat = idx_q == merge_i.total - 10'd1;
  // The last text beat, when it is not full, takes the first bytes of the ICV, or all.
  assign fits       = (Lanes > 1) & (tail != '0) & (tail <= ByteW'(Bytes - 16));
  assign is_tag     = merge_i.crypt & final_beat & ~fits;
  assign with_tag   = merge_i.crypt & (idx_q + 10'd1 == merge_i.total - (fits ? 10'd0 : 10'd1))
                      & (tail != '0);
  assign tail       = merge_i.tail[ByteW-1:0];
  assign tag_up     = {tail, 3'd0};
  assign tag_rest   = (tail == '0) ? tag_i : tag_i >> (8'd128 - {1'b0, tag_up[6:0]});
  assign empty      = ~merge_i.has_data;
  assign good       = (merge_i.done.code == nic_pkg::CODE_OK) & ~end_err_i;

  // The output register waits for room for its beat and for its record.
  assign room = (~out_valid_q | wr_ready_i) & (~out_end_q | done_ready_i);
  assign slot = room;

  // GMAC: in_hdr lasts to the end of the text, and the last of it takes the first bytes of the ICV.
  assign src_valid = empty ? 1'b1
                     : (in_hdr ? bypass_valid_i : is_tag | text_valid_i)
                       & (~(with_tag | is_tag) | tag_valid_i) & (~final_beat | end_valid_i);
  assign move      = merge_valid_i & src_valid & slot;

  assign merge_ready_o  = move & (empty | final_beat);
  assign bypass_ready_o = move & ~empty & in_hdr;
  assign text_ready_o   = move & ~empty & ~in_hdr & ~is_tag;
  assign tag_end        = is_tag | (with_tag & fits);
  assign tag_ready_o    = move & ~empty & tag_end;
  assign end_ready_o    = move & ~empty & final_beat;

  assign wr_valid_o   = out_valid_q & room;
  assign wr_data_o    = out_q;
  assign done_valid_o = out_end_q & room;
  assign commit_o     = out_end_q & room & out_keep_q;
  assign rollback_o   = out_end_q & room & ~out_keep_q;
  assign done_o       = done_q;

  assign event_o.valid = merge_ready_o & merge_i.crypt;
  assign event_o.bad   = ~good;
  assign event_o.idx   = merge_i.done.sa_idx[9:0];
  assign event_o.len   = merge_i.done.len;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      idx_q       <= '0;
      out_valid_q <= 1'b0;
      out_end_q   <= 1'b0;
      out_keep_q  <= 1'b0;
    end else begin
      if (slot) begin
        out_valid_q <= move & ~empty & (merge_i.done.code == nic_pkg::CODE_OK);
        out_end_q   <= merge_ready_o;
      end
      if (move) begin
        idx_q      <= merge_ready_o ? 10'd0 : idx_q + 10'd1;
        out_keep_q <= good & ~empty;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (move) begin
      if (with_tag) begin
        out_q <= (in_hdr ? bypass_i & ~({Width{1'b1}} << tag_up) : text_i)
                 | (Width'(tag_i) << tag_up);
      end else if (is_tag) begin
        out_q <= Width'(tag_rest);
      end else begin
        out_q <= in_hdr ? bypass_i : text_i;
      end
      if (merge_ready_o) begin
        done_q <= merge_i.done;
        if (!empty && end_err_i) begin
          done_q.code <= nic_pkg::CODE_DMA_ERR;
          done_q.secp <= 1'b0;
          done_q.len  <= 16'd0;
        end
      end
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, merge_i.tail};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (move && rst_ni) begin
      assert (empty || merge_i.total != 10'd0) else $fatal(1, "nic_esp_tx_merge: empty frame");
    end
    if (commit_o && rst_ni) begin
      assert (done_q.code == nic_pkg::CODE_OK) else $fatal(1, "nic_esp_tx_merge: bad frame kept");
    end
  end
`endif
endmodule
