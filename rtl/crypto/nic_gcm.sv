// SPDX-License-Identifier: BSD-2-Clause
//
// nic_gcm: AES-128/256-GCM with 96-bit IV and 128-bit tag (SP 800-38D, RFC 4106), both ways,
// message by message with any mix of keys, sizes and directions.
//
// Byte order at all ports: byte k of a block, key, IV or tag is bits [8k+7:8k].
// Flow: nic_gcm_issue drives nic_aes_pipe ahead of the data; results wait in order in the keystream
// FIFO: H, keystream, tag mask. The sequencer below takes one of them and one input beat a step:
//   First: H, and the first AAD beat if any    Aad: further AAD beats
//   Text:  keystream and a text beat           Len: tag mask; GHASH takes the length block
// A message of N text beats and at most one AAD beat takes N+2 cycles, also back to back.
// Latency: command to first output 20 cycles (once: later commands run ahead); beat to output
// 2 cycles; last text output to tag 5 cycles. No combinational path from input to output.
module nic_gcm (
  input  logic              clk_i,
  input  logic              rst_ni,
  // One command a message, accepted before its first beat; may run ahead of the data.
  input  logic              cmd_valid_i,
  output logic              cmd_ready_o,
  input  nic_pkg::gcm_cmd_t cmd_i,
  // ceil(aad_len/16) AAD beats, then ceil(text_len/16) text beats; bytes past the end are ignored.
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic [127:0]      in_data_i,
  // Expected tag, one a decrypt message.
  input  logic              exp_valid_i,
  output logic              exp_ready_o,
  input  logic [127:0]      exp_tag_i,
  // One beat a text beat; bytes past the end are zero; last: the final one of its message.
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [127:0]      out_data_o,
  output logic              out_last_o,
  // One a message: the computed tag; ok: encrypt, or equal to the expected tag.
  output logic              tag_valid_o,
  input  logic              tag_ready_i,
  output logic [127:0]      tag_o,
  output logic              tag_ok_o
);
  localparam int unsigned KsDepth  = 32;   // > latency of the AES pipe: keeps it full
  localparam int unsigned InDepth  = 32;   // > latency of a command: the feeder need not wait
  localparam int unsigned CtxDepth = 16;   // messages between command and tag
  localparam int unsigned TagDepth = 4;

  // ---- Commands: to the issuer, and lengths and direction to the sequencer.
  logic        ctx_ready, ctx_valid, ctx_decrypt, issue_ready;
  logic [15:0] ctx_aad_len, ctx_text_len;
  logic        done;   // the sequencer has finished a message

  assign cmd_ready_o = ctx_ready & issue_ready;

  nic_fifo #(.Width(33), .Depth(CtxDepth)) u_ctx_fifo (
    .clk_i   (clk_i),
    .rst_ni  (rst_ni),
    .valid_i (cmd_valid_i & issue_ready),
    .ready_o (ctx_ready),
    .data_i  ({cmd_i.decrypt, cmd_i.aad_len, cmd_i.text_len}),
    .valid_o (ctx_valid),
    .ready_i (done),
    .data_o  ({ctx_decrypt, ctx_aad_len, ctx_text_len}),
    .count_o ()
  );

  // ---- Counter blocks through AES into the keystream FIFO; credits count its free places.
  logic         key_valid, key256, issue_valid, issue_zero;
  logic [255:0] key;
  logic [95:0]  issue_iv;
  logic [15:0]  issue_count;
  logic         aes_valid, ks_valid, ks_take;
  logic [127:0] aes_block, ks;
  logic [5:0]   credit_q;

  nic_gcm_issue u_issue (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .cmd_valid_i    (cmd_valid_i & ctx_ready),
    .cmd_ready_o    (issue_ready),
    .cmd_key256_i   (cmd_i.key256),
    .cmd_key_i      (cmd_i.key),
    .cmd_iv_i       (cmd_i.iv),
    .cmd_text_len_i (cmd_i.text_len),
    .credit_i       (credit_q != '0),
    .key_valid_o    (key_valid),
    .key256_o       (key256),
    .key_o          (key),
    .valid_o        (issue_valid),
    .zero_o         (issue_zero),
    .iv_o           (issue_iv),
    .count_o        (issue_count)
  );

  nic_aes_pipe u_aes (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .key_valid_i (key_valid),
    .key256_i    (key256),
    .key_i       (key),
    .valid_i     (issue_valid),
    .block_i     (issue_zero ? 128'h0 : {issue_count[7:0], issue_count[15:8], 16'h0, issue_iv}),
    .valid_o     (aes_valid),
    .block_o     (aes_block)
  );

  logic ks_room;
  nic_fifo #(.Width(128), .Depth(KsDepth)) u_ks_fifo (
    .clk_i   (clk_i),
    .rst_ni  (rst_ni),
    .valid_i (aes_valid),
    .ready_o (ks_room),
    .data_i  (aes_block),
    .valid_o (ks_valid),
    .ready_i (ks_take),
    .data_o  (ks),
    .count_o ()
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) credit_q <= 6'(KsDepth);
    else if (issue_valid != ks_take) credit_q <= ks_take ? credit_q + 6'd1 : credit_q - 6'd1;
  end

  // ---- Input beats.
  logic         in_valid, in_take;
  logic [127:0] in_data;

  nic_fifo #(.Width(128), .Depth(InDepth)) u_in_fifo (
    .clk_i   (clk_i),
    .rst_ni  (rst_ni),
    .valid_i (in_valid_i),
    .ready_o (in_ready_o),
    .data_i  (in_data_i),
    .valid_o (in_valid),
    .ready_i (in_take),
    .data_o  (in_data),
    .count_o ()
  );

  // ---- Sequencer.
  typedef enum logic [1:0] {First, Aad, Text, Len} step_e;
  step_e        step_q, step_d;
  logic [15:0]  left_q, left_d;   // bytes left of the AAD (Aad) or the text (Text)
  logic [15:0]  here;             // bytes left with this beat
  logic         go, final_beat, out_room, tag_room;

  assign here       = (step_q == First) ? ctx_aad_len : left_q;
  assign final_beat = here <= 16'd16;

  always_comb begin
    case (step_q)
      First:   go = ctx_valid & ks_valid & (in_valid | ctx_aad_len == '0);
      Aad:     go = in_valid;
      Text:    go = in_valid & ks_valid & out_room;
      default: go = ks_valid & tag_room;
    endcase
  end

  always_comb begin
    step_d = step_q;
    left_d = here - 16'd16;
    case (step_q)
      First, Aad: begin
        if (!final_beat) begin
          step_d = Aad;
        end else begin
          step_d = (ctx_text_len == '0) ? Len : Text;
          left_d = ctx_text_len;
        end
      end
      Text:    if (final_beat) step_d = Len;
      default: step_d = First;
    endcase
  end

  assign ks_take = go & (step_q != Aad);
  assign in_take = go & (step_q != Len) & (step_q != First | ctx_aad_len != '0);
  assign done    = go & (step_q == Len);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) step_q <= First;
    else if (go) step_q <= step_d;
  end
  always_ff @(posedge clk_i) if (go) left_q <= left_d;

  // ---- Data: to GHASH and to the output, which is a register with a second one behind it.
  logic         x_valid_q, x_first_q, spill_valid_q, out_free, text_go;
  logic [127:0] x_q, mask_q;
  logic         decrypt_q;
  logic         spill_last_q;
  logic [127:0] spill_q;

  assign text_go  = go & (step_q == Text);
  assign out_room = !spill_valid_q;
  assign out_free = !out_valid_o | out_ready_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      x_valid_q     <= 1'b0;
      out_valid_o   <= 1'b0;
      spill_valid_q <= 1'b0;
    end else begin
      x_valid_q     <= go;
      out_valid_o   <= text_go | spill_valid_q | !out_free;
      spill_valid_q <= (text_go | spill_valid_q) & !out_free;
    end
  end

  always_ff @(posedge clk_i) begin
    if (spill_valid_q && out_ready_i) begin
      out_last_o <= spill_last_q;
      out_data_o <= spill_q;
    end
    if (go) begin
      logic [127:0] keep, kept, xored;
      kept  = in_data;
      xored = in_data ^ ks;
      if (final_beat) begin   // the bytes past the end are zero
        keep[63:0]   = (here >= 16'd8) ? '1 : ~({64{1'b1}} << {here[2:0], 3'b000});
        keep[127:64] = (here == 16'd16) ? '1 :
                       (here <= 16'd8)  ? '0 : ~({64{1'b1}} << {here[2:0], 3'b000});
        kept  = kept & keep;
        xored = xored & keep;
      end
      x_first_q <= step_q == First;
      if (step_q == Len) begin
        // 64-bit big-endian lengths in bits.
        x_q <= {ctx_text_len[4:0], 3'b000, ctx_text_len[12:5], 5'h0, ctx_text_len[15:13], 40'h0,
                ctx_aad_len[4:0], 3'b000, ctx_aad_len[12:5], 5'h0, ctx_aad_len[15:13], 40'h0};
        mask_q    <= ks;
        decrypt_q <= ctx_decrypt;
      end else if (step_q == Text) begin
        x_q <= ctx_decrypt ? kept : xored;
        if (out_free) begin
          out_last_o <= final_beat;
          out_data_o <= xored;
        end else begin
          spill_last_q <= final_beat;
          spill_q      <= xored;
        end
      end else begin
        // Without AAD the First step hashes a zero block, which leaves GHASH at zero.
        x_q <= kept;
      end
    end
  end

  // ---- GHASH, one step behind.
  logic [127:0] y;

  nic_ghash u_ghash (
    .clk_i     (clk_i),
    .h_valid_i (go & (step_q == First)),
    .h_i       (ks),
    .valid_i   (x_valid_q),
    .first_i   (x_first_q),
    .x_i       (x_q),
    .y_o       (y)
  );

  // ---- Tags: T = GHASH ^ E(K, J0). One may be on its way, not yet counted, when another follows.
  logic [128:0] tag_q;             // {decrypt, tag}
  logic         x_len_q, y_len_q, tag_push_q, tag_space;
  logic         tag_valid, tag_take, tag_decrypt, exp_valid;
  logic [127:0] tag, exp_tag;
  logic [2:0]   tag_count;

  assign tag_room = tag_count <= 3'(TagDepth - 2);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      x_len_q    <= 1'b0;
      y_len_q    <= 1'b0;
      tag_push_q <= 1'b0;
    end else begin
      x_len_q    <= done;
      y_len_q    <= x_len_q;
      tag_push_q <= y_len_q;
    end
  end
  always_ff @(posedge clk_i) if (y_len_q) tag_q <= {decrypt_q, y ^ mask_q};

  nic_fifo #(.Width(129), .Depth(TagDepth)) u_tag_fifo (
    .clk_i   (clk_i),
    .rst_ni  (rst_ni),
    .valid_i (tag_push_q),
    .ready_o (tag_space),
    .data_i  (tag_q),
    .valid_o (tag_valid),
    .ready_i (tag_take),
    .data_o  ({tag_decrypt, tag}),
    .count_o (tag_count)
  );

  nic_fifo #(.Width(128), .Depth(TagDepth)) u_exp_fifo (
    .clk_i   (clk_i),
    .rst_ni  (rst_ni),
    .valid_i (exp_valid_i),
    .ready_o (exp_ready_o),
    .data_i  (exp_tag_i),
    .valid_o (exp_valid),
    .ready_i (tag_take & tag_decrypt),
    .data_o  (exp_tag),
    .count_o ()
  );

  assign tag_take = tag_valid & (exp_valid | !tag_decrypt) & (!tag_valid_o | tag_ready_i);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) tag_valid_o <= 1'b0;
    else         tag_valid_o <= tag_take | (tag_valid_o & !tag_ready_i);
  end
  always_ff @(posedge clk_i) begin
    if (tag_take) begin
      tag_o    <= tag;
      tag_ok_o <= !tag_decrypt | (tag == exp_tag);
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!aes_valid || ks_room) else $fatal(1, "nic_gcm: keystream lost");
      assert (!tag_push_q || tag_space) else $fatal(1, "nic_gcm: tag lost");
    end
  end
`endif
endmodule
