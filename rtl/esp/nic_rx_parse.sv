// SPDX-License-Identifier: BSD-2-Clause
//
// nic_rx_parse: looks at a frame as it passes and says whether it is an unfragmented ESP packet
// with sane lengths, where its ESP header lies, and which SPI and destination it names. Known
// are IPv4 with options, IPv6 whose next header is ESP, both with one VLAN tag or none, and ESP in
// UDP (RFC 3948) to the port that software named; of its checksum nothing is asked, the ICV says
// more. A frame's fields are final one block of 16 bytes before its last, because 32 bytes at least follow
// the SPI. Latency 1 cycle; one beat a cycle, whose blocks follow each other in one chain.
//
//   block, block before it --> ip: 16 bytes of the IP packet, counted from its first byte, so that
//   every field lies in a 32-bit word of its own:
//     IPv4:  0 total length | 1 fragment | 2 protocol | 4 destination
//     IPv6:  1 length, next header | 6..9 destination
//     then, from word ihl on: ESP, or UDP in two words and ESP
module nic_rx_parse #(
  parameter int unsigned Lanes = 1         // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic                 clk_i,
  input  logic [15:0]          natt_port_i,
  input  logic                 beat_valid_i,
  input  logic [2:0]           beat_idx_i,    // stays at 7 from the eighth beat on
  input  logic [128*Lanes-1:0] data_i,
  input  logic [15:0]          len_i,         // bytes, valid with the last beat
  output nic_pkg::rx_meta_t    meta_o
);
  localparam logic [15:0] ETHERTYPE_IPV4 = 16'h0800;
  localparam logic [15:0] ETHERTYPE_IPV6 = 16'h86dd;
  localparam logic [15:0] ETHERTYPE_VLAN = 16'h8100;
  localparam logic [7:0]  IPPROTO_UDP    = 8'd17;
  localparam logic [7:0]  IPPROTO_ESP    = 8'd50;

  logic         vlan_q, v6_q, esp_q, udp_q, port_ok_q;
  logic [15:0]  type_q, total_q, udp_len_q;
  logic [111:0] prev_q;
  logic [4:0]   words_q;      // in front of the ESP header
  logic [31:0]  spi_q;
  logic [127:0] dst_q;

  // A word of the 16 bytes as a number.
  function automatic logic [31:0] word(input logic [127:0] x, input logic [1:0] n);
    word = nic_pkg::swap32(x[{n, 5'd0} +: 32]);
  endfunction

  // IP and UDP headers, ESP header, IV and ICV around the text (RFC 4106: IV 8, ICV 16).
  logic [15:0] l2, headers, overhead;
  logic        udp_ok;
  assign l2       = vlan_q ? 16'd18 : 16'd14;
  assign headers  = {9'd0, words_q, 2'd0};
  assign overhead = headers + 16'd32;
  assign udp_ok   = ~udp_q | (port_ok_q & (spi_q != 32'd0)
                              & (udp_len_q == total_q - headers + 16'd8));

  assign meta_o.esp_seen = (esp_q | udp_q) & udp_ok & (total_q >= overhead + 16'd4)
                           & ({1'b0, total_q} + {1'b0, l2} <= {1'b0, len_i});
  assign meta_o.esp_off  = l2[7:0] + headers[7:0];
  assign meta_o.len      = len_i;
  assign meta_o.text_len = total_q - overhead;
  assign meta_o.spi      = spi_q;
  assign meta_o.v6       = v6_q;
  assign meta_o.dst      = dst_q;
  // The addresses end the header, unless options follow, or UDP over IPv6.
  assign meta_o.form     = v6_q ? (udp_q ? nic_pkg::FORM_OTHER : nic_pkg::FORM_V6)
                           : (words_q == (udp_q ? 5'd7 : 5'd5))
                             ? (udp_q ? nic_pkg::FORM_V4_UDP : nic_pkg::FORM_V4) : nic_pkg::FORM_OTHER;

  localparam logic [2:0] BEATS = 3'((6 + Lanes) / Lanes);   // that hold the first seven blocks

  always_ff @(posedge clk_i) begin : parse
    logic         vlan, v6, esp, udp, port_ok, is_v4, is_v6, whole;
    logic [15:0]  ether_type, total, udp_len;
    logic [111:0] prev;
    logic [4:0]   words, len_word, port_word;
    logic [31:0]  spi, w0, w1;
    logic [127:0] dst, data, ip;
    logic [2:0]   n, at;        // number of the block; of these 16 bytes in the packet
    logic [7:0]   proto;
    if (beat_valid_i && beat_idx_i < BEATS) begin
      vlan       = vlan_q;
      v6         = v6_q;
      esp        = esp_q;
      udp        = udp_q;
      port_ok    = port_ok_q;
      ether_type = type_q;
      total      = total_q;
      udp_len    = udp_len_q;
      prev       = prev_q;
      words      = words_q;
      spi        = spi_q;
      dst        = dst_q;
      for (int l = 0; l < Lanes; l++) begin
        data      = data_i[128*l +: 128];
        n         = 3'(beat_idx_i * 3'(Lanes)) + 3'(l);
        ip        = vlan ? {data[15:0], prev} : {data[111:0], prev[111:96]};
        at        = n - (vlan ? 3'd2 : 3'd1);
        len_word  = words - 5'd1;
        port_word = words - 5'd2;
        if (n == 3'd0) begin
          ether_type = {data[103:96], data[111:104]};
          vlan       = ether_type == ETHERTYPE_VLAN;
          esp        = 1'b0;
          udp        = 1'b0;
        end else begin
          if (n == 3'd1 && vlan) ether_type = {data[7:0], data[15:8]};
          w0 = word(ip, 2'd0);
          w1 = word(ip, 2'd1);
          if (at == 3'd0) begin
            is_v4 = ether_type == ETHERTYPE_IPV4 && w0[31:28] == 4'd4 && w0[27:24] >= 4'd5;
            is_v6 = ether_type == ETHERTYPE_IPV6 && w0[31:28] == 4'd6;
            proto = is_v6 ? w1[15:8] : ip[79:72];
            // More-fragments flag and offset are zero; the reserved and don't-fragment flags may be
            // anything.
            whole = is_v6 || w1[13:0] == 14'd0;
            v6    = is_v6;
            esp   = (is_v4 | is_v6) & whole & (proto == IPPROTO_ESP);
            udp   = (is_v4 | is_v6) & whole & (proto == IPPROTO_UDP);
            words = (is_v6 ? 5'd10 : {1'b0, w0[27:24]}) + (proto == IPPROTO_UDP ? 5'd2 : 5'd0);
            total = is_v6 ? w1[31:16] + 16'd40 : w0[15:0];
            dst   = '0;
          end
          if (at == 3'd1) begin
            if (v6) dst[63:0] = {word(ip, 2'd3), word(ip, 2'd2)};
            else dst[31:0] = w0;
          end
          if (at == 3'd2 && v6) dst[127:64] = {w1, w0};
          if (at == words[4:2]) spi = word(ip, words[1:0]);
          if (udp && at == len_word[4:2]) udp_len = 16'(word(ip, len_word[1:0]) >> 16);
          if (udp && at == port_word[4:2]) begin
            port_ok = 16'(word(ip, port_word[1:0])) == natt_port_i && natt_port_i != 16'd0;
          end
        end
        prev = data[127:16];
      end
      vlan_q    <= vlan;
      v6_q      <= v6;
      esp_q     <= esp;
      udp_q     <= udp;
      port_ok_q <= port_ok;
      type_q    <= ether_type;
      total_q   <= total;
      udp_len_q <= udp_len;
      prev_q    <= prev;
      words_q   <= words;
      spi_q     <= spi;
      dst_q     <= dst;
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, l2[15:8], headers[15:8]};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (beat_valid_i && beat_idx_i > 3'd1) begin
      assert (!(esp_q && udp_q)) else $fatal(1, "nic_rx_parse: two protocols");
      assert (!(esp_q || udp_q) || words_q >= 5'd5) else $fatal(1, "nic_rx_parse: no header");
    end
  end
`endif
endmodule
