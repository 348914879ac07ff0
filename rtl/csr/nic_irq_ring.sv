// SPDX-License-Identifier: BSD-2-Clause
//
// nic_irq_ring: the interrupt cause of one completion ring, and its moderation. The cause is a
// level: completions are pending, that is, written and not taken. So no wake-up can be lost, however
// masks are written and causes cleared meanwhile. It is due when
//   - count or more are pending, or
//   - interval cycles went by since the ring had none, or since software last moved its head.
// So each completion is announced within interval cycles of it, or of the head's last move: then
// software looked at the ring. An index that is refused, or written as it was, is no move. Software
// may take a completion that the card does not count yet; then the head is in front of the tail for
// a while, and nothing is pending. Latency 1 cycle.
//
//   tail - head --> pending --> age --> due
module nic_irq_ring (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic [15:0] tail_i,       // written
  input  logic [15:0] head_i,       // taken
  input  logic        moved_i,      // head moves with the next edge
  input  logic [15:0] interval_i,   // cycles
  input  logic [15:0] count_i,      // completions
  output logic        cause_o,
  output logic        due_o
);
  logic [15:0] ahead, pending, age_q;
  logic        due_q;

  assign ahead   = tail_i - head_i;
  assign pending = ahead[15] ? 16'd0 : ahead;
  assign cause_o = pending != 16'd0;
  assign due_o   = due_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      age_q <= '0;
      due_q <= 1'b0;
    end else begin
      due_q <= cause_o & (pending >= count_i || age_q >= interval_i);
      age_q <= (!cause_o || moved_i) ? 16'd0 : age_q + 16'(age_q != 16'hffff);
    end
  end

`ifndef SYNTHESIS
  // Where a completion and software meet.
  logic [15:0] tail_was_q;
  logic        new_one;
  assign new_one = tail_i != tail_was_q;
  always_ff @(posedge clk_i) tail_was_q <= tail_i;

  ring_completion_meets_move:
    cover property (@(posedge clk_i) rst_ni && new_one && moved_i);
  ring_completion_behind_move:   // the ring was taken empty, and in the next cycle it is not
    cover property (@(posedge clk_i) rst_ni && new_one && $past(moved_i) && pending == 16'd1);
  ring_head_before_tail:
    cover property (@(posedge clk_i) rst_ni && ahead[15]);
  ring_due_by_count:
    cover property (@(posedge clk_i) rst_ni && cause_o && !due_q && pending >= count_i
                    && age_q < interval_i);
  ring_due_by_age:
    cover property (@(posedge clk_i) rst_ni && cause_o && !due_q && pending < count_i
                    && age_q >= interval_i);
  ring_move_as_it_gets_due:
    cover property (@(posedge clk_i) rst_ni && cause_o && moved_i && !due_q && age_q >= interval_i);
`endif
endmodule
