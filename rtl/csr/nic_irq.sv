// SPDX-License-Identifier: BSD-2-Clause
//
// nic_irq: interrupt causes, masks and the line. TXC and RXC are levels of nic_irq_ring, held back
// by moderation; ERR, SCRUB_DONE and SW are sticky: what sets one in the cycle in which software
// clears it wins. The line is the or of what is due and unmasked, so a cause that came while it was
// masked raises it when the mask opens. Latency 1 cycle from due to irq_o, 2 from what is sticky.
//
//   pulse ---> sticky_q --+
//   due_i ----------------+--> & mask_q --> or --> irq_q
module nic_irq #(
  parameter int unsigned Causes = 5    // 4:2 are sticky, all others of rings, if anything
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic [Causes-1:0] ring_cause_i,    // 4:2 are 0
  input  logic [Causes-1:0] ring_due_i,
  input  logic        err_i,           // one cycle
  input  logic        scrub_done_i,    // one cycle
  input  logic              write_i,         // software writes one of these
  input  logic [Causes-1:0] set_i,
  input  logic [Causes-1:0] clear_i,
  input  logic [Causes-1:0] mask_set_i,
  input  logic [Causes-1:0] mask_clear_i,
  output logic [Causes-1:0] cause_o,
  output logic [Causes-1:0] mask_o,
  output logic        irq_o
);
  logic [4:2]  sticky_q;
  logic [Causes-1:0] mask_q, sticky;
  logic        irq_q;

  assign sticky  = Causes'({sticky_q, 2'd0});
  assign cause_o = sticky | ring_cause_i;
  assign mask_o  = mask_q;
  assign irq_o   = irq_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sticky_q <= '0;
      mask_q   <= '0;
      irq_q    <= 1'b0;
    end else begin
      if (write_i) begin
        sticky_q <= (sticky_q & ~clear_i[4:2]) | set_i[4:2] | {1'b0, scrub_done_i, err_i};
        mask_q   <= (mask_q & ~mask_clear_i) | mask_set_i;
      end else if (scrub_done_i || err_i) begin
        sticky_q <= sticky_q | {1'b0, scrub_done_i, err_i};
      end
      irq_q <= |(mask_q & (sticky | ring_due_i));
    end
  end

  logic unused_low_bits;
  assign unused_low_bits = &{1'b0, set_i, clear_i};

`ifndef SYNTHESIS
  // A masked card is silent.
  logic mask_was_zero_q;
  always_ff @(posedge clk_i) begin
    mask_was_zero_q <= mask_q == '0;
    if (rst_ni && irq_q) assert (!mask_was_zero_q) else $fatal(1, "nic_irq: masked interrupt");
  end

  // Where the card and software meet.
  irq_error_meets_clear:
    cover property (@(posedge clk_i) rst_ni && err_i && write_i && clear_i[2]);
  irq_due_while_masked:
    cover property (@(posedge clk_i) rst_ni && (ring_due_i & ~mask_q) != '0);
  irq_due_as_mask_opens:
    cover property (@(posedge clk_i) rst_ni && $rose(ring_due_i[1]) && write_i && mask_set_i[1] && !mask_q[1]);
  irq_due_as_mask_closes:
    cover property (@(posedge clk_i) rst_ni && $rose(ring_due_i[1]) && write_i && mask_clear_i[1] && mask_q[1]);
`endif
endmodule
