// SPDX-License-Identifier: BSD-2-Clause
//
// nic_irq: interrupt causes, masks and moderation. TXC and RXC are levels (completions pending), so
// no wake-up can be lost; ERR, SCRUB_DONE and SW are sticky. Moderation holds back TXC and RXC
// only: a ring's cause passes when it has >= count completions pending, or interval cycles went by
// since it became pending or software last moved its head. Latency 2 cycles from cause to irq_o.
module nic_irq (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic [15:0] txc_pending_i,   // completions
  input  logic        txc_head_moved_i,
  input  logic [15:0] rxc_pending_i,
  input  logic        rxc_head_moved_i,
  input  logic        err_i,           // one cycle
  input  logic        scrub_done_i,    // one cycle
  input  logic [15:0] interval_i,      // cycles
  input  logic [15:0] count_i,         // completions
  input  logic [4:0]  set_i,           // one cycle each
  input  logic [4:0]  clear_i,
  input  logic [4:0]  mask_set_i,
  input  logic [4:0]  mask_clear_i,
  output logic [4:0]  cause_o,
  output logic [4:0]  mask_o,
  output logic        irq_o
);
  logic [15:0] txc_age_q, rxc_age_q;
  logic        txc_due_q, rxc_due_q, irq_q;
  logic [4:2]  sticky_q;
  logic [4:0]  mask_q;

  assign cause_o = {sticky_q, rxc_pending_i != 16'd0, txc_pending_i != 16'd0};
  assign mask_o  = mask_q;
  assign irq_o   = irq_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      txc_age_q <= '0;
      rxc_age_q <= '0;
      txc_due_q <= 1'b0;
      rxc_due_q <= 1'b0;
      sticky_q  <= '0;
      mask_q    <= '0;
      irq_q     <= 1'b0;
    end else begin
      if (txc_pending_i == 16'd0 || txc_head_moved_i) txc_age_q <= 16'd0;
      else if (txc_age_q != 16'hffff) txc_age_q <= txc_age_q + 16'd1;
      if (rxc_pending_i == 16'd0 || rxc_head_moved_i) rxc_age_q <= 16'd0;
      else if (rxc_age_q != 16'hffff) rxc_age_q <= rxc_age_q + 16'd1;
      txc_due_q <= txc_pending_i != 16'd0 && (txc_pending_i >= count_i || txc_age_q >= interval_i);
      rxc_due_q <= rxc_pending_i != 16'd0 && (rxc_pending_i >= count_i || rxc_age_q >= interval_i);
      sticky_q  <= (sticky_q & ~clear_i[4:2]) | set_i[4:2] | {1'b0, scrub_done_i, err_i};
      mask_q    <= (mask_q & ~mask_clear_i) | mask_set_i;
      irq_q     <= |(mask_q & {sticky_q, rxc_due_q, txc_due_q});
    end
  end

  logic unused_low_bits;
  assign unused_low_bits = &{1'b0, set_i[1:0], clear_i[1:0]};

`ifndef SYNTHESIS
  // A masked card is silent.
  logic mask_was_zero_q;
  always_ff @(posedge clk_i) begin
    mask_was_zero_q <= mask_q == 5'd0;
    if (rst_ni && irq_q) assert (!mask_was_zero_q) else $fatal(1, "nic_irq: masked interrupt");
  end
`endif
endmodule
