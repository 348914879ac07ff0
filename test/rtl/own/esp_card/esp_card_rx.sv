// SPDX-License-Identifier: BSD-2-Clause
//
// Receive, and all writes to memory: takes a frame from the wire, opens the ESP packet in it when there
// is an SA for it, writes it into the next slot, then the slot's header, which says that it is there.
// Of a frame whose ICV is wrong only the header is written. In between it marks the transmit side's
// slots. A header whose write fails is written again, and says so.
//
//   slot: | length | status | opened 31, ESP without SA 30, SA 21:16, ESP 13:0 | ESN high | .. | frame |
module esp_card_rx (
  input  logic         clk,
  input  logic         rst_n,
  input  logic         start,
  input  logic         enable,
  input  logic [63:0]  base,
  input  logic [15:0]  natt_port,       // ESP in UDP to this port
  input  logic [15:0]  tail,            // slots up to here are free for frames
  output logic [15:0]  head,
  output logic         busy,
  output logic [31:0]  dropped,         // frames that came when no slot was free
  input  logic         mark_valid,
  input  logic [63:0]  mark_addr,
  input  logic [63:0]  mark_data,
  output logic         mark_done,
  // SAs, and where their sequence numbers stand
  output logic         sa_find,
  output logic [31:0]  sa_spi,
  output logic [127:0] sa_dst,
  output logic         sa_v6,
  input  logic         sa_found,
  input  logic         sa_missed,
  input  logic [5:0]   sa_idx,
  input  logic [4:0]   sa_flags,
  input  logic [255:0] sa_key,
  input  logic [31:0]  sa_salt,
  input  logic         sa_put,
  input  logic [5:0]   sa_put_idx,
  input  logic [15:0]  sa_put_window,
  input  logic [63:0]  sa_put_top,
  // Memory
  output logic         aw_valid,
  input  logic         aw_ready,
  output logic [63:0]  aw_addr,
  output logic [7:0]   aw_len,
  output logic         w_valid,
  input  logic         w_ready,
  output logic [255:0] w_data,
  output logic [31:0]  w_strb,
  output logic         w_last,
  input  logic         b_valid,
  input  logic         b_err,
  // Wire
  input  logic [127:0] rx_data,
  input  logic [15:0]  rx_keep,
  input  logic         rx_valid,
  input  logic         rx_last,
  output logic         rx_ready
);
  localparam logic [31:0] Ok = 32'd1, DmaErr = 32'd2, IcvBad = 32'd3;

  typedef enum logic [3:0] {Take, Look, Find, Open, Ask, Data, Answer, AskHeader, Header, Done} state_t;
  state_t       state;
  logic         marking, mark_err;
  logic [31:0]  status, word2, esn_hi;
  logic [15:0]  len;
  logic [9:0]   taken;           // beats of 16 bytes
  logic [8:0]   beats, at;       // of 32 bytes
  logic [3:0]   last_at;         // of the burst

  logic [63:0]   slot;
  logic [8:0]    left;
  logic          take, opened, icv_ok;
  logic [255:0]  beat;
  logic [1023:0] first;
  assign slot = base + 64'd9728 * {58'd0, head[5:0]};
  assign left = beats - at;
  assign take = rx_valid && rx_ready;
  assign busy = state != Take || taken != '0;

  function automatic logic [15:0] bytes_in(input logic [15:0] keep);
    bytes_in = '0;
    for (int i = 0; i < 16; i++) bytes_in += {15'd0, keep[i]};
  endfunction

  // ---- Where is ESP? Offsets in bytes from the frame's first.
  logic [6:0]  ip, behind, esp;
  logic [15:0] stop, ethertype;
  logic [7:0]  proto;
  logic        v4, v6, fragment, in_udp, is_esp;
  logic [31:0] spi, seq;

  function automatic logic [31:0] word(input logic [1023:0] frame, input logic [6:0] byte_at);
    word = {frame[8*byte_at +: 8], frame[8*(byte_at + 7'd1) +: 8], frame[8*(byte_at + 7'd2) +: 8],
            frame[8*(byte_at + 7'd3) +: 8]};
  endfunction

  always_comb begin
    {ip, behind, esp, stop, ethertype, proto, spi, seq, sa_dst} = '0;
    {v4, v6, fragment, in_udp, is_esp} = '0;
    if (state == Look || state == Find || state == Open) begin
      ip        = (word(first, 7'd12) >> 16) == 32'h8100 ? 7'd18 : 7'd14;
      ethertype = 16'(word(first, ip - 7'd4));
      v4        = ethertype == 16'h0800 && first[8*ip + 4 +: 4] == 4'd4 && first[8*ip +: 4] >= 4'd5;
      v6        = ethertype == 16'h86dd && first[8*ip + 4 +: 4] == 4'd6;
      behind    = ip + (v6 ? 7'd40 : {1'b0, first[8*ip +: 4], 2'd0});
      proto     = v6 ? 8'(word(first, ip + 7'd4) >> 8) : 8'(word(first, ip + 7'd8) >> 16);
      stop      = v6 ? 16'(word(first, ip + 7'd4) >> 16) + {9'd0, behind}
                     : 16'(word(first, ip)) + {9'd0, ip};
      fragment  = v4 && (word(first, ip + 7'd4) & 32'h3fff) != '0;
      in_udp    = proto == 8'd17 && 16'(word(first, behind)) == natt_port;
      esp       = in_udp ? behind + 7'd8 : behind;
      spi       = word(first, esp);
      seq       = word(first, esp + 7'd4);
      sa_dst    = v6 ? {word(first, ip + 7'd24), word(first, ip + 7'd28), word(first, ip + 7'd32),
                        word(first, ip + 7'd36)}
                     : {96'd0, word(first, ip + 7'd16)};
      // RFC 3948 §2.2: four zeros mark what is not ESP. RFC 4303 §2.4: the text is of 4 bytes each.
      is_esp    = (v4 || v6) && !fragment && stop <= len && stop >= {9'd0, esp} + 16'd34
                  && stop[1:0] == esp[1:0] && (proto == 8'd50 || (in_udp && spi != '0));
    end
  end
  assign sa_spi  = spi;
  assign sa_v6   = v6;
  assign sa_find = state == Look && is_esp;

  // ---- High halves of sequence numbers, RFC 4303 App. A2.2.
  logic [63:0] tops [64];
  logic [15:0] windows [64];
  logic [31:0] top_hi, top_lo, edge_lo, high;
  assign {top_hi, top_lo} = tops[sa_idx];
  assign edge_lo = top_lo - {16'd0, windows[sa_idx]} + 32'd1;
  always_comb begin
    if (!sa_flags[2]) high = '0;
    else if (top_lo >= {16'd0, windows[sa_idx]} - 32'd1) high = top_hi + 32'(seq < edge_lo);
    else high = top_hi - 32'(seq >= edge_lo);
  end

  esp_frame frame (
    .clk(clk), .rst_n(rst_n), .put(take), .put_half(1'b1), .put_at({taken, 4'd0}),
    .put_data({128'd0, rx_data}), .get_at({at, 5'd0}), .get_data(beat), .head(first),
    .start(state == Find && sa_found), .decrypt(1'b1), .key256(sa_flags[1]), .esn(sa_flags[2]),
    .gmac(sa_flags[3]), .key(sa_key), .salt(sa_salt), .esn_hi(high), .esp({7'd0, esp}),
    .stop(stop[13:0]), .done(opened), .ok(icv_ok)
  );

  always_ff @(posedge clk) begin
    mark_done <= 1'b0;
    if (sa_put) begin
      tops[sa_put_idx]    <= sa_put_top;
      windows[sa_put_idx] <= sa_put_window;
    end
    if (!rst_n) begin
      state    <= Take;
      head     <= '0;
      dropped  <= '0;
      taken    <= '0;
      rx_ready <= 1'b0;
      aw_valid <= 1'b0;
      w_valid  <= 1'b0;
    end else begin
      if (aw_ready) aw_valid <= 1'b0;
      case (state)
        Take: begin
          rx_ready <= 1'b1;
          if (take) begin
            taken <= taken + 10'd1;
            if (rx_last) begin
              taken <= '0;
              if (!enable || head == tail) begin
                if (enable) dropped <= dropped + 32'd1;
              end else begin
                rx_ready <= 1'b0;
                len      <= {2'd0, taken, 4'd0} + bytes_in(rx_keep);
                beats    <= taken[9:1] + 9'd1;
                at       <= '0;
                status   <= Ok;
                word2    <= '0;
                marking  <= 1'b0;
                state    <= Look;
              end
            end
          end else if (taken == '0 && mark_valid && !mark_done) begin
            rx_ready <= 1'b0;
            marking  <= 1'b1;
            mark_err <= 1'b0;
            state    <= AskHeader;
          end
          if (start) head <= '0;
        end
        Look: state <= is_esp ? Find : Ask;
        Find: begin
          if (sa_found) state <= Open;
          if (sa_missed) begin
            word2[30] <= 1'b1;
            state     <= Ask;
          end
        end
        Open: if (opened) begin
          word2 <= {icv_ok, 9'd0, sa_idx, 9'd0, esp};
          if (icv_ok && {high, seq} > tops[sa_idx]) tops[sa_idx] <= {high, seq};
          esn_hi <= high;
          // Nothing of the text before the verdict, and nothing after a bad one.
          if (!icv_ok) status <= IcvBad;
          state <= icv_ok ? Ask : AskHeader;
        end
        Ask: begin
          aw_addr <= slot + 64'd512 + {50'd0, at, 5'd0};
          aw_len  <= (left > 9'd16) ? 8'd15 : left[7:0] - 8'd1;
          last_at <= (left > 9'd16) ? 4'd15 : left[3:0] - 4'd1;
          if (!aw_valid) aw_valid <= 1'b1;
          else if (aw_ready) state <= Data;
        end
        Data: if (!w_valid || w_ready) begin
          if (w_valid && w_last) begin
            w_valid <= 1'b0;
            state   <= Answer;
          end else begin
            w_valid <= 1'b1;
            w_data  <= beat;
            w_strb  <= '1;
            w_last  <= at[3:0] == last_at;
            at      <= at + 9'd1;
          end
        end
        Answer: if (b_valid) begin
          if (b_err) status <= DmaErr;
          state <= (left != '0) ? Ask : AskHeader;
        end
        AskHeader: begin
          aw_addr <= marking ? mark_addr : slot;
          aw_len  <= 8'd0;
          if (!aw_valid) aw_valid <= 1'b1;
          else if (aw_ready) begin
            w_valid <= 1'b1;
            w_data  <= {128'd0, esn_hi, word2, status, 16'd0, len};
            w_strb  <= 32'h0000ffff;
            w_last  <= 1'b1;
            if (marking) begin
              w_data[63:0] <= {mark_err ? DmaErr : mark_data[63:32], mark_data[31:0]};
              w_strb       <= 32'h000000ff;
            end
            state   <= Header;
          end
        end
        Header: if (w_ready) begin
          w_valid <= 1'b0;
          state   <= Done;
        end
        default: if (b_valid) begin
          if (b_err) begin
            status   <= DmaErr;
            mark_err <= 1'b1;
            state    <= AskHeader;
          end else begin
            if (marking) mark_done <= 1'b1;
            else head <= head + 16'd1;
            state <= Take;
          end
        end
      endcase
    end
  end

  logic unused;
  assign unused = &{1'b0, sa_flags[4], sa_flags[0]};
endmodule
