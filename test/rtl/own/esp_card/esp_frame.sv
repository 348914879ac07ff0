// SPDX-License-Identifier: BSD-2-Clause
//
// One frame in the card, and AES-GCM or GMAC over the ESP packet in it, in place (RFC 4106, RFC 4543).
// Latency: about 18 cycles a block of 16 bytes, and 100 more. Throughput: one frame at a time.
//
//   put --> | frame, by bytes | --> get
//             |   ^
//          AAD, text   text, ICV
//             v   |
//            my_engine
module esp_frame (
  input  logic          clk,
  input  logic          rst_n,
  // Beats of 32 bytes, or of 16: then the upper half is not written.
  input  logic          put,
  input  logic          put_half,
  input  logic [13:0]   put_at,
  input  logic [255:0]  put_data,
  input  logic [13:0]   get_at,
  output logic [255:0]  get_data,
  output logic [1023:0] head,          // its first 128 bytes
  // From `start` on, until `done`, what follows may not change.
  input  logic          start,
  input  logic          decrypt,
  input  logic          key256,
  input  logic          gmac,
  input  logic          esn,
  input  logic [255:0]  key,
  input  logic [31:0]   salt,
  input  logic [31:0]   esn_hi,
  input  logic [13:0]   esp,           // first byte of the ESP header
  input  logic [13:0]   stop,          // first byte behind the ICV
  output logic          done,
  output logic          ok             // with `done`: the ICV is right
);
  typedef enum logic [2:0] {Idle, Sa, Aad, Text, Icv} state_t;
  state_t       state;
  logic [7:0]   bytes [9472];
  logic [13:0]  fed, kept;             // bytes of this AAD or text given; of text taken back

  always_comb for (int i = 0; i < 32; i++) get_data[8*i +: 8] = bytes[get_at + 14'(i)];

  // RFC 4303 §2.2.1: the high half is behind the SPI in what is authenticated, and not on the wire.
  logic [13:0] text, text_len, aad_len, high;
  assign high     = esn ? 14'd4 : 14'd0;
  assign text     = esp + 14'd16;
  assign text_len = gmac ? 14'd0 : stop - 14'd16 - text;
  assign aad_len  = 14'd8 + high + (gmac ? stop - 14'd24 - esp : 14'd0);

  logic         s_ready, s_valid, s_last, m_valid, m_last, icv_valid, icv_ok, sa_ready, exp_ready;
  logic [127:0] s_data, m_data, m_icv, icv;
  logic [15:0]  s_keep, m_keep;
  logic [63:0]  iv;
  logic [13:0]  left;

  assign left    = (state == Text ? text_len : aad_len) - fed;
  assign s_valid = state == Aad || state == Text;
  assign s_last  = left <= 14'd16 && (state == Text || text_len == 14'd0);
  always_comb begin
    s_data = '0;
    s_keep = '0;
    icv    = '0;
    iv     = '0;
    if (state != Idle) begin
      for (int i = 0; i < 16; i++) begin
        s_keep[i] = 14'(i) < left;
        if (state == Text) s_data[8*i +: 8] = bytes[text + fed + 14'(i)];
        else if (fed + 14'(i) < 14'd4) s_data[8*i +: 8] = bytes[esp + fed + 14'(i)];
        else if (fed + 14'(i) < 14'd4 + high) s_data[8*i +: 8] = esn_hi[8*(7-i) +: 8];
        else s_data[8*i +: 8] = bytes[esp + fed + 14'(i) - high];
        icv[8*i +: 8] = bytes[stop - 14'd16 + 14'(i)];
      end
      for (int i = 0; i < 8; i++) iv[8*i +: 8] = bytes[esp + 14'd8 + 14'(i)];
    end
  end

  my_engine engine (
    .aclk(clk), .aresetn(rst_n),
    .s_sa_tvalid(state == Sa), .s_sa_tready(sa_ready), .s_sa_decrypt(decrypt),
    .s_sa_key256(key256), .s_sa_key(key), .s_sa_iv({iv, salt}), .s_sa_aad_len({2'd0, aad_len}),
    .s_sa_text_len({2'd0, text_len}),
    .s_axis_tvalid(s_valid), .s_axis_tready(s_ready), .s_axis_tdata(s_data),
    .s_axis_tkeep(s_keep), .s_axis_tlast(s_last), .s_axis_tuser(state == Text),
    .s_icv_tvalid(decrypt && state == Icv), .s_icv_tready(exp_ready), .s_icv_tdata(icv),
    .m_axis_tvalid(m_valid), .m_axis_tready(1'b1), .m_axis_tdata(m_data), .m_axis_tkeep(m_keep),
    .m_axis_tlast(m_last),
    .m_icv_tvalid(icv_valid), .m_icv_tready(state == Icv), .m_icv_tdata(m_icv),
    .m_icv_tuser(icv_ok)
  );

  always_ff @(posedge clk) begin
    done <= 1'b0;
    if (put) begin
      for (int i = 0; i < 16; i++) bytes[put_at + 14'(i)] <= put_data[8*i +: 8];
      if (!put_half) for (int i = 16; i < 32; i++) bytes[put_at + 14'(i)] <= put_data[8*i +: 8];
      for (int i = 0; i < 8; i++) begin
        if (put_at[13:4] == 10'(i)) head[128*i +: 128] <= put_data[127:0];
        if (!put_half && put_at[13:4] + 10'd1 == 10'(i)) head[128*i +: 128] <= put_data[255:128];
      end
    end
    if (m_valid) begin
      kept <= kept + 14'd16;
      for (int i = 0; i < 16; i++) begin
        if (m_keep[i]) bytes[text + kept + 14'(i)] <= m_data[8*i +: 8];
      end
    end
    case (state)
      Idle: if (start) state <= Sa;
      Sa: begin
        fed  <= '0;
        kept <= '0;
        if (sa_ready) state <= Aad;
      end
      Aad: if (s_ready) begin
        fed <= fed + 14'd16;
        if (left <= 14'd16) begin
          fed   <= '0;
          state <= (text_len == 14'd0) ? Icv : Text;
        end
      end
      Text: if (s_ready) begin
        fed <= fed + 14'd16;
        if (s_last) state <= Icv;
      end
      default: if (icv_valid) begin
        for (int i = 0; i < 16; i++) begin
          if (!decrypt) bytes[stop - 14'd16 + 14'(i)] <= m_icv[8*i +: 8];
        end
        done  <= 1'b1;
        ok    <= icv_ok;
        state <= Idle;
      end
    endcase
    if (!rst_n) state <= Idle;
  end

  logic unused;
  assign unused = &{1'b0, m_last, exp_ready};
endmodule
