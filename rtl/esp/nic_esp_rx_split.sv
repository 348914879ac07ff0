// SPDX-License-Identifier: BSD-2-Clause
//
// nic_esp_rx_split: parts each received frame into beats that go round the engine and cipher text.
// For a frame to decrypt the text starts on a beat; the beat before it ends with SPI | sequence number |
// IV. The ICV behind the text is gathered as the expected tag and, like everything behind the text,
// also goes round the engine. The SA is read when the frame comes up. If it is gone or its row is
// bad, the frame is delivered unchanged. Throughput one beat a cycle, no bubble between frames;
// latency 1 cycle.
//
// ESN: the high half of the number is guessed from the highest number seen and the window.
// GMAC (RFC 4543): all of SPI, number, IV and text is AAD, and the text goes round the engine too.
// 16 bytes, with ESN 20, are in front of the text there: beyond whole beats, the text reaches the engine
// moved up by so many bytes. What that pushes out of the last beat follows in the next cycle.
//
//   beats --+-- headers, ESP beat, ICV, padding, frames not decrypted --> bypass
//           +-- AAD, text ------------------------------------------------> engine
//           '-- ICV -------------------------------------------------------> expected tag
module nic_esp_rx_split #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               csum_i,        // CTRL.RX_CSUM
  input  logic               frame_valid_i,
  output logic               frame_ready_o,
  input  nic_pkg::rx_frame_t frame_i,
  input  logic               beat_valid_i,
  output logic               beat_ready_o,
  input  logic [128*Lanes-1:0] beat_i,
  input  logic               beat_last_i,
  output logic               sa_rd_en_o,
  output logic [9:0]         sa_rd_idx_o,
  input  nic_pkg::sa_entry_t sa_i,            // from the cycle after the read on; bad: 1 later
  input  nic_pkg::esn_guess_t guess_i,        // a cycle later at most
  output logic               bypass_valid_o,
  input  logic               bypass_ready_i,
  output logic               merge_valid_o,
  input  logic               merge_ready_i,
  output nic_pkg::rx_merge_t merge_o,
  output logic               cmd_valid_o,
  input  logic               cmd_ready_i,
  output nic_pkg::gcm_cmd_t  cmd_o,
  output logic               text_valid_o,
  input  logic               text_ready_i,
  output logic [128*Lanes-1:0] text_o,
  output logic               exp_valid_o,
  input  logic               exp_ready_i,
  output logic [127:0]       exp_o,
  output logic               no_sa_o          // one cycle: for the statistics
);
  localparam int unsigned Bytes = 16 * Lanes;
  localparam int unsigned ByteW = $clog2(Bytes);
  localparam int unsigned Width = 128 * Lanes;

  logic              sa_read_q, sa_known_q, crypt_q, cmd_valid_q, text_valid_q, exp_valid_q;
  logic [9:0]        idx_q;
  nic_pkg::gcm_cmd_t cmd_q;
  logic [Width-1:0]  text_q;
  logic [127:0]      exp_q, exp_low_q;
  logic              merge_valid_q, no_sa_q, gmac_q, spill_q;
  nic_pkg::rx_merge_t merge_q;

  logic        esp_beat, is_text, last_text, fits, is_tag, mixed, sa_ok, merge_beat, move, ready;
  logic        cmd_slot, text_slot, exp_slot, to_bypass, to_text, crypt, spill, text_first;
  logic [31:0] seq, esn_hi;
  logic        merge_slot, merge_put;
  logic [3:0]  code;
  logic [9:0]  hdr, text_end, beats;          // number of the ESP beat, of the last text beat; all
  logic [16:0] frame_sum;
  logic [ByteW-1:0] lead, tail;
  logic [127:0] esp, icv;                     // SPI, number, IV; what a beat has of the ICV

  assign lead      = frame_i.crypt ? ByteW'(8'd0 - frame_i.esp_off - 8'd16) : '0;
  assign tail      = frame_i.text_len[ByteW-1:0];
  assign esp       = beat_i[Width-1 -: 128];
  assign icv       = 128'(beat_i >> {tail, 3'd0});
  assign hdr       = {5'd0, frame_i.hdr};
  assign text_end  = frame_i.text_end;
  assign frame_sum = {1'b0, frame_i.len} + 17'(lead) + 17'(Bytes - 1);
  assign beats     = 10'(frame_sum >> ByteW);

  assign esp_beat  = frame_i.crypt & (idx_q == hdr);
  assign is_text   = frame_i.crypt & crypt_q & (idx_q > hdr) & (idx_q <= text_end);
  assign last_text = is_text & (idx_q == text_end);
  // The ICV: in the last text beat, in two beats, or in the one behind.
  assign fits      = (Lanes > 1) & (tail != '0) & (tail <= ByteW'(Bytes - 16));
  assign is_tag    = frame_i.crypt & crypt_q & (idx_q == text_end + (fits ? 10'd0 : 10'd1));
  assign mixed     = last_text & (tail != '0);
  assign sa_ok     = sa_i.valid & ~sa_i.bad;
  assign cmd_slot  = ~cmd_valid_q | cmd_ready_i;
  assign text_slot = (~text_valid_q | text_ready_i) & ~spill_q;
  assign merge_slot = ~merge_valid_q | merge_ready_i;
  assign exp_slot  = ~exp_valid_q | exp_ready_i;

  assign seq    = nic_pkg::swap32(esp[63:32]);
  assign esn_hi = !sa_i.esn ? 32'd0
                  : ((seq < guess_i.bottom) == guess_i.whole) ? guess_i.other_hi : guess_i.hi;

  assign to_bypass  = ~is_text | mixed | gmac_q;
  assign to_text    = is_text | (esp_beat & sa_ok);
  assign merge_beat = frame_i.crypt ? esp_beat : idx_q == 10'd0;
  assign ready      = (~to_bypass | bypass_ready_i) & (~to_text | text_slot)
                      & (~esp_beat | cmd_slot) & (~is_tag | exp_slot)
                      & (~merge_beat | merge_slot);
  assign move       = frame_valid_i & beat_valid_i & ready;

  assign beat_ready_o   = frame_valid_i & ready;
  assign frame_ready_o  = move & beat_last_i;
  assign bypass_valid_o = move & to_bypass;
  assign merge_put      = move & merge_beat;
  assign merge_valid_o  = merge_valid_q;
  assign merge_o        = merge_q;
  assign sa_rd_en_o     = frame_valid_i & frame_i.crypt & ~sa_read_q;
  assign sa_rd_idx_o    = frame_i.sa_idx[9:0];
  assign no_sa_o        = no_sa_q;

  assign crypt = frame_i.crypt & sa_ok;
  assign code  = !(frame_i.crypt & ~sa_ok) ? frame_i.code
                 : sa_i.bad ? nic_pkg::CODE_KEY_ERR : nic_pkg::CODE_NO_SA;
  assign cmd_valid_o  = cmd_valid_q;
  assign cmd_o        = cmd_q;
  assign text_valid_o = text_valid_q;
  assign text_o       = text_q;
  assign exp_valid_o  = exp_valid_q;
  assign exp_o        = exp_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sa_read_q    <= 1'b0;
      sa_known_q   <= 1'b0;
      crypt_q      <= 1'b0;
      idx_q        <= '0;
      cmd_valid_q  <= 1'b0;
      cmd_q        <= '0;
      text_valid_q <= 1'b0;
      exp_valid_q  <= 1'b0;
      merge_valid_q <= 1'b0;
      no_sa_q      <= 1'b0;
      gmac_q       <= 1'b0;
      spill_q      <= 1'b0;
    end else begin
      if (merge_slot) merge_valid_q <= merge_put;
      no_sa_q <= merge_put & (code == nic_pkg::CODE_NO_SA);
      if (frame_valid_i) sa_read_q <= ~frame_ready_o;
      sa_known_q <= sa_read_q & ~frame_ready_o;
      if (text_ready_i) text_valid_q <= 1'b0;
      if (cmd_ready_i) cmd_valid_q <= 1'b0;
      if (exp_ready_i) exp_valid_q <= 1'b0;
      if (move) begin
        idx_q <= beat_last_i ? 10'd0 : idx_q + 10'd1;
        if (beat_last_i) crypt_q <= 1'b0;
        if (esp_beat) begin
          crypt_q <= sa_ok;
          gmac_q  <= sa_ok & sa_i.gmac;
        end else if (beat_last_i) gmac_q <= 1'b0;
        if (esp_beat && sa_ok) begin
          cmd_valid_q    <= 1'b1;
          cmd_q.decrypt  <= 1'b1;
          cmd_q.key256   <= sa_i.key256;
          cmd_q.key      <= sa_i.key;
          cmd_q.iv       <= {esp[127:64], sa_i.salt};
          cmd_q.aad_len  <= sa_i.gmac ? frame_i.text_len + (sa_i.esn ? 16'd20 : 16'd16)
                                      : sa_i.esn ? 16'd12 : 16'd8;
          cmd_q.text_len <= sa_i.gmac ? 16'd0 : frame_i.text_len;
        end
        if (to_text) text_valid_q <= is_text | text_first;
        if (last_text && spill) spill_q <= 1'b1;
        if (is_tag) exp_valid_q <= 1'b1;
      end
      if (spill_q && text_ready_i) begin
        spill_q      <= 1'b0;
        text_valid_q <= 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (merge_put) begin
      merge_q.crypt         <= crypt;
      merge_q.tail          <= 6'(tail);
      merge_q.hdr           <= (crypt & ~sa_i.gmac) ? hdr + 10'd1 : beats;
      merge_q.text_end      <= (crypt & ~sa_i.gmac) ? text_end + 10'd1 : beats;
      merge_q.total         <= beats;
      merge_q.form          <= frame_i.form;
      merge_q.track         <= crypt & (sa_i.esn | sa_i.packet);
      merge_q.packet        <= crypt & sa_i.packet;
      merge_q.window        <= !sa_i.packet ? 8'd0
                               : (sa_i.window > 16'd128) ? 8'd128 : sa_i.window[7:0];
      merge_q.esp           <= hdr;
      merge_q.text_last     <= text_end;
      merge_q.text_len      <= frame_i.text_len;
      merge_q.seq           <= seq;
      merge_q.done.esn_hi   <= crypt ? esn_hi : 32'd0;
      merge_q.done.secp     <= crypt;
      merge_q.done.qid      <= frame_i.qid;
      merge_q.done.csum     <= csum_i & crypt & ~sa_i.gmac;
      merge_q.done.packet   <= 1'b0;
      merge_q.done.next     <= 8'd0;
      merge_q.done.esp_seen <= frame_i.esp_seen;
      merge_q.done.code     <= code;
      merge_q.done.lead     <= 6'(lead);
      merge_q.done.esp_off  <= frame_i.esp_off;
      merge_q.done.len      <= frame_i.len;
      merge_q.done.sa_idx   <= (code == nic_pkg::CODE_NO_SA) ? nic_pkg::NO_SA_IDX : frame_i.sa_idx;
    end
    if (move && is_tag) begin
      if (fits) exp_q <= icv;
      else if (tail == '0) exp_q <= beat_i[127:0];
      else exp_q <= exp_low_q | (beat_i[127:0] << (8'd128 - {1'b0, tail[3:0], 3'd0}));
    end
    if (move && mixed) exp_low_q <= icv;
  end

  // RFC 4106 §5: AAD is SPI | sequence number, with ESN the number's high half comes first.
  // RFC 4543 §3.3: then IV and text, too.
  logic [159:0] aad;
  assign aad = sa_i.esn ? {esp[127:32], nic_pkg::swap32(esn_hi), esp[31:0]} : {32'd0, esp};
  if (Lanes == 1) begin : gen_move
    // Of GMAC's AAD a whole beat goes first, and with ESN four bytes are left over.
    logic        moved_q;
    logic [31:0] carry_q, unused_aad;
    assign unused_aad = aad[159:128];
    assign spill      = moved_q & (tail == '0);
    assign text_first = 1'b1;
    always_ff @(posedge clk_i) begin
      if (move && esp_beat) moved_q <= sa_ok & sa_i.gmac & sa_i.esn;
      if (move && to_text) begin
        text_q  <= esp_beat ? aad[127:0] : moved_q ? {beat_i[95:0], carry_q} : beat_i;
        carry_q <= beat_i[127:96];
      end
      if (spill_q && text_ready_i) text_q <= {96'd0, carry_q};
    end
  end else begin : gen_move_wide
    logic         esn_q;
    logic [159:0] carry_q;
    assign spill      = gmac_q & ((tail == '0) | (tail > ByteW'(Bytes - (esn_q ? 20 : 16))));
    assign text_first = ~sa_i.gmac;
    always_ff @(posedge clk_i) begin
      if (move && esp_beat) begin
        esn_q   <= sa_i.esn;
        carry_q <= aad;
        text_q  <= Width'(aad);
      end else if (move && is_text) begin
        text_q  <= !gmac_q ? beat_i : esn_q ? {beat_i[Width-161:0], carry_q}
                                            : {beat_i[Width-129:0], carry_q[127:0]};
        carry_q <= esn_q ? beat_i[Width-1 -: 160] : {32'd0, esp};
      end
      if (spill_q && text_ready_i) text_q <= Width'(carry_q);
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, sa_i.spi};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (move && rst_ni) begin
      if (beat_last_i) begin
        assert (!is_text || (last_text && fits))
          else $fatal(1, "nic_esp_rx_split: frame ends before its ICV");
        assert (idx_q + 10'd1 == beats) else $fatal(1, "nic_esp_rx_split: beats");
      end
      if (Lanes == 1 && esp_beat) begin
        assert (sa_known_q) else $fatal(1, "nic_esp_rx_split: SA not read");
      end
    end
  end
`endif
endmodule
