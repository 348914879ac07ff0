// SPDX-License-Identifier: BSD-2-Clause
//
// Transmit: reads a slot's header and then its frame from memory, sends the frame without a gap, and
// has the slot marked as done. One frame at a time.
//
//   slot: | length | status | .. 512 bytes | frame, up to 9216 bytes |
module my_card_tx (
  input  logic         clk,
  input  logic         rst_n,
  input  logic         start,           // the ring is new: begin at its slot 0
  input  logic         enable,
  input  logic [63:0]  base,
  input  logic [15:0]  tail,
  output logic [15:0]  head,
  output logic         busy,
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

  typedef enum logic [2:0] {Idle, AskHeader, Header, Ask, Data, Send, Mark} state_t;
  state_t       state;
  logic [15:0]  len;             // bytes
  logic         err;
  logic [8:0]   beats, at;       // beats of 32 bytes to read; read so far
  logic [9:0]   sent;            // beats of 16 bytes
  logic [255:0] frame [288];

  logic [63:0] slot;
  logic [8:0]  left;
  logic [15:0] here;             // bytes left with this beat of 16
  assign slot = base + 64'd9728 * {58'd0, head[5:0]};
  assign left = beats - at;
  assign here = len - {2'd0, sent, 4'd0};

  assign busy       = state != Idle;
  assign mark_valid = state == Mark;
  assign mark_addr  = slot;
  assign mark_data  = {30'd0, err, ~err, 16'd0, len};

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
          len   <= r_data[15:0];
          err   <= r_err || r_data[15:0] < 16'd14 || r_data[15:0] > FrameMax;
          beats <= 9'((r_data[15:0] + 16'd31) >> 5);
          at    <= '0;
          sent  <= '0;
          state <= (r_err || r_data[15:0] < 16'd14 || r_data[15:0] > FrameMax) ? Mark : Ask;
        end
        Ask: begin
          // Bursts of 512 bytes from a multiple of 512 on never cross a 4 KiB border.
          ar_addr <= slot + 64'd512 + {50'd0, at, 5'd0};
          ar_len  <= (left > 9'd16) ? 8'd15 : left[7:0] - 8'd1;
          if (!ar_valid) ar_valid <= 1'b1;
          else if (ar_ready) state <= Data;
        end
        Data: if (r_valid) begin
          frame[at] <= r_data;
          at        <= at + 9'd1;
          err       <= err | r_err;
          if (r_last) state <= (left != 9'd1) ? Ask : (err | r_err) ? Mark : Send;
        end
        Send: if (!tx_valid || tx_ready) begin
          if (sent != '0 && tx_last) begin
            state <= Mark;
          end else begin
            tx_valid <= 1'b1;
            tx_data  <= sent[0] ? frame[sent[9:1]][255:128] : frame[sent[9:1]][127:0];
            tx_keep  <= (here >= 16'd16) ? '1 : (16'd1 << here[3:0]) - 16'd1;
            tx_last  <= here <= 16'd16;
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
endmodule
