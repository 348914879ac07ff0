// SPDX-License-Identifier: BSD-2-Clause
//
// Drives interrupt moderation at random: completions, heads, masks, clears, causes set by software, at
// any distance from each other, the same cycle included. A reference written by times, not by
// counters, says in each cycle whether the line is high. Two promises are checked besides, in their own
// words. Ring 0 is served by a driver that sleeps until the line rises and looks at nothing before; ring
// 1 by one that moves its head whenever it likes.
module irq_tb;
  logic clk = 1'b0, rst_n = 1'b0;
  always #1 clk = ~clk;

  int seed, interval, count, cycles, density, pace;
  logic [31:0] tail = 0, tail1 = 0, head = 0, head1 = 0, next0 = 0, next1 = 0;
  logic        moved0, moved1, err = 0, scrub = 0, irq;
  logic [1:0]  cause, due;
  logic [4:0]  set = 0, clear = 0, mask_set = 0, mask_clear = 0, all_causes, mask;
  assign moved0 = next0 != head;
  assign moved1 = next1 != head1;

  nic_irq_ring i_0 (
    .clk_i(clk), .rst_ni(rst_n), .tail_i(tail[15:0]), .head_i(head[15:0]), .moved_i(moved0),
    .interval_i(interval[15:0]), .count_i(count[15:0]), .cause_o(cause[0]), .due_o(due[0])
  );
  nic_irq_ring i_1 (
    .clk_i(clk), .rst_ni(rst_n), .tail_i(tail1[15:0]), .head_i(head1[15:0]), .moved_i(moved1),
    .interval_i(interval[15:0]), .count_i(count[15:0]), .cause_o(cause[1]), .due_o(due[1])
  );
  // What software wrote last is there still, and counts no more.
  logic       write;
  logic [4:0] old = 0;
  assign write = |{set, clear, mask_set, mask_clear};
  always_ff @(posedge clk) old <= 5'($urandom);
  nic_irq i_irq (
    .clk_i(clk), .rst_ni(rst_n), .ring_cause_i({3'd0, cause}), .ring_due_i({3'd0, due}), .err_i(err),
    .scrub_done_i(scrub), .write_i(write), .set_i(write ? set : old),
    .clear_i(write ? clear : old), .mask_set_i(write ? mask_set : old),
    .mask_clear_i(write ? mask_clear : old), .cause_o(all_causes), .mask_o(mask), .irq_o(irq)
  );

  // Reference: since when each ring waits, and what follows from it two cycles later.
  int         now = 0, since0 = 0, since1 = 0;
  logic [1:0] ref_due = 0;
  logic [4:2] ref_sticky = 0;
  logic [4:0] ref_mask = 0;
  logic       ref_irq = 0;
  function automatic int waiting(input logic [31:0] t, input logic [31:0] h);
    waiting = t > h ? int'(t - h) : 0;
  endfunction

  int wrong = 0, served = 0, interrupts = 0;
  task automatic fail(input string what);
    begin
      wrong++;
      if (wrong < 20) $display("cycle %0d: %s", now, what);
    end
  endtask

  always_ff @(posedge clk) if (rst_n) begin
    int w0, w1;
    w0 = waiting(tail, head);
    w1 = waiting(tail1, head1);
    if (irq != ref_irq) fail($sformatf("the line is %b", irq));
    if (all_causes != {ref_sticky, w1 != 0, w0 != 0}) fail("causes");
    if (mask != ref_mask) fail("mask");
    ref_irq    <= |(ref_mask & {ref_sticky, ref_due});
    ref_due[0] <= w0 > 0 && (w0 >= count || now - since0 >= interval);
    ref_due[1] <= w1 > 0 && (w1 >= count || now - since1 >= interval);
    ref_sticky <= (ref_sticky & ~clear[4:2]) | set[4:2] | {1'b0, scrub, err};
    ref_mask   <= (ref_mask & ~mask_clear) | mask_set;
    if (w0 == 0 || moved0) since0 <= now + 1;
    if (w1 == 0 || moved1) since1 <= now + 1;
    head  <= next0;
    head1 <= next1;
    now   <= now + 1;
  end

  // The promises, for ring 1: while its mask is open the line is high when its oldest completion has
  // waited for the interval, and the head did not move meanwhile, or when count of them wait.
  int arrived [256], quiet = 0, open = 0, many = 0;   // arrival of completion n
  always_ff @(posedge clk) if (rst_n) begin
    quiet <= moved1 ? 0 : quiet + 1;
    open  <= (mask[1] && !mask_clear[1]) ? open + 1 : 0;
    many  <= (waiting(tail1, head1) > 0 && waiting(tail1, head1) >= count && !moved1) ? many + 1 : 0;
    if (waiting(tail1, head1) > 0 && open > 3 && !irq) begin
      if (quiet > interval + 3 && now - arrived[head1[7:0]] > interval + 3)
        fail("an old completion, no interrupt");
      if (many > 3) fail("count reached, no interrupt");
    end
  end

  // Where completions, heads, masks and clears meet: how often.
  int   seen [11];
  logic was_due1 = 0, had_moved1 = 0;
  logic [31:0] tail1_was = 0;
  always_ff @(posedge clk) if (rst_n) begin
    int w;
    w = waiting(tail1, head1);
    seen[0]  += int'(tail1 != tail1_was && moved1);
    seen[1]  += int'(tail1 != tail1_was && had_moved1 && w == 1);
    seen[2]  += int'(head1 > tail1);
    seen[3]  += int'(w > 0 && !due[1] && w >= count && now - since1 < interval);
    seen[4]  += int'(w > 0 && !due[1] && w < count && now - since1 >= interval);
    seen[5]  += int'(w > 0 && !due[1] && moved1 && now - since1 >= interval);
    seen[6]  += int'(err && clear[2]);
    seen[7]  += int'(due[1] && !mask[1]);
    seen[8]  += int'(due[1] && !was_due1 && mask_set[1] && !mask[1]);
    seen[9]  += int'(due[1] && !was_due1 && mask_clear[1] && mask[1]);
    seen[10] += int'(tail1 != tail1_was && clear[1]);
    was_due1   <= due[1];
    had_moved1 <= moved1;
    tail1_was  <= tail1;
  end

  task automatic tick; begin @(negedge clk); end endtask
  function automatic logic hit(input int one_in);
    hit = ($urandom % one_in) == 0;
  endfunction

  int sleep = 0;
  logic awake = 0;
  initial begin
    if (!$value$plusargs("seed=%d", seed)) seed = 1;
    if (!$value$plusargs("interval=%d", interval)) interval = 50;
    if (!$value$plusargs("count=%d", count)) count = 4;
    if (!$value$plusargs("cycles=%d", cycles)) cycles = 100000;
    if (!$value$plusargs("density=%d", density)) density = 20;
    if (!$value$plusargs("pace=%d", pace)) pace = 13;
    void'($urandom(seed));
    repeat (3) tick();
    rst_n = 1;
    mask_set = 5'd1; tick(); mask_set = 0;
    for (int i = 0; i < cycles + 4000; i++) begin
      logic last;
      last = i >= cycles;     // no more of anything: what is pending must still be announced
      if (hit(density) && tail - head < 64 && !last) tail++;
      if (hit(density) && waiting(tail1, head1) < 64 && !last) begin
        arrived[tail1[7:0]] = now;
        tail1++;
      end
      err = hit(97) && !last; scrub = hit(997) && !last;
      set = hit(61) && !last ? 5'($urandom) : 5'd0;
      clear = hit(23) || last ? 5'($urandom) | (last ? 5'h1c : 5'd0) : 5'd0;
      mask_set = 0; mask_clear = 0;
      if (last) mask_clear = 5'h1e;
      else if (hit(31)) mask_set = 5'($urandom) & 5'h1e;
      else if (hit(37)) mask_clear = 5'($urandom) & 5'h1e;
      if (last) mask_clear = 5'h1e;
      // Ring 1: any head up to one that is issued and not counted yet.
      next1 = head1;
      if (hit(pace)) next1 = head1 + $urandom % (waiting(tail1, head1) + 2);
      if (next1 > tail1 + 1 || (tail1 < head1 && next1 > head1)) next1 = head1;
      // Ring 0: asleep until the line is high; then takes some of it, a while later, in one move. It
      // masks its cause meanwhile, or does not, and arms it again in or after the cycle of the move.
      next0 = head;
      if (irq && mask[0] && !awake && tail != head) begin
        awake = 1; sleep = $urandom % 9; interrupts++;
        if (hit(2)) mask_clear[0] = 1;
      end else if (awake && sleep > 0) sleep--;
      else if (awake) begin
        next0 = hit(3) ? tail : head + 1 + $urandom % (tail - head);
        served = served + int'(next0 - head);
        mask_set[0] = 1; mask_clear[0] = 0; awake = 0;
      end
      tick();
    end
    if (tail != head) fail($sformatf("%0d completions that nobody announced", tail - head));
    $display("cover completion_meets_move %0d", seen[0]);
    $display("cover completion_behind_move %0d", seen[1]);
    $display("cover head_before_tail %0d", seen[2]);
    $display("cover due_by_count %0d", seen[3]);
    $display("cover due_by_age %0d", seen[4]);
    $display("cover move_as_it_gets_due %0d", seen[5]);
    $display("cover error_meets_clear %0d", seen[6]);
    $display("cover due_while_masked %0d", seen[7]);
    $display("cover due_as_mask_opens %0d", seen[8]);
    $display("cover due_as_mask_closes %0d", seen[9]);
    $display("cover completion_meets_clear %0d", seen[10]);
    $display("end of the bench: %0d served by %0d interrupts, %0d wrong", served, interrupts, wrong);
    $finish;
  end
endmodule
