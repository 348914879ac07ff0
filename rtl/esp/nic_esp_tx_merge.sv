// SPDX-License-Identifier: BSD-2-Clause
//
// nic_esp_tx_merge: puts frames together again, headers round the engine, then cipher text, then
// the ICV right behind it, into the frame FIFO. A frame that failed is rolled back and leaves a
// record with its error code. Latency 1 cycle; one beat a cycle.
//
//   bypass, text, tag --> one beat --> out_q --> frame FIFO, record FIFO
module nic_esp_tx_merge (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               merge_valid_i,
  output logic               merge_ready_o,
  input  nic_pkg::tx_merge_t merge_i,
  input  logic               bypass_valid_i,
  output logic               bypass_ready_o,
  input  logic [127:0]       bypass_i,
  input  logic               end_valid_i,
  output logic               end_ready_o,
  input  logic               end_err_i,
  input  logic               text_valid_i,
  output logic               text_ready_o,
  input  logic [127:0]       text_i,
  input  logic               tag_valid_i,
  output logic               tag_ready_o,
  input  logic [127:0]       tag_i,
  output logic               wr_valid_o,
  input  logic               wr_ready_i,
  output logic [127:0]       wr_data_o,
  output logic               commit_o,
  output logic               rollback_o,
  output logic               done_valid_o,
  input  logic               done_ready_i,
  output nic_pkg::tx_done_t  done_o,
  output nic_pkg::sa_event_t event_o      // valid for one cycle: a frame under an SA
);
  logic [9:0]        idx_q;    // beats of the frame that have passed
  logic              out_valid_q, out_end_q, out_keep_q;
  logic [127:0]      out_q;
  nic_pkg::tx_done_t done_q;

  logic in_hdr, final_beat, with_tag, is_tag, good, slot, src_valid, move, empty, room;
  logic [6:0] tag_up;   // bits

  assign in_hdr     = idx_q < merge_i.hdr;
  assign final_beat = idx_q == merge_i.total - 10'd1;
  assign is_tag     = merge_i.crypt & final_beat;
  // The last text beat, when it is not full, takes the first bytes of the ICV.
  assign with_tag   = merge_i.crypt & (idx_q == merge_i.total - 10'd2) & (merge_i.tail != 4'd0);
  assign tag_up     = {merge_i.tail, 3'd0};
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
  assign tag_ready_o    = move & ~empty & is_tag;
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
  assign event_o.esn   = 1'b0;
  assign event_o.seq   = 64'd0;

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
        out_q <= (in_hdr ? bypass_i & ~({128{1'b1}} << tag_up) : text_i) | (tag_i << tag_up);
      end else if (in_hdr) out_q <= bypass_i;
      else if (is_tag) out_q <= (merge_i.tail == 4'd0) ? tag_i : tag_i >> (8'd128 - {1'b0, tag_up});
      else out_q <= text_i;
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

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (move || commit_o)) begin
      assert (!(move && !empty && merge_i.total == 10'd0))
        else $fatal(1, "nic_esp_tx_merge: empty frame");
      assert (!(commit_o && done_q.code != nic_pkg::CODE_OK))
        else $fatal(1, "nic_esp_tx_merge: bad frame kept");
    end
  end
`endif
endmodule
