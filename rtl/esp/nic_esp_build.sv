// SPDX-License-Identifier: BSD-2-Clause
//
// nic_esp_build: makes an ESP packet of a frame under packet offload, in front of the splitter. A
// frame comes as link, IP and UDP headers, whose lengths are those of the finished packet, and
// payload. Its headers end with a beat, so ESP header and IV are one beat between them and the
// payload; the trailer follows in the last beat, or in one more. All other frames pass unchanged.
// Latency 0; one beat a cycle.
//
//   in:   | headers | payload           |
//   out:  | headers | SPI seq IV | payload | 1 2 3 .. | pad length | next header |
//
// RFC 4303 §2.4: the padding is 1, 2, 3 and brings pad length and next header to the end of a word.
// RFC 4106 §3.1, §8.1: the IV is the 64-bit sequence number, so no IV comes twice under a key.
module nic_esp_build (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  nic_pkg::tx_frame_t frame_i,
  output nic_pkg::tx_frame_t frame_o,
  input  logic               beat_valid_i,
  output logic               beat_ready_o,
  input  logic [127:0]       beat_i,
  input  logic               beat_last_i,
  input  logic               beat_err_i,      // with the last beat
  input  logic [31:0]        spi_i,           // from the third beat of the frame on
  input  logic [63:0]        number_i,        // likewise
  output logic               beat_valid_o,
  input  logic               beat_ready_i,
  output logic [127:0]       beat_o,
  output logic               beat_last_o,
  output logic               beat_err_o
);
  logic [9:0]   idx_q;                        // beats that have left
  logic         err_q;
  logic         in_esp, in_first, in_second, from_in;
  logic [3:0]   tail;
  logic [159:0] trailer;                      // where it lies in the two beats that it may touch
  logic [39:0]  bytes;

  assign tail      = frame_i.tail;
  assign in_esp    = idx_q == {5'd0, frame_i.hdr};
  assign in_first  = idx_q == frame_i.first;
  assign in_second = idx_q > frame_i.first;
  // Payload ends before the trailer's first beat, or in it.
  assign from_in  = ~in_esp & ~in_second & ~(in_first & (tail == 4'd0));

  assign beat_valid_o = ~frame_i.packet ? beat_valid_i : ~from_in | beat_valid_i;
  assign beat_ready_o = beat_ready_i & (~frame_i.packet | from_in);
  assign beat_last_o  = ~frame_i.packet ? beat_last_i : idx_q == frame_i.last;
  assign beat_err_o   = frame_i.packet ? err_q | (from_in & beat_last_i & beat_err_i) : beat_err_i;

  always_comb begin
    frame_o = frame_i;
    beat_o  = beat_i;
    bytes   = '0;
    trailer = '0;
    if (frame_i.packet) begin
      frame_o.esn_hi = number_i[63:32];
      case (frame_i.pad)
        2'd0:    bytes = {24'd0, frame_i.next, 8'd0};
        2'd1:    bytes = {16'd0, frame_i.next, 16'h0101};
        2'd2:    bytes = {8'd0, frame_i.next, 24'h020201};
        default: bytes = {frame_i.next, 32'h0303_0201};
      endcase
      trailer = {120'd0, bytes} << {tail, 3'd0};
      if (in_esp) begin
        beat_o = {nic_pkg::swap32(number_i[31:0]), nic_pkg::swap32(number_i[63:32]),
                  nic_pkg::swap32(number_i[31:0]), nic_pkg::swap32(spi_i)};
      end else if (in_first) begin
        beat_o = (beat_i & ((128'd1 << {tail, 3'd0}) - 128'd1)) | trailer[127:0];
      end else if (in_second) beat_o = {96'd0, trailer[159:128]};
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      idx_q <= '0;
      err_q <= 1'b0;
    end else if (frame_i.packet && beat_valid_o && beat_ready_i) begin
      idx_q <= beat_last_o ? 10'd0 : idx_q + 10'd1;
      err_q <= ~beat_last_o & beat_err_o;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && frame_i.packet && beat_valid_o && beat_ready_i) begin
      assert (2'(frame_i.len - {8'd0, frame_i.esp_off}) == 2'd0)
        else $fatal(1, "nic_esp_build: text is no whole words");
      assert (!(in_esp && idx_q < 10'd2)) else $fatal(1, "nic_esp_build: SA not there yet");
    end
  end
`endif
endmodule
