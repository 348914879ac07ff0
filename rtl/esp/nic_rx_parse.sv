// SPDX-License-Identifier: BSD-2-Clause
//
// nic_rx_parse: looks at a frame as it passes and says whether it is an unfragmented IPv4 ESP frame
// with sane lengths, where its ESP header lies, and which SPI and destination it names. The fields
// of a frame are final two beats before its end, because 20 bytes at least follow the ESP header.
//
//   beat 0: ethertype 12..13, version and IHL 14
//   beat 1: total length 16..17, fragment 20..21, protocol 23, destination 30..31
//   beat 2: destination 32..33       beat (14 + 4 IHL) / 16 and the next: SPI
module nic_rx_parse (
  input  logic              clk_i,
  input  logic              beat_valid_i,
  input  logic [2:0]        beat_idx_i,    // stays at 7 from the eighth beat on
  input  logic [127:0]      data_i,
  input  logic [15:0]       len_i,         // bytes, valid with the last beat
  output nic_pkg::rx_meta_t meta_o
);
  localparam logic [15:0] ETHERTYPE_IPV4 = 16'h0800;
  localparam logic [7:0]  IPPROTO_ESP    = 8'd50;

  logic        ipv4_q, esp_q;
  logic [7:0]  esp_off_q;
  logic [15:0] total_len_q;
  logic [31:0] spi_q, dst_q;

  // IP header, ESP header, IV and ICV around the text (RFC 4106: IV 8, ICV 16).
  logic [15:0] ihl_len, overhead;
  assign ihl_len  = {8'd0, esp_off_q} - 16'd14;
  assign overhead = ihl_len + 16'd32;

  assign meta_o.esp_seen = ipv4_q & esp_q & (total_len_q >= overhead + 16'd4)
                           & ({1'b0, total_len_q} + 17'd14 <= {1'b0, len_i});
  assign meta_o.esp_off  = esp_off_q;
  assign meta_o.len      = len_i;
  assign meta_o.text_len = total_len_q - overhead;
  assign meta_o.spi      = spi_q;
  assign meta_o.dst      = dst_q;

  always_ff @(posedge clk_i) begin
    if (beat_valid_i) begin
      if (beat_idx_i == 3'd0) begin
        ipv4_q    <= {data_i[103:96], data_i[111:104]} == ETHERTYPE_IPV4 && data_i[119:116] == 4'd4
                     && data_i[115:112] >= 4'd5;
        esp_off_q <= 8'd14 + {2'd0, data_i[115:112], 2'd0};
        esp_q     <= 1'b0;
      end
      if (beat_idx_i == 3'd1) begin
        total_len_q  <= {data_i[7:0], data_i[15:8]};
        // More-fragments flag and offset are zero; the reserved and don't-fragment flags may be
        // anything.
        esp_q        <= data_i[37:32] == 6'd0 && data_i[47:40] == 8'd0
                        && data_i[63:56] == IPPROTO_ESP;
        dst_q[31:16] <= {data_i[119:112], data_i[127:120]};
      end
      if (beat_idx_i == 3'd2) dst_q[15:0] <= {data_i[7:0], data_i[15:8]};
      // ESP offsets are 34, 38, ... 74: lane 2, 6, 10 or 14.
      if (beat_idx_i == esp_off_q[6:4]) begin
        case (esp_off_q[3:2])
          2'd0: spi_q <= {data_i[23:16], data_i[31:24], data_i[39:32], data_i[47:40]};
          2'd1: spi_q <= {data_i[55:48], data_i[63:56], data_i[71:64], data_i[79:72]};
          2'd2: spi_q <= {data_i[87:80], data_i[95:88], data_i[103:96], data_i[111:104]};
          default: spi_q[31:16] <= {data_i[119:112], data_i[127:120]};
        endcase
      end
      if (esp_off_q[3:2] == 2'd3 && beat_idx_i == esp_off_q[6:4] + 3'd1) begin
        spi_q[15:0] <= {data_i[7:0], data_i[15:8]};
      end
    end
  end
endmodule
