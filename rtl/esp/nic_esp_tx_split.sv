// SPDX-License-Identifier: BSD-2-Clause
//
// nic_esp_tx_split: parts each frame into beats that go round the engine and beats that are
// encrypted. With IPSEC the text starts on a beat, so the beat before it ends with SPI | sequence
// number | IV, which make the AAD and the nonce (RFC 4106). The SA is read when the frame comes up; the
// three or more beats of headers hide it, or, where beats are wider, nic_sa_ahead brings it. A frame
// whose SA is invalid goes no further than its headers: nothing of it is encrypted or sent. So it is
// with an SA whose row is bad, and under packet offload with one that has given its last number.
// Throughput one beat a cycle, no bubble between frames; latency 1 cycle.
//
// GMAC (RFC 4543): all of SPI, number, IV and text is AAD, and the text goes round the engine too.
// 16 bytes, with ESN 20, are in front of the text there: beyond whole beats, the text reaches the engine
// moved up by so many bytes. What that pushes out of the last beat follows in the next cycle, while
// headers pass.
//
//   beats --+-- headers, ESP beat, plain frames, text of GMAC ----------------> bypass
//           +-- ESP block -> AAD --.
//           '-- text ------------- +--> engine        frame --> command, merge record
module nic_esp_tx_split #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               frame_valid_i,
  output logic               frame_ready_o,
  input  nic_pkg::tx_frame_t frame_i,
  input  logic               beat_valid_i,
  output logic               beat_ready_o,
  input  logic [128*Lanes-1:0] beat_i,
  input  logic               beat_last_i,
  input  logic               beat_err_i,      // with the last beat
  output logic               sa_rd_en_o,
  output logic [9:0]         sa_rd_idx_o,
  input  nic_pkg::sa_entry_t sa_i,            // from the cycle after the read on; bad: 1 later
  input  logic               spent_i,         // likewise: the SA has no sequence number left
  output logic               number_rd_en_o,
  output logic               take_o,          // packet offload: the frame has its number
  output logic               bypass_valid_o,
  input  logic               bypass_ready_i,
  output logic               merge_valid_o,
  input  logic               merge_ready_i,
  output nic_pkg::tx_merge_t merge_o,
  output logic               end_valid_o,     // frame has passed, end_err_o says how its reads went
  input  logic               end_ready_i,
  output logic               end_err_o,
  output logic               cmd_valid_o,
  input  logic               cmd_ready_i,
  output nic_pkg::gcm_cmd_t  cmd_o,
  output logic               text_valid_o,
  input  logic               text_ready_i,
  output logic [128*Lanes-1:0] text_o
);
  localparam int unsigned Bytes = 16 * Lanes;
  localparam int unsigned ByteW = $clog2(Bytes);
  localparam int unsigned Width = 128 * Lanes;

  logic              sa_read_q, sa_known_q, crypt_q, cmd_valid_q, text_valid_q;
  logic [9:0]        idx_q;                   // beats of the frame that have passed
  nic_pkg::gcm_cmd_t cmd_q;
  logic [Width-1:0]  text_q;
  logic              merge_valid_q, gmac_q, spill_q;
  nic_pkg::tx_merge_t merge_q;

  logic        has_data, esp_beat, past_esp, sa_ok, merge_beat, cmd_slot, text_slot, ready, move;
  logic        crypt, merge_slot, merge_put, to_bypass, known, spent;
  logic [3:0]  code;
  logic [9:0]  hdr, round_end;                // number of the ESP beat; beats that go round
  logic [15:0] text_len;
  logic [16:0] text_end, icv_end, plain_end;
  logic [ByteW-1:0] tail;
  logic [127:0] esp;                          // SPI, number, IV
  logic         spill, text_first;            // AAD in a beat of its own

  assign has_data  = frame_i.code == nic_pkg::CODE_OK;
  assign hdr       = {5'd0, frame_i.hdr};
  assign esp       = beat_i[Width-1 -: 128];
  assign tail      = text_len[ByteW-1:0];
  assign esp_beat  = frame_i.ipsec & (idx_q == hdr);
  assign past_esp  = frame_i.ipsec & (idx_q > hdr);
  assign known     = sa_i.valid & (sa_i.esn == frame_i.esn) & (sa_i.packet == frame_i.packet);
  assign spent     = frame_i.packet & spent_i;
  assign sa_ok     = known & ~sa_i.bad & ~spent;
  assign text_len  = frame_i.len - {8'd0, frame_i.esp_off} - 16'd16;
  assign text_end  = {1'b0, text_len} + 17'(Bytes - 1);
  assign icv_end   = {1'b0, text_len} + 17'(Bytes + 15);
  assign plain_end = {1'b0, frame_i.len} + 17'(Bytes - 1);
  assign cmd_slot  = ~cmd_valid_q | cmd_ready_i;
  assign merge_slot = ~merge_valid_q | merge_ready_i;
  assign text_slot = (~text_valid_q | text_ready_i) & ~spill_q;

  // The merge record leaves with the first beat, or with the ESP beat, when the SA is known.
  assign merge_beat = has_data & (frame_i.ipsec ? esp_beat : idx_q == 10'd0);
  assign to_bypass  = ~past_esp | gmac_q;
  assign ready      = (~past_esp | ~crypt_q | text_slot) & (~to_bypass | bypass_ready_i)
                      & (~esp_beat | (cmd_slot & text_slot))
                      & (~merge_beat | merge_slot) & (~beat_last_i | end_ready_i);
  assign move       = frame_valid_i & has_data & beat_valid_i & ready;

  assign beat_ready_o   = frame_valid_i & has_data & ready;
  assign frame_ready_o  = has_data ? move & beat_last_i : merge_slot;
  assign bypass_valid_o = move & to_bypass;
  assign merge_put      = merge_slot & (has_data ? move & merge_beat : frame_valid_i);
  assign merge_valid_o  = merge_valid_q;
  assign merge_o        = merge_q;
  assign end_valid_o    = move & beat_last_i;
  assign end_err_o      = beat_err_i;
  assign sa_rd_en_o     = frame_valid_i & frame_i.ipsec & has_data & ~sa_read_q;
  assign sa_rd_idx_o    = frame_i.sa_idx[9:0];
  assign number_rd_en_o = sa_rd_en_o & frame_i.packet;
  assign take_o         = move & esp_beat & frame_i.packet & sa_ok;

  assign crypt      = has_data & frame_i.ipsec & sa_ok;
  assign code       = !(has_data & frame_i.ipsec) ? frame_i.code : sa_i.bad ? nic_pkg::CODE_KEY_ERR
                      : !known ? nic_pkg::CODE_NO_SA : spent ? nic_pkg::CODE_SEQ_END
                      : nic_pkg::CODE_OK;
  assign round_end  = !has_data ? 10'd0 : frame_i.ipsec ? hdr + 10'd1 : 10'(plain_end >> ByteW);
  assign cmd_valid_o  = cmd_valid_q;
  assign cmd_o        = cmd_q;
  assign text_valid_o = text_valid_q;
  assign text_o       = text_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sa_read_q    <= 1'b0;
      sa_known_q   <= 1'b0;
      crypt_q      <= 1'b0;
      idx_q        <= '0;
      cmd_valid_q  <= 1'b0;
      cmd_q        <= '0;
      text_valid_q <= 1'b0;
      merge_valid_q <= 1'b0;
      gmac_q       <= 1'b0;
      spill_q      <= 1'b0;
    end else begin
      if (merge_slot) merge_valid_q <= merge_put;
      if (frame_valid_i) sa_read_q <= ~frame_ready_o;
      sa_known_q <= sa_read_q & ~frame_ready_o;
      if (move) idx_q <= beat_last_i ? 10'd0 : idx_q + 10'd1;
      if (text_ready_i) text_valid_q <= 1'b0;
      if (cmd_ready_i) cmd_valid_q <= 1'b0;
      if (move && esp_beat) begin
        crypt_q <= sa_ok;
        gmac_q  <= sa_ok & sa_i.gmac;
        if (sa_ok) begin
          cmd_valid_q    <= 1'b1;
          cmd_q.decrypt  <= 1'b0;
          cmd_q.key256   <= sa_i.key256;
          cmd_q.key      <= sa_i.key;
          cmd_q.iv       <= {esp[127:64], sa_i.salt};
          cmd_q.aad_len  <= sa_i.gmac ? text_len + (sa_i.esn ? 16'd20 : 16'd16)
                                      : sa_i.esn ? 16'd12 : 16'd8;
          cmd_q.text_len <= sa_i.gmac ? 16'd0 : text_len;
          text_valid_q   <= text_first;
        end
      end
      if (move && past_esp && crypt_q) text_valid_q <= 1'b1;
      if (move && past_esp && beat_last_i && spill) spill_q <= 1'b1;
      if (spill_q && text_ready_i) begin
        spill_q      <= 1'b0;
        text_valid_q <= 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (merge_put) begin
      merge_q.crypt       <= crypt;
      merge_q.has_data    <= has_data;
      merge_q.hdr         <= (crypt & sa_i.gmac) ? hdr + 10'd1 + 10'(text_end >> ByteW) : round_end;
      merge_q.total       <= crypt ? hdr + 10'd1 + 10'(icv_end >> ByteW) : round_end;
      merge_q.tail        <= 6'(tail);
      merge_q.done.qid    <= frame_i.qid;
      merge_q.done.code   <= code;
      merge_q.done.secp   <= crypt;
      merge_q.done.lead   <= frame_i.ipsec ? 6'(ByteW'(8'd0 - frame_i.esp_off - 8'd16)) : '0;
      merge_q.done.len    <= (code != nic_pkg::CODE_OK) ? 16'd0
                             : crypt ? frame_i.len + 16'd16 : frame_i.len;
      merge_q.done.sa_idx <= frame_i.sa_idx;
      merge_q.done.cookie <= frame_i.cookie;
    end
  end

  // RFC 4106 §5: AAD is SPI | sequence number, with ESN the number's high half comes first.
  // RFC 4543 §3.3: then IV and text, too.
  logic [159:0] aad;
  assign aad = frame_i.esn ? {esp[127:32], nic_pkg::swap32(frame_i.esn_hi), esp[31:0]} : {32'd0, esp};
  if (Lanes == 1) begin : gen_move
    // Of GMAC's AAD a whole beat goes first, and with ESN four bytes are left over.
    logic        moved_q;
    logic [31:0] carry_q, unused_aad;
    assign unused_aad = aad[159:128];
    assign spill      = moved_q & (tail == '0);
    assign text_first = 1'b1;
    always_ff @(posedge clk_i) begin
      if (move && esp_beat) moved_q <= sa_ok & sa_i.gmac & sa_i.esn;
      if (move && past_esp) text_q <= moved_q ? {beat_i[95:0], carry_q} : beat_i;
      if (spill_q && text_ready_i) text_q <= {96'd0, carry_q};
      if (move && (esp_beat || past_esp)) carry_q <= beat_i[127:96];
      if (move && esp_beat) text_q <= aad[127:0];
    end
  end else begin : gen_move_wide
    logic         esn_q;
    logic [159:0] carry_q;
    assign spill      = gmac_q & ((tail == '0) | (tail > ByteW'(Bytes - (esn_q ? 20 : 16))));
    assign text_first = ~sa_i.gmac;
    always_ff @(posedge clk_i) begin
      if (move && esp_beat) esn_q <= sa_i.esn;
      if (move && past_esp) begin
        text_q <= !gmac_q ? beat_i : esn_q ? {beat_i[Width-161:0], carry_q}
                                           : {beat_i[Width-129:0], carry_q[127:0]};
      end
      if (spill_q && text_ready_i) text_q <= Width'(carry_q);
      if (move && past_esp) carry_q <= esn_q ? beat_i[Width-1 -: 160] : {32'd0, beat_i[Width-1 -: 128]};
      if (move && esp_beat) carry_q <= aad;
      if (move && esp_beat) text_q <= Width'(aad);
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, sa_i.window, sa_i.spi, frame_i.pad, frame_i.next, frame_i.first, frame_i.last,
                         frame_i.tail};

`ifndef SYNTHESIS
  // Fail closed: with IPSEC no text beat ever takes the way round the engine, but for GMAC.
  always_ff @(posedge clk_i) begin
    if (move && rst_ni) begin
      if (past_esp) begin
        assert (!bypass_valid_o || gmac_q) else $fatal(1, "nic_esp_tx_split: text left unencrypted");
      end else if (beat_last_i) begin
        assert (!frame_i.ipsec || esp_beat)
          else $fatal(1, "nic_esp_tx_split: frame ends before its ESP header");
      end
      if (Lanes == 1 && esp_beat) begin
        assert (sa_known_q) else $fatal(1, "nic_esp_tx_split: SA not read");
      end
    end
  end
`endif
endmodule
