// SPDX-License-Identifier: BSD-2-Clause
//
// nic_esp_strip: takes ESP off a decrypted frame under packet offload, behind the merger: the beat of
// ESP header and IV, trailer and ICV do not reach the frame FIFO. Headers stay as they came, lengths
// and all; the payload follows them at once, because each begins or ends with a beat. The padding
// must be 1, 2, 3 (RFC 4303 §2.4); a frame whose is not is forgotten, with a record under BAD_PAD.
// All other frames pass unchanged. Latency 0; one beat a cycle.
//
//   beat --> bytes one more than the byte before them --> run_q: how many of them end here
//        --> last text beat: pad length, next header, was the run long enough?
//   record --> length without ESP; commit leaves out the beats that held padding alone
module nic_esp_strip (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  nic_pkg::rx_mark_t mark_i,
  input  logic              wr_valid_i,
  output logic              wr_ready_o,
  input  logic [127:0]      wr_data_i,
  input  logic              commit_i,
  input  logic              rollback_i,
  input  logic              done_valid_i,
  input  nic_pkg::rx_done_t done_i,
  input  logic [15:0]       text_len_i,     // with done_i
  input  logic [15:0]       span_i,         // likewise: with what is in front of ESP
  output logic              wr_valid_o,
  input  logic              wr_ready_i,
  output logic              commit_o,
  output logic              rollback_o,
  output logic [4:0]        trim_o,         // beats
  output nic_pkg::rx_done_t done_o,
  output logic              bad_pad_o       // one cycle
);
  logic [7:0]  before_q, next_q, run_q, run;
  logic [8:0]  over_q;                      // bytes of the trailer
  logic        first_q, right_q, right;
  logic [15:0] steps, aligned;              // bit i: byte i is one more than the byte before it
  logic [3:0]  top;                         // lane of the last byte that may be padding
  logic [4:0]  ones;
  logic [7:0]  pad, last_pad;
  logic [8:0]  more;
  logic [6:0]  trailer_at;

  assign wr_valid_o = wr_valid_i & ~mark_i.drop;
  assign wr_ready_o = wr_ready_i | mark_i.drop;

  // The trailer's two bytes end the text, which is whole words; the last padding is before them.
  assign top        = mark_i.last ? mark_i.tail - 4'd3 : 4'd15;
  assign trailer_at = {mark_i.tail - 4'd2, 3'd0};

  always_comb begin
    steps    = '0;
    aligned  = '0;
    ones     = '0;
    run      = '0;
    pad      = '0;
    last_pad = '0;
    right    = 1'b0;
    more     = '0;
    if (mark_i.text) begin
      for (int i = 1; i < 16; i++) begin
        steps[i] = wr_data_i[8*i +: 8] == wr_data_i[8*(i-1) +: 8] + 8'd1;
      end
      steps[0] = ~first_q & (wr_data_i[7:0] == before_q + 8'd1);
      aligned  = ~((~steps) << (4'd15 - top));
      casez (aligned)
        16'b0???_????_????_????: ones = 5'd0;
        16'b10??_????_????_????: ones = 5'd1;
        16'b110?_????_????_????: ones = 5'd2;
        16'b1110_????_????_????: ones = 5'd3;
        16'b1111_0???_????_????: ones = 5'd4;
        16'b1111_10??_????_????: ones = 5'd5;
        16'b1111_110?_????_????: ones = 5'd6;
        16'b1111_1110_????_????: ones = 5'd7;
        16'b1111_1111_0???_????: ones = 5'd8;
        16'b1111_1111_10??_????: ones = 5'd9;
        16'b1111_1111_110?_????: ones = 5'd10;
        16'b1111_1111_1110_????: ones = 5'd11;
        16'b1111_1111_1111_0???: ones = 5'd12;
        16'b1111_1111_1111_10??: ones = 5'd13;
        16'b1111_1111_1111_110?: ones = 5'd14;
        16'b1111_1111_1111_1110: ones = 5'd15;
        default:                 ones = 5'd16;
      endcase
      more = {1'b0, run_q} + {5'd0, top} + 9'd1;
      // All bytes up to top: the run of the beats before goes on. It need not count past 255.
      if (ones != 5'd16) run = {3'd0, ones};
      else run = more[8] ? 8'd255 : more[7:0];
      pad      = wr_data_i[trailer_at +: 8];
      last_pad = wr_data_i[{top, 3'd0} +: 8];
      right    = (pad == 8'd0) | ((last_pad == pad) & (run >= pad - 8'd1));
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      first_q <= 1'b1;
      run_q   <= '0;
    end else if (mark_i.packet && wr_valid_i && wr_ready_o) begin
      first_q <= ~mark_i.text;
      run_q   <= run;
    end
    if (mark_i.text && wr_valid_i && wr_ready_o) begin
      before_q <= wr_data_i[127:120];
      if (mark_i.last) begin
        over_q  <= {1'b0, pad} + 9'd2;
        next_q  <= wr_data_i[{mark_i.tail - 4'd1, 3'd0} +: 8];
        right_q <= right;
      end
    end
  end

  // The record comes with the last beat, at least one behind the text: the ICV is there.
  logic [8:0]  over_end;
  logic        fits, good;
  assign fits       = (text_len_i[15:9] != 7'd0) | (text_len_i[8:0] >= over_q);
  assign good       = right_q & fits;
  // Beats that hold nothing but trailer: what is over, less what is in the last beat of the text.
  assign over_end   = over_q + {5'd0, 4'd0 - text_len_i[3:0]};
  assign commit_o   = commit_i & (~mark_i.packet | good);
  assign rollback_o = rollback_i | (commit_i & mark_i.packet & ~good);
  assign trim_o     = mark_i.packet ? over_end[8:4] : 5'd0;
  assign bad_pad_o  = commit_i & mark_i.packet & ~good;

  always_comb begin
    done_o = done_i;
    if (mark_i.packet && done_valid_i && done_i.code == nic_pkg::CODE_OK) begin
      if (good) begin
        done_o.len  = span_i - {7'd0, over_q};
        done_o.next = next_q;
      end else begin
        done_o.code = nic_pkg::CODE_BAD_PAD;
        done_o.secp = 1'b0;
        done_o.len  = 16'd0;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, over_end[3:0]};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && mark_i.packet && wr_valid_i) begin
      assert (!(mark_i.text && mark_i.drop)) else $fatal(1, "nic_esp_strip: text dropped");
      assert (!(commit_i && !mark_i.drop)) else $fatal(1, "nic_esp_strip: ends before its ICV");
    end
  end
`endif
endmodule
