// SPDX-License-Identifier: BSD-2-Clause
//
// nic_gcm: AES-128/256-GCM with 96-bit IV and 128-bit tag (SP 800-38D, RFC 4106), both ways,
// message by message with any mix of keys, sizes and directions.
//
// Byte order at all ports: byte k of a block, key, IV or tag is bits [8k+7:8k]; so are a beat's 16
// bytes in each of its Lanes blocks, the earliest block in the low bits.
// Flow: nic_gcm_issue drives nic_aes_pipe ahead of the data; results wait in order in the keystream
// FIFO: H, keystream, tag mask. The sequencer below takes one of them and one input beat a step:
//   First: H, and the first AAD beat if any    Aad: further AAD beats
//   Text:  keystream and a text beat           Len: tag mask; GHASH takes the length block
// A message of N text beats and at most one AAD beat takes N+2 cycles, also back to back.
// With more lanes the tag mask comes along with H, nic_gcm_powers makes the powers of H on the side,
// nic_gcm_pack groups the blocks for GHASH, and the length block goes along with a last text beat that
// is not full, which saves a cycle: ceil((blocks + 1) / Lanes) + 1 a message.
// Latency: command to first output 20 cycles (once: later commands run ahead); beat to output
// 2 cycles; last text output to tag 5 cycles. Several lanes: 21 + Lanes, and 5 or, when the lengths
// need a cycle, 6. No combinational path from input to output.
module nic_gcm #(
  parameter int unsigned Lanes = 1   // blocks a cycle: 1, 2 or 4
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  // One command a message, accepted before its first beat; may run ahead of the data.
  input  logic              cmd_valid_i,
  output logic              cmd_ready_o,
  input  nic_pkg::gcm_cmd_t cmd_i,
  // Beats of AAD, then of text, each begun anew; bytes past the end are ignored.
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic [128*Lanes-1:0] in_data_i,
  // Expected tag, one a decrypt message.
  input  logic              exp_valid_i,
  output logic              exp_ready_o,
  input  logic [127:0]      exp_tag_i,
  // One beat a text beat; bytes past the end are zero; last: the final one of its message.
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [128*Lanes-1:0] out_data_o,
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
  localparam int unsigned TagDepth = (Lanes == 1) ? 4 : 8;
  localparam int unsigned ExpDepth = (Lanes == 1) ? 4 : 16;  // messages between input and tag
  localparam int unsigned Width    = 128 * Lanes;
  localparam logic [15:0] BeatLen  = 16'(16 * Lanes);     // bytes

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
  logic [Width-1:0] issue_blocks, aes_block, ks;
  logic [5:0]   credit_q;

  nic_gcm_issue #(.Lanes(Lanes)) u_issue (
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

  for (genvar l = 0; l < Lanes; l++) begin : gen_counter
    logic [15:0] count;
    assign count = (issue_zero && l != 0) ? 16'd1 : issue_count + 16'(l);
    assign issue_blocks[128*l +: 128] = (issue_zero && l == 0)
                                        ? 128'h0 : {count[7:0], count[15:8], 16'h0, issue_iv};
  end

  nic_aes_pipe #(.Lanes(Lanes)) u_aes (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .key_valid_i (key_valid),
    .key256_i    (key256),
    .key_i       (key),
    .valid_i     (issue_valid),
    .block_i     (issue_blocks),
    .valid_o     (aes_valid),
    .block_o     (aes_block)
  );

  logic ks_room;
  nic_fifo #(.Width(Width), .Depth(KsDepth)) u_ks_fifo (
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

  // ---- Powers of H, and E(K, J0), which masks the tag.
  logic             powers_valid, powers_take;
  logic [Width-1:0] powers;
  logic [127:0]     mask;

  if (Lanes == 1) begin : gen_h
    assign powers_valid = 1'b1;
    assign powers       = ks;
    assign mask         = ks;
    logic unused_take;
    assign unused_take = powers_take;
  end else begin : gen_powers
    localparam int unsigned AesLatency = 15;
    logic [AesLatency-1:0] zero_q;   // where the zero blocks are
    logic [127:0]          first_mask_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) zero_q <= '0;
      else         zero_q <= {zero_q[AesLatency-2:0], issue_valid & issue_zero};
      if (powers_take) first_mask_q <= ks[255:128];
    end
    assign mask = first_mask_q;
    nic_gcm_powers #(.Lanes(Lanes), .Depth(CtxDepth)) u_powers (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .h_valid_i(zero_q[AesLatency-1]), .h_i(aes_block[127:0]),
      .valid_o(powers_valid), .ready_i(powers_take), .powers_o(powers)
    );
  end

  // ---- Input beats.
  logic             in_valid, in_take;
  logic [Width-1:0] in_data;

  nic_fifo #(.Width(Width), .Depth(InDepth)) u_in_fifo (
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
  logic         go, final_beat, out_room, tag_room, with_len;

  assign here       = (step_q == First) ? ctx_aad_len : left_q;
  assign final_beat = here <= BeatLen;
  // The last text beat leaves a lane to the length block.
  assign with_len   = (Lanes > 1) & (step_q == Text) & (here <= BeatLen - 16'd16);

  always_comb begin
    case (step_q)
      First:   go = ctx_valid & ks_valid & powers_valid & (in_valid | ctx_aad_len == '0);
      Aad:     go = in_valid;
      Text:    go = in_valid & ks_valid & out_room & (tag_room | ~with_len);
      default: go = (ks_valid | (Lanes > 1)) & tag_room;
    endcase
  end

  always_comb begin
    step_d = step_q;
    left_d = here - BeatLen;
    case (step_q)
      First, Aad: begin
        if (!final_beat) begin
          step_d = Aad;
        end else begin
          step_d = (ctx_text_len == '0) ? Len : Text;
          left_d = ctx_text_len;
        end
      end
      Text:    if (final_beat) step_d = with_len ? First : Len;
      default: step_d = First;
    endcase
  end

  assign ks_take     = go & (step_q != Aad) & (step_q != Len | Lanes == 1);
  assign powers_take = go & (step_q == First);
  assign in_take     = go & (step_q != Len) & (step_q != First | ctx_aad_len != '0);
  assign done        = go & (step_q == Len | with_len);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) step_q <= First;
    else if (go) step_q <= step_d;
  end
  always_ff @(posedge clk_i) if (go) left_q <= left_d;

  // ---- Data: to the output, which is a register with a second one behind it.
  logic             spill_valid_q, out_free, text_go;
  logic             spill_last_q;
  logic [Width-1:0] spill_q, keep, kept, xored;
  logic [127:0]     len_block;

  assign text_go  = go & (step_q == Text);
  assign out_room = !spill_valid_q;
  assign out_free = !out_valid_o | out_ready_i;

  // The bytes past the end are zero.
  for (genvar l = 0; l < Lanes; l++) begin : gen_keep
    logic [4:0] bytes;
    assign bytes = (here >= 16'(16*l + 16)) ? 5'd16 : (here <= 16'(16*l)) ? 5'd0 : {1'b0, here[3:0]};
    assign keep[128*l +: 64]    = (bytes >= 5'd8) ? '1 : ~({64{1'b1}} << {bytes[2:0], 3'b000});
    assign keep[128*l+64 +: 64] = bytes[4] ? '1 :
                                  (bytes <= 5'd8) ? '0 : ~({64{1'b1}} << {bytes[2:0], 3'b000});
  end
  assign kept  = in_data & keep;
  assign xored = (in_data ^ ks) & keep;
  // 64-bit big-endian lengths in bits.
  assign len_block = {ctx_text_len[4:0], 3'b000, ctx_text_len[12:5], 5'h0, ctx_text_len[15:13], 40'h0,
                      ctx_aad_len[4:0], 3'b000, ctx_aad_len[12:5], 5'h0, ctx_aad_len[15:13], 40'h0};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      out_valid_o   <= 1'b0;
      spill_valid_q <= 1'b0;
    end else begin
      out_valid_o   <= text_go | spill_valid_q | !out_free;
      spill_valid_q <= (text_go | spill_valid_q) & !out_free;
    end
    if (spill_valid_q && out_ready_i) begin
      out_last_o <= spill_last_q;
      out_data_o <= spill_q;
    end
    if (text_go && out_free) begin
      out_last_o <= final_beat;
      out_data_o <= xored;
    end else if (text_go) begin
      spill_last_q <= final_beat;
      spill_q      <= xored;
    end
  end

  // ---- GHASH, one step behind: AAD, cipher text, lengths.
  logic             x_valid, x_first;
  logic [Width-1:0] blocks, x;
  logic [127:0]     y;

  if (Lanes == 1) begin : gen_x
    // Without AAD the First step hashes a zero block, which leaves GHASH at zero.
    assign blocks = (step_q == Len) ? len_block : (step_q == Text && !ctx_decrypt) ? xored : kept;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) x_valid <= 1'b0;
      else         x_valid <= go;
      if (go) begin
        x_first <= step_q == First;
        x       <= blocks;
      end
    end
  end else begin : gen_pack
    localparam int unsigned LaneW = $clog2(Lanes);
    logic [LaneW:0]   used, count;
    logic [LaneW-1:0] lead;
    // What is missing to whole groups of all blocks and the length block.
    assign lead  = ~(LaneW'((ctx_aad_len + 16'd15) >> 4) + LaneW'((ctx_text_len + 16'd15) >> 4));
    assign used  = final_beat ? (LaneW+1)'((here + 16'd15) >> 4) : (LaneW+1)'(Lanes);
    assign count = (step_q == Len) ? (LaneW+1)'(1) : used + (LaneW+1)'(with_len);
    for (genvar l = 0; l < Lanes; l++) begin : gen_block
      assign blocks[128*l +: 128] =
          ((step_q == Len && l == 0) || (with_len && used == (LaneW+1)'(l))) ? len_block
          : (step_q == Len) ? 128'h0
          : (step_q == Text && !ctx_decrypt) ? xored[128*l +: 128] : kept[128*l +: 128];
    end
    nic_gcm_pack #(.Lanes(Lanes)) u_pack (
      .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(go), .first_i(step_q == First), .lead_i(lead),
      .count_i(count), .blocks_i(blocks), .valid_o(x_valid), .first_o(x_first), .x_o(x)
    );
  end

  nic_ghash_lanes #(.Lanes(Lanes)) u_ghash (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .h_valid_i (powers_take),
    .h_i       (powers),
    .valid_i   (x_valid),
    .first_i   (x_first),
    .x_i       (x),
    .y_o       (y)
  );

  // ---- Tags: T = GHASH ^ E(K, J0). One may be on its way, not yet counted, when another follows.
  localparam int unsigned Behind = (Lanes == 1) ? 2 : 3;   // cycles from the step to Y
  logic [Behind-1:0]    done_q, decrypt_q;   // [0]: the step was in the last cycle
  logic [128*Behind-1:0] mask_q;
  logic [128:0] tag_q;             // {decrypt, tag}
  logic         tag_push_q, tag_space;
  logic         tag_valid, tag_take, tag_decrypt, exp_valid;
  logic [127:0] tag, exp_tag;
  logic [$clog2(TagDepth+1)-1:0] tag_count;

  assign tag_room = tag_count <= ($clog2(TagDepth+1))'(TagDepth / 2);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      done_q     <= '0;
      tag_push_q <= 1'b0;
    end else begin
      tag_push_q <= done_q[Behind-1];
      done_q     <= {done_q[Behind-2:0], done};
    end
  end
  always_ff @(posedge clk_i) begin
    if (done_q[Behind-1]) tag_q <= {decrypt_q[Behind-1], y ^ mask_q[128*(Behind-1) +: 128]};
    if (done || done_q != '0) begin
      decrypt_q <= {decrypt_q[Behind-2:0], ctx_decrypt};
      mask_q    <= {mask_q[128*(Behind-1)-1:0], mask};
    end
  end

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

  nic_fifo #(.Width(128), .Depth(ExpDepth)) u_exp_fifo (
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
    if (aes_valid && rst_ni) assert (ks_room) else $fatal(1, "nic_gcm: keystream lost");
    if (tag_push_q && rst_ni) assert (tag_space) else $fatal(1, "nic_gcm: tag lost");
  end
`endif
endmodule
