// SPDX-License-Identifier: BSD-2-Clause
//
// nic_reset: CTRL.RESET without breaking a bus. On a request it asks the bus masters to start
// nothing new, waits until no burst and no frame on the wire is half done, holds the register port
// and resets the card for 4 cycles. rst_ni reaches the card through a register, a cycle later.
//
//   request --> quiesce_o ... idle_i --> hold_o, card_rst_no low x 4 --> (scrub starts by itself)
module nic_reset (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic request_i,   // one cycle
  input  logic idle_i,      // no burst outstanding, no frame half sent
  output logic busy_o,
  output logic quiesce_o,
  output logic hold_o,
  output logic card_rst_no
);
  typedef enum logic [1:0] {Run, Drain, Hold, Reset} state_e;
  state_e     state_q;
  logic [1:0] count_q;
  logic       card_rst_nq;

  assign busy_o      = state_q != Run;
  assign quiesce_o   = state_q != Run;
  assign hold_o      = state_q == Hold || state_q == Reset;
  assign card_rst_no = card_rst_nq;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q     <= Reset;
      count_q     <= 2'd0;
      card_rst_nq <= 1'b0;
    end else begin
      case (state_q)
        Run: if (request_i) begin
          state_q <= Drain;
          count_q <= 2'd0;
        end
        // Idle for four cycles in a row, so that a response register in between cannot hide a
        // burst.
        Drain: begin
          count_q <= idle_i ? count_q + 2'd1 : 2'd0;
          if (idle_i && count_q == 2'd3) state_q <= Hold;
        end
        Hold: begin
          count_q <= count_q + 2'd1;
          if (count_q == 2'd3) begin
            state_q     <= Reset;
            card_rst_nq <= 1'b0;
          end
        end
        default: begin
          count_q <= count_q + 2'd1;
          if (count_q == 2'd3) begin
            state_q     <= Run;
            card_rst_nq <= 1'b1;
          end
        end
      endcase
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && !card_rst_nq) assert (hold_o) else $fatal(1, "nic_reset: registers in use");
  end
`endif
endmodule
