// SPDX-License-Identifier: BSD-2-Clause
//
// nic_rx_parse: looks at a frame as it passes and says whether it is an unfragmented ESP packet
// with sane lengths, where its ESP header lies, and which SPI and destination it names. Known
// are IPv4 with options, IPv6 whose next header is ESP, both with one VLAN tag or none, and ESP in
// UDP (RFC 3948) to the port that software named; of its checksum nothing is asked, the ICV says
// more. A frame's fields are final one beat before its last, because 32 bytes at least follow the
// SPI. Latency 1 cycle; one beat a cycle.
//
//   beat, beat before it --> ip: 16 bytes of the IP packet, counted from its first byte, so that
//   every field lies in a 32-bit word of its own:
//     IPv4:  0 total length | 1 fragment | 2 protocol | 4 destination
//     IPv6:  1 length, next header | 6..9 destination
//     then, from word ihl on: ESP, or UDP in two words and ESP
module nic_rx_parse (
  input  logic              clk_i,
  input  logic [15:0]       natt_port_i,
  input  logic              beat_valid_i,
  input  logic [2:0]        beat_idx_i,    // stays at 7 from the eighth beat on
  input  logic [127:0]      data_i,
  input  logic [15:0]       len_i,         // bytes, valid with the last beat
  output nic_pkg::rx_meta_t meta_o
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

  logic [127:0] ip;
  logic [7:0]   proto;
  logic         whole;        // no fragment
  logic [2:0]   at;           // number of these 16 bytes in the packet
  logic [4:0]   len_word, port_word;

  assign ip        = vlan_q ? {data_i[15:0], prev_q} : {data_i[111:0], prev_q[111:96]};
  assign at        = beat_idx_i - (vlan_q ? 3'd2 : 3'd1);
  assign len_word  = words_q - 5'd1;
  assign port_word = words_q - 5'd2;

  // A word of the 16 bytes as a number.
  function automatic logic [31:0] word(input logic [127:0] x, input logic [1:0] n);
    word = nic_pkg::swap32(x[{n, 5'd0} +: 32]);
  endfunction

  logic [31:0] w0, w1, w2, w3, w_spi, w_len, w_port;
  assign w0     = word(ip, 2'd0);
  assign w1     = word(ip, 2'd1);
  assign w2     = word(ip, 2'd2);
  assign w3     = word(ip, 2'd3);
  assign w_spi  = word(ip, words_q[1:0]);
  assign w_len  = word(ip, len_word[1:0]);
  assign w_port = word(ip, port_word[1:0]);

  logic is_v4, is_v6;
  assign is_v4 = type_q == ETHERTYPE_IPV4 && w0[31:28] == 4'd4 && w0[27:24] >= 4'd5;
  assign is_v6 = type_q == ETHERTYPE_IPV6 && w0[31:28] == 4'd6;
  assign proto = is_v6 ? w1[15:8] : w2[23:16];
  // More-fragments flag and offset are zero; the reserved and don't-fragment flags may be anything.
  assign whole = is_v6 || w1[13:0] == 14'd0;

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

  always_ff @(posedge clk_i) begin
    if (beat_valid_i && beat_idx_i != 3'd7) begin
      prev_q <= data_i[127:16];
      if (beat_idx_i == 3'd0) begin
        type_q <= {data_i[103:96], data_i[111:104]};
        vlan_q <= {data_i[103:96], data_i[111:104]} == ETHERTYPE_VLAN;
        esp_q  <= 1'b0;
        udp_q  <= 1'b0;
      end else begin
        if (beat_idx_i == 3'd1 && vlan_q) type_q <= {data_i[7:0], data_i[15:8]};
        if (at == 3'd0) begin
          v6_q    <= is_v6;
          esp_q   <= (is_v4 | is_v6) & whole & (proto == IPPROTO_ESP);
          udp_q   <= (is_v4 | is_v6) & whole & (proto == IPPROTO_UDP);
          words_q <= (is_v6 ? 5'd10 : {1'b0, w0[27:24]})
                     + (proto == IPPROTO_UDP ? 5'd2 : 5'd0);
          total_q <= is_v6 ? w1[31:16] + 16'd40 : w0[15:0];
          dst_q   <= '0;
        end
        if (at == 3'd1) begin
          if (v6_q) dst_q[63:0] <= {w3, w2};
          else dst_q[31:0] <= w0;
        end
        if (at == 3'd2 && v6_q) dst_q[127:64] <= {w1, w0};
        if (at == words_q[4:2]) spi_q <= w_spi;
        if (udp_q && at == len_word[4:2]) udp_len_q <= w_len[31:16];
        if (udp_q && at == port_word[4:2]) begin
          port_ok_q <= w_port[15:0] == natt_port_i && natt_port_i != 16'd0;
        end
      end
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, w0[23:16], w1[7:0], w1[15:14], w2[31:24], w2[15:0], w_len[15:0],
                         w_port[31:16], l2[15:8], headers[15:8]};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (beat_valid_i && beat_idx_i > 3'd1) begin
      assert (!(esp_q && udp_q)) else $fatal(1, "nic_rx_parse: two protocols");
      assert (!(esp_q || udp_q) || words_q >= 5'd5) else $fatal(1, "nic_rx_parse: no header");
    end
  end
`endif
endmodule
