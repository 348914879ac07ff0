// SPDX-License-Identifier: BSD-2-Clause
//
// Drives nic_sa_table: every bit of a row is flipped behind its back, one after the other, and parity
// bits are written wrong on purpose. Says what it did not expect, and how many reads it made.
module sa_table_tb;
  localparam int Width = $bits(nic_pkg::sa_entry_t) - 1;
  localparam int Rows  = Width + nic_pkg::SA_PARITY_BITS;
  logic clk = 1'b0, rst_n = 1'b0;
  always #1 clk = ~clk;

  logic               scrub = 0, rd_en = 0, bad_seen, error;
  logic [9:0]         row = 0, rd_idx = 0;
  logic               w_valid = 0;
  logic [9:0]         w_idx = 0;
  logic [Width-1:0]   w_row = '0;
  logic [nic_pkg::SA_PARITY_BITS-1:0] w_flip = '0;
  nic_pkg::sa_write_t w;
  always_comb begin
    w       = '0;
    w.valid = w_valid;
    w.idx   = w_idx;
    w.entry = {1'b0, w_row};
    w.flip  = w_flip;
  end
  nic_pkg::sa_entry_t got;
  nic_sa_table dut (
    .clk_i(clk), .rst_ni(rst_n), .scrub_i(scrub), .scrub_row_i(row), .write_i(w),
    .rd_en_i(rd_en), .rd_idx_i(rd_idx), .rd_data_o(got), .error_o(error)
  );

  int reads = 0, errors = 0, wrong = 0;
  always_ff @(posedge clk) errors <= errors + int'(error);
  task automatic tick; begin @(negedge clk); end endtask
  task automatic put(input logic [9:0] idx, input logic [nic_pkg::SA_PARITY_BITS-1:0] flip);
    begin
      w_valid = 1; w_idx = idx; w_flip = flip;
      for (int i = 0; i < Width; i += 32) w_row = {w_row[Width-33:0], $urandom};
      tick(); w_valid = 0;
    end
  endtask
  task automatic check(input logic [9:0] idx, input logic bad, input string what, input int bit_no);
    begin
      int was;
      was = errors;
      rd_en = 1; rd_idx = idx; tick(); rd_en = 0; tick(); tick(); tick();
      reads++;
      if (got.bad != bad || errors - was != int'(bad)) begin
        wrong++;
        $display("%s %0d: bad %b, %0d reports", what, bit_no, got.bad, errors - was);
      end
    end
  endtask

  initial begin
    rst_n = 0; scrub = 1;
    repeat (1024) begin tick(); row++; end
    rst_n = 1; scrub = 0; tick();
    check(10'd9, 0, "scrubbed row", 9);
    put(10'd3, '0); put(10'd4, '0);
    check(10'd3, 0, "good row", 3);
    for (int b = 0; b < Rows; b++) begin
      dut.mem[3][b] = ~dut.mem[3][b];
      check(10'd3, 1, "flipped bit", b);
      check(10'd4, 0, "row beside it", b);
      dut.mem[3][b] = ~dut.mem[3][b];
    end
    check(10'd3, 0, "bits as they were", 3);
    for (int b = 0; b < nic_pkg::SA_PARITY_BITS; b++) begin
      put(10'd5, 10'd1 << b);
      check(10'd5, 1, "injected", b);
      check(10'd5, 1, "injected, read again", b);
      put(10'd5, '0);
      check(10'd5, 0, "written again", b);
    end
    $display("end of the bench: %0d reads, %0d wrong", reads, wrong);
    $finish;
  end
endmodule
