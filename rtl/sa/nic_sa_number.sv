// SPDX-License-Identifier: BSD-2-Clause
//
// nic_sa_number: the sequence counters of transmit SAs under packet offload: the last number given
// to a packet of each (RFC 4303 §2.2). The next one is offered in the cycle after the read of the SA
// and counts as given with take_i. A counter that has come to its end offers none (§3.3.3): it never
// cycles. Software sets a counter with its SA, and reads it when the SA leaves the card. Latency 1
// cycle; a number every two cycles.
//
//   rd_en --> mem[idx] --> last_q --> + 1 --> number_o        take_i --> mem[idx]
//   software: write_i --> mem[idx]     read_i --> mem[idx] --> read_q (held)
module nic_sa_number (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               scrub_i,
  input  logic [9:0]         scrub_row_i,
  input  nic_pkg::sa_write_t write_i,
  input  logic               rd_en_i,
  input  logic [9:0]         rd_idx_i,
  input  logic               esn_i,       // of the SA that was read
  output logic [63:0]        number_o,
  output logic               spent_o,     // there is no next number
  input  logic               take_i,      // a packet has it
  input  logic               read_i,      // one cycle
  output logic               read_busy_o,
  output logic [63:0]        read_o
);
  logic [63:0] mem [1024];
  logic [63:0] last_q, read_q, wait_q;
  logic [9:0]  idx_q, wait_idx_q;
  logic        read_pend_q, wait_valid_q;

  assign number_o    = last_q + 64'd1;
  assign spent_o     = (&last_q[31:0]) & (~esn_i | (&last_q[63:32]));
  assign read_busy_o = read_pend_q;
  assign read_o      = read_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      read_pend_q  <= 1'b0;
      read_q       <= '0;
      wait_valid_q <= 1'b0;
    end else begin
      // A commit waits for a cycle in which no number is given.
      if (write_i.valid) wait_valid_q <= 1'b1;
      else if (!take_i) wait_valid_q <= 1'b0;
      if (read_i) read_pend_q <= 1'b1;
      else if (read_pend_q && !rd_en_i) begin
        read_pend_q <= 1'b0;
        read_q      <= mem[write_i.idx];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (write_i.valid) begin
      wait_idx_q <= write_i.idx;
      wait_q     <= write_i.seq;
    end
    if (scrub_i) mem[scrub_row_i] <= '0;
    else if (take_i) mem[idx_q] <= number_o;
    else if (wait_valid_q) mem[wait_idx_q] <= wait_q;
    if (rd_en_i) begin
      last_q <= mem[rd_idx_i];
      idx_q  <= rd_idx_i;
    end
  end

  logic unused_write;
  assign unused_write = &{1'b0, write_i.entry, write_i.flip, write_i.seen};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && take_i) begin
      assert (!spent_o) else $fatal(1, "nic_sa_number: a number after the last");
      assert (!rd_en_i) else $fatal(1, "nic_sa_number: read while one is given");
    end
  end
`endif
endmodule
