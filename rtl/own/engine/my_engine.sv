// SPDX-License-Identifier: BSD-2-Clause
//
// AES-GCM for tagwire's card: a small engine to start from. README.md says what each port means.
// It does one message at a time, with one AES round a cycle and one byte of GHASH a cycle: about 18
// cycles a block of 16 bytes, and about 70 more a message.
module my_engine (
  input  logic         aclk,
  input  logic         aresetn,
  // One SA and message: key, IV, lengths in bytes.
  input  logic         s_sa_tvalid,
  output logic         s_sa_tready,
  input  logic         s_sa_decrypt,
  input  logic         s_sa_key256,
  input  logic [255:0] s_sa_key,
  input  logic [95:0]  s_sa_iv,
  input  logic [15:0]  s_sa_aad_len,
  input  logic [15:0]  s_sa_text_len,
  // AAD beats (tuser 0), then text beats (tuser 1), tlast on the last of the message.
  input  logic         s_axis_tvalid,
  output logic         s_axis_tready,
  input  logic [127:0] s_axis_tdata,
  input  logic [15:0]  s_axis_tkeep,
  input  logic         s_axis_tlast,
  input  logic         s_axis_tuser,
  // The ICV that came with a message to decrypt.
  input  logic         s_icv_tvalid,
  output logic         s_icv_tready,
  input  logic [127:0] s_icv_tdata,
  // Text beats.
  output logic         m_axis_tvalid,
  input  logic         m_axis_tready,
  output logic [127:0] m_axis_tdata,
  output logic [15:0]  m_axis_tkeep,
  output logic         m_axis_tlast,
  // The ICV of the message; tuser: it is as it should be.
  output logic         m_icv_tvalid,
  input  logic         m_icv_tready,
  output logic [127:0] m_icv_tdata,
  output logic         m_icv_tuser
);
  typedef enum logic [2:0] {Idle, HashKey, Mask, Take, Send, Lengths, Icv} state_t;
  state_t       state;
  logic         decrypt, key256;
  logic [255:0] key;
  logic [95:0]  iv;
  logic [15:0]  aad_len, text_len;
  logic [31:0]  counter;
  logic [127:0] h, mask;
  logic         stream_ready;   // the AES core holds the next 16 bytes of keystream
  logic         last;

  logic         aes_start, aes_done, hash_start, hash_busy;
  logic [127:0] aes_block, aes_result, hash_x, hash_y;

  my_aes aes (
    .clk(aclk), .rst_n(aresetn), .start(aes_start),
    .key256(state == Idle ? s_sa_key256 : key256), .key(state == Idle ? s_sa_key : key),
    .block(aes_block), .done(aes_done), .result(aes_result)
  );
  my_ghash ghash (
    .clk(aclk), .rst_n(aresetn), .clear(state == Idle), .start(hash_start), .h(h), .x(hash_x),
    .busy(hash_busy), .y(hash_y)
  );

  function automatic logic [31:0] bytes_swapped(input logic [31:0] a);
    bytes_swapped = {a[7:0], a[15:8], a[23:16], a[31:24]};
  endfunction

  logic [127:0] keep_bits, text;
  always_comb begin
    for (int k = 0; k < 16; k++) keep_bits[8*k +: 8] = {8{s_axis_tkeep[k]}};
  end
  assign text = (s_axis_tdata ^ aes_result) & keep_bits;

  logic sa_take, beat_take, text_take;
  assign s_sa_tready   = state == Idle;
  assign s_axis_tready = state == Take && !hash_busy && (!s_axis_tuser || stream_ready);
  assign sa_take       = s_sa_tvalid && s_sa_tready;
  assign beat_take     = s_axis_tvalid && s_axis_tready;
  assign text_take     = beat_take && s_axis_tuser;

  // AES: 0 gives H, the counter block J0 the mask of the ICV, J0 + 1 .. the keystream.
  always_comb begin
    aes_start = 1'b0;
    aes_block = {bytes_swapped(counter), iv};
    case (state)
      Idle: begin
        aes_start = sa_take;
        aes_block = '0;
      end
      HashKey: aes_start = aes_done;
      Mask:    aes_start = aes_done && text_len != 16'd0;
      default: aes_start = text_take && !s_axis_tlast;
    endcase
  end

  // GHASH: AAD, ciphertext, and both lengths in bits, as 64-bit numbers.
  assign hash_start = beat_take || (state == Lengths && !hash_busy);
  always_comb begin
    if (state == Lengths) begin
      hash_x = {bytes_swapped({13'd0, text_len, 3'd0}), 32'd0,
                bytes_swapped({13'd0, aad_len, 3'd0}), 32'd0};
    end else begin
      hash_x = (s_axis_tuser && !decrypt) ? text : s_axis_tdata & keep_bits;
    end
  end

  always_ff @(posedge aclk) begin
    if (!aresetn) begin
      state        <= Idle;
      stream_ready <= 1'b0;
    end else begin
      if (aes_start) begin
        stream_ready <= 1'b0;
        counter      <= counter + 32'd1;
      end else if (aes_done && state != HashKey && state != Mask) begin
        stream_ready <= 1'b1;
      end
      case (state)
        Idle: if (sa_take) begin
          decrypt  <= s_sa_decrypt;
          key256   <= s_sa_key256;
          key      <= s_sa_key;
          iv       <= s_sa_iv;
          aad_len  <= s_sa_aad_len;
          text_len <= s_sa_text_len;
          counter  <= 32'd1;
          state    <= HashKey;
        end
        HashKey: if (aes_done) begin
          h     <= aes_result;
          state <= Mask;
        end
        Mask: if (aes_done) begin
          mask  <= aes_result;
          state <= (aad_len == 16'd0 && text_len == 16'd0) ? Lengths : Take;
        end
        Take: if (beat_take) begin
          m_axis_tdata <= text;
          m_axis_tkeep <= s_axis_tkeep;
          last         <= s_axis_tlast;
          if (s_axis_tuser) state <= Send;
          else if (s_axis_tlast) state <= Lengths;
        end
        Send: if (m_axis_tready) state <= last ? Lengths : Take;
        Lengths: if (!hash_busy) state <= Icv;
        default: if (m_icv_tvalid && m_icv_tready) state <= Idle;
      endcase
    end
  end

  assign m_axis_tvalid = state == Send;
  assign m_axis_tlast  = last;
  assign m_icv_tvalid  = state == Icv && !hash_busy && (!decrypt || s_icv_tvalid);
  assign m_icv_tdata   = hash_y ^ mask;
  assign m_icv_tuser   = !decrypt || m_icv_tdata == s_icv_tdata;
  assign s_icv_tready  = m_icv_tvalid && m_icv_tready && decrypt;
endmodule
