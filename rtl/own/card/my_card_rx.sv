// SPDX-License-Identifier: BSD-2-Clause
//
// Receive, and all writes to memory: takes a frame from the wire, writes it into the next slot, then
// the slot's header, which says that it is there. In between it marks the transmit side's slots.
module my_card_rx (
  input  logic         clk,
  input  logic         rst_n,
  input  logic         start,
  input  logic         enable,
  input  logic [63:0]  base,
  input  logic [15:0]  tail,            // slots up to here are free for frames
  output logic [15:0]  head,
  output logic         busy,
  output logic [31:0]  dropped,         // frames that came when no slot was free
  input  logic         mark_valid,
  input  logic [63:0]  mark_addr,
  input  logic [63:0]  mark_data,
  output logic         mark_done,
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
  typedef enum logic [2:0] {Take, Ask, Data, Answer, AskHeader, Header, Done} state_t;
  state_t       state;
  logic         marking, err;
  logic [15:0]  len;
  logic [9:0]   taken;           // beats of 16 bytes
  logic [8:0]   beats, at;       // of 32 bytes
  logic [3:0]   last_at;         // of the burst
  logic [127:0] low [288], high [288];

  logic [63:0] slot;
  logic [8:0]  left;
  assign slot = base + 64'd9728 * {58'd0, head[5:0]};
  assign left = beats - at;
  assign busy = state != Take || taken != '0;

  function automatic logic [15:0] bytes_in(input logic [15:0] keep);
    bytes_in = '0;
    for (int i = 0; i < 16; i++) bytes_in += {15'd0, keep[i]};
  endfunction

  always_ff @(posedge clk) begin
    mark_done <= 1'b0;
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
          if (rx_valid && rx_ready) begin
            if (taken[0]) high[taken[9:1]] <= rx_data;
            else low[taken[9:1]] <= rx_data;
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
                err      <= 1'b0;
                marking  <= 1'b0;
                state    <= Ask;
              end
            end
          end else if (taken == '0 && mark_valid && !mark_done) begin
            rx_ready <= 1'b0;
            marking  <= 1'b1;
            state    <= AskHeader;
          end
          if (start) head <= '0;
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
            w_data  <= {high[at], low[at]};
            w_strb  <= '1;
            w_last  <= at[3:0] == last_at;
            at      <= at + 9'd1;
          end
        end
        Answer: if (b_valid) begin
          err   <= err | b_err;
          state <= (left != '0) ? Ask : AskHeader;
        end
        AskHeader: begin
          aw_addr <= marking ? mark_addr : slot;
          aw_len  <= 8'd0;
          if (!aw_valid) aw_valid <= 1'b1;
          else if (aw_ready) begin
            w_valid <= 1'b1;
            w_data  <= {192'd0, marking ? mark_data : {30'd0, err, ~err, 16'd0, len}};
            w_strb  <= 32'h000000ff;
            w_last  <= 1'b1;
            state   <= Header;
          end
        end
        Header: if (w_ready) begin
          w_valid <= 1'b0;
          state   <= Done;
        end
        default: if (b_valid) begin
          if (marking) mark_done <= 1'b1;
          else head <= head + 16'd1;
          state <= Take;
        end
      endcase
    end
  end
endmodule
