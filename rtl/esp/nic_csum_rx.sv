// SPDX-License-Identifier: BSD-2-Clause
//
// nic_csum_rx: checks the checksum of TCP or UDP (RFC 9293 §3.1, RFC 768) in what was decrypted, as it
// passes on its way to the frame FIFO. One verdict for each frame that is looked at, in their order: 1
// says that the sum is right, 0 that software has to look for itself. Known are a TCP segment or UDP
// datagram in transport mode, and one in an IPv4 packet without options (next header 4) or an IPv6 packet
// without extension headers (41), which must be whole and as long as ESP says; padding is what RFC 4303
// §2.4 has by default and no longer than it must be. Of UDP's own length nothing is asked.
// Latency 6 cycles behind the frame's last beat. One beat a cycle.
//
//   text --> acc_q (64 bits at a time) ---.
//   header in front of ESP --> addr_q ----+--> lengths --> kind --> all3_q --> sum_q --> verdict FIFO
//   first 12 bytes, last two --> head_q --'
//
// Sums are of words whose earlier byte is the lower one: RFC 1071 §2 (B), the order does not matter.
module nic_csum_rx #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  nic_pkg::rx_look_t    look_i,
  input  logic [128*Lanes-1:0] header_i,      // a beat that is no text
  input  logic [128*Lanes-1:0] text_i,        // bytes past the text are zero
  output logic                 ok_valid_o,
  input  logic                 ok_ready_i,
  output logic                 ok_o
);
  localparam int unsigned Width = 128 * Lanes;
  localparam int unsigned ByteW = $clog2(16 * Lanes);
  localparam int unsigned Depth = 66;         // frames between merge and write, and two more

  localparam logic [7:0] IPPROTO_IPV4 = 8'd4;
  localparam logic [7:0] IPPROTO_TCP  = 8'd6;
  localparam logic [7:0] IPPROTO_UDP  = 8'd17;
  localparam logic [7:0] IPPROTO_IPV6 = 8'd41;

  // While the frame passes.
  logic [255:0]       before_q;               // the 32 bytes in front of this beat
  logic [Width+255:0] with_beat;
  logic [255:0]       addr_q, window;
  logic [95:0]        head_q;
  logic [15:0]        end_q;                  // pad length, next header
  logic [127:0]       acc_q, acc;
  logic               stop_q;
  logic [15:0]        text_len_q;
  logic [1:0]         form_q;
  logic [ByteW-1:0]   end_at;                 // byte of the last beat where the trailer's two begin

  // A wire of its own: inside of braces Yosys gives the difference the width of the whole field.
  assign end_at    = ByteW'(look_i.tail) - ByteW'(2);
  assign with_beat = {header_i, before_q};
  assign window    = with_beat[Width-128 +: 256];   // 32 bytes in front of the ESP header
  always_comb begin
    acc = look_i.first ? 128'd0 : acc_q;
    if (look_i.valid && look_i.text) begin
      for (int unsigned i = 0; i < 2 * Lanes; i++)
        acc = nic_pkg::save64(acc[63:0], acc[127:64], text_i[64*i +: 64]);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) stop_q <= 1'b0;
    else stop_q <= look_i.valid & look_i.stop;
  end

  always_ff @(posedge clk_i) begin
    if (look_i.valid) begin
      if (!look_i.text) before_q <= with_beat[Width +: 256];
      if (look_i.esp) begin
        case (look_i.form)
          nic_pkg::FORM_V4:     addr_q <= {192'd0, window[255:192]};
          nic_pkg::FORM_V4_UDP: addr_q <= {192'd0, window[191:128]};
          default:              addr_q <= window;
        endcase
      end
      if (look_i.text) acc_q <= acc;
      if (look_i.first) head_q <= text_i[95:0];
      if (look_i.last) end_q <= 16'(text_i >> {end_at, 3'd0});
      if (look_i.stop) begin
        text_len_q <= look_i.text_len;
        form_q     <= look_i.form;
      end
    end
  end

  // Behind it, a step a cycle; the next frame is coming in meanwhile.
  function automatic logic [15:0] swap16(input logic [15:0] x);
    swap16 = {x[7:0], x[15:8]};
  endfunction

  logic [3:0] step_q;                         // [0]: kind_q and folds are new, and so on

  // 1: lengths, and the sums that are long.
  logic [7:0]  pad;
  logic [15:0] body_q;                        // bytes in front of the padding
  logic        short_q;
  logic [95:0] head1_q;
  logic [15:0] end1_q;
  logic [1:0]  form1_q;
  logic [63:0] fold1_q, addr1_q, addrs;
  assign pad = end_q[7:0];
  always_comb begin
    addrs = {addr_q[63:32], addr_q[31:0]};
    if (stop_q) begin
      for (int unsigned i = 2; i < 8; i++)
        addrs = nic_pkg::save32(addrs[31:0], addrs[63:32], addr_q[32*i +: 32]);
    end
  end
  always_ff @(posedge clk_i) begin
    if (stop_q) begin
      body_q  <= text_len_q - 16'd2 - {8'd0, pad};
      short_q <= (pad <= 8'd3) & (text_len_q >= 16'd8);   // so body_q has not wrapped
      head1_q <= head_q;
      end1_q  <= end_q;
      form1_q <= form_q;
      fold1_q <= nic_pkg::save_half(acc_q);
      addr1_q <= addrs;
    end
  end

  // 2: what kind of packet it is. Without trailer, and without the header up to the inner addresses,
  // which then stand for the pseudo header's.
  logic [7:0]  next, proto;
  logic [15:0] l4_len, l4_len_q;              // bytes of TCP or UDP
  logic        is_v4, is_v6, is_l4, fits2_q;
  logic [7:0]  proto_q;
  logic [15:0] end2_q, padding_q;
  logic [63:0] head, part, all, all2_q;
  assign next   = end1_q[15:8];
  // RFC 791, RFC 8200: version and header length, total or payload length, no fragment.
  assign is_v4  = (next == IPPROTO_IPV4) & (head1_q[7:0] == 8'h45)
                  & (swap16(head1_q[31:16]) == body_q) & ({head1_q[53:48], head1_q[63:56]} == 14'd0);
  assign is_v6  = (next == IPPROTO_IPV6) & (head1_q[7:4] == 4'd6)
                  & (swap16(head1_q[47:32]) == l4_len);
  assign is_l4  = (next != IPPROTO_IPV4) & (next != IPPROTO_IPV6);
  assign proto  = (next == IPPROTO_IPV4) ? head1_q[79:72] : (next == IPPROTO_IPV6) ? head1_q[55:48] : next;
  assign l4_len = body_q - ((next == IPPROTO_IPV4) ? 16'd20 : (next == IPPROTO_IPV6) ? 16'd40 : 16'd0);
  assign head   = nic_pkg::save32(~head1_q[31:0], ~head1_q[63:32],
                                  (next == IPPROTO_IPV4) ? ~head1_q[95:64] : 32'd0);
  assign part   = is_l4 ? addr1_q : head;
  assign all    = nic_pkg::save_half({part, fold1_q});
  always_ff @(posedge clk_i) begin
    if (step_q[0]) begin
      fits2_q  <= short_q & (is_v4 | is_v6 | (is_l4 & (form1_q != nic_pkg::FORM_OTHER)))
                  & ((proto == IPPROTO_TCP) | (proto == IPPROTO_UDP));
      l4_len_q <= l4_len;
      proto_q  <= proto;
      end2_q   <= end1_q;
      // RFC 4303 §2.4: 1, 2, 3.
      case (end1_q[1:0])
        2'd0:    padding_q <= 16'h0000;
        2'd1:    padding_q <= 16'h0100;
        2'd2:    padding_q <= 16'h0201;
        default: padding_q <= 16'h0402;
      endcase
      all2_q   <= all;
    end
  end

  // 3: the pseudo header's protocol and length. 4: the sum.
  logic        fits3_q, fits4_q, ready, right;
  logic [63:0] all3_q;
  logic [16:0] sum_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) step_q <= '0;
    else step_q <= {step_q[2:0], stop_q};
  end
  always_ff @(posedge clk_i) begin
    if (step_q[1]) begin
      // As long as a header of UDP at least: what is shorter has wrapped.
      fits3_q <= fits2_q & (l4_len_q >= 16'd8) & ~l4_len_q[15];
      all3_q  <= nic_pkg::save_half({swap16(l4_len_q), proto_q, 8'd0, ~end2_q, ~padding_q, all2_q});
    end
    if (step_q[2]) begin
      fits4_q <= fits3_q;
      sum_q   <= nic_pkg::save_end(all3_q);
    end
  end

  assign right = sum_q[15:0] == (sum_q[16] ? 16'hfffe : 16'hffff);
  nic_fifo #(.Width(1), .Depth(Depth)) i_verdicts (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(step_q[3]), .ready_o(ready), .data_i(fits4_q & right),
    .valid_o(ok_valid_o), .ready_i(ok_ready_i), .data_o(ok_o), .count_o()
  );

  logic unused_bits;
  assign unused_bits = &{1'b0, with_beat};   // of wide beats the window has all but the ends

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && step_q[3]) begin
      assert (ready) else $fatal(1, "nic_csum_rx: a verdict is lost");
    end
  end
`endif
endmodule
