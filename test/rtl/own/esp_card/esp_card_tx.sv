// SPDX-License-Identifier: BSD-2-Clause
//
// Transmit: reads a slot's header and its frame, seals the ESP packet in it when the header says so,
// sends it without a gap, and has the slot marked as done. One frame at a time.
//
//   slot: | length | status | seal 31, SA 21:16, ESP 13:0 | ESN high | .. 512 bytes | frame |
module esp_card_tx (
  input  logic         clk,
  input  logic         rst_n,
  input  logic         start,           // the ring is new: begin at its slot 0
  input  logic         enable,
  input  logic [63:0]  base,
  input  logic [15:0]  tail,
  output logic [15:0]  head,
  output logic         busy,
  // The SA that the header names
  output logic [5:0]   sa_idx,
  input  logic [4:0]   sa_flags,
  input  logic [255:0] sa_key,
  input  logic [31:0]  sa_salt,
  // Memory
  output logic         ar_valid,
  input  logic         ar_ready,
  output logic [63:0]  ar_addr,
  output logic [7:0]   ar_len,
  input  logic         r_valid,
  input  logic         r_last,
  input  logic         r_err,
  input  logic [255:0] r_data,
  // What is to be written into the slot; done: it has been.
  output logic         mark_valid,
  output logic [63:0]  mark_addr,
  output logic [63:0]  mark_data,
  input  logic         mark_done,
  // Wire
  output logic [127:0] tx_data,
  output logic [15:0]  tx_keep,
  output logic         tx_valid,
  output logic         tx_last,
  input  logic         tx_ready
);
  localparam logic [15:0] FrameMax = 16'd9216;
  localparam logic [31:0] Ok = 32'd1, DmaErr = 32'd2, NoSa = 32'd4;

  typedef enum logic [3:0] {Idle, AskHeader, Header, Ask, Data, Look, Seal, Send, Mark} state_t;
  state_t       state;
  logic [15:0]  len;             // bytes
  logic [31:0]  status, word2, esn_hi;
  logic [8:0]   beats, at;       // beats of 32 bytes to read; read so far
  logic [9:0]   sent;            // beats of 16 bytes

  logic [63:0]  slot;
  logic [8:0]   left;
  logic [15:0]  here;            // bytes left with this beat of 16
  logic         is_bad, sealed, seal_ok;
  logic [255:0] beat;
  logic [1023:0] unused_head;
  assign slot   = base + 64'd9728 * {58'd0, head[5:0]};
  assign left   = beats - at;
  assign here   = len - {2'd0, sent, 4'd0};
  assign is_bad = r_err || r_data[15:0] < 16'd14 || r_data[15:0] > FrameMax;

  assign busy       = state != Idle;
  assign sa_idx     = word2[21:16];
  assign mark_valid = state == Mark;
  assign mark_addr  = slot;
  assign mark_data  = {status, 16'd0, len};

  esp_frame frame (
    .clk(clk), .rst_n(rst_n), .put(state == Data && r_valid), .put_half(1'b0),
    .put_at({at, 5'd0}), .put_data(r_data), .get_at({sent, 4'd0}), .get_data(beat),
    .head(unused_head), .start(state == Look && word2[31] && sa_flags[0]), .decrypt(1'b0),
    .key256(sa_flags[1]), .esn(sa_flags[2]), .gmac(sa_flags[3]), .key(sa_key), .salt(sa_salt),
    .esn_hi(esn_hi), .esp(word2[13:0]), .stop(len[13:0]), .done(sealed), .ok(seal_ok)
  );

  always_ff @(posedge clk) begin
    if (!rst_n) begin
      state    <= Idle;
      head     <= '0;
      ar_valid <= 1'b0;
      tx_valid <= 1'b0;
    end else begin
      if (ar_ready) ar_valid <= 1'b0;
      if (tx_ready) tx_valid <= 1'b0;
      case (state)
        Idle: begin
          if (start) head <= '0;
          else if (enable && head != tail) begin
            ar_valid <= 1'b1;
            ar_addr  <= slot;
            ar_len   <= 8'd0;
            state    <= AskHeader;
          end
        end
        AskHeader: if (ar_ready) state <= Header;
        Header: if (r_valid) begin
          len    <= r_data[15:0];
          word2  <= r_data[95:64];
          esn_hi <= r_data[127:96];
          status <= is_bad ? DmaErr : Ok;
          beats  <= 9'((r_data[15:0] + 16'd31) >> 5);
          at     <= '0;
          sent   <= '0;
          state  <= is_bad ? Mark : Ask;
        end
        Ask: begin
          // Bursts of 512 bytes from a multiple of 512 on never cross a 4 KiB border.
          ar_addr <= slot + 64'd512 + {50'd0, at, 5'd0};
          ar_len  <= (left > 9'd16) ? 8'd15 : left[7:0] - 8'd1;
          if (!ar_valid) ar_valid <= 1'b1;
          else if (ar_ready) state <= Data;
        end
        Data: if (r_valid) begin
          at <= at + 9'd1;
          if (r_err) status <= DmaErr;
          if (r_last) begin
            if (left != 9'd1) state <= Ask;
            else state <= (status != Ok || r_err) ? Mark : Look;
          end
        end
        // Without its SA nothing is sent: never in clear.
        Look: begin
          if (!word2[31]) state <= Send;
          else if (sa_flags[0]) state <= Seal;
          else begin
            status <= NoSa;
            state  <= Mark;
          end
        end
        Seal: if (sealed) state <= Send;
        Send: if (!tx_valid || tx_ready) begin
          if (tx_valid && tx_last) begin
            tx_valid <= 1'b0;
            state    <= Mark;
          end else begin
            tx_valid <= 1'b1;
            tx_last  <= here <= 16'd16;
            tx_data  <= beat[127:0];
            for (int i = 0; i < 16; i++) tx_keep[i] <= 16'(i) < here;
            sent     <= sent + 10'd1;
          end
        end
        default: if (mark_done) begin
          head  <= head + 16'd1;
          state <= Idle;
        end
      endcase
    end
  end

  logic unused;
  assign unused = &{1'b0, unused_head, beat[255:128], seal_ok, sa_flags[4], word2[30:22], word2[15:14]};
endmodule
