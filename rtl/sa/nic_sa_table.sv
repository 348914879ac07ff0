// SPDX-License-Identifier: BSD-2-Clause
//
// nic_sa_table: 1024 security associations of one direction. Written whole by the CSR window,
// zeroed by the scrub. Read data is valid in the cycle after rd_en_i and holds until the next read.
// Latency 1 cycle; a read a cycle.
//
// Each row has an even parity bit for every 32 bits of it: key, salt, flags. A row that does not
// agree with them is read with entry.bad, from the second cycle after rd_en_i on, and reported on
// error_o once for each read. It stays bad until it is written again. The bits in write_i.flip are
// stored wrong: for tests of what a flipped bit leads to. A row of zeros is a good one.
//
//   rd_en_i --> mem --> rd_q (entry) --> parity --> bad_q (entry.bad), error_o
module nic_sa_table (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               scrub_i,
  input  logic [9:0]         scrub_row_i,
  input  nic_pkg::sa_write_t write_i,
  input  logic               rd_en_i,
  input  logic [9:0]         rd_idx_i,
  output nic_pkg::sa_entry_t rd_data_o,
  output logic               error_o     // one cycle
);
  localparam int unsigned Width = $bits(rd_data_o) - 1;   // without bad, its highest bit
  localparam int unsigned Words = nic_pkg::SA_PARITY_BITS;
  logic [Words+Width-1:0] mem [1024];
  logic [Words+Width-1:0] rd_q;
  logic [Width:0]         entry;
  logic                   check_q, bad_q, error_q;

  // One bit for each 32 of a row.
  function automatic logic [Words-1:0] parity(input logic [Width-1:0] row);
    logic [32*Words-1:0] padded;
    logic [Words-1:0]    bits;
    padded = {{(32*Words-Width){1'b0}}, row};
    bits   = '0;
    for (int unsigned i = 0; i < Words; i++) bits[i] = ^padded[32*i +: 32];
    parity = bits;
  endfunction

  assign entry     = write_i.entry;
  assign rd_data_o = {bad_q, rd_q[Width-1:0]};
  assign error_o   = error_q;

  logic unused_bits;
  assign unused_bits = &{1'b0, write_i.seq, write_i.seen, entry[Width]};

  always_ff @(posedge clk_i) begin
    if (scrub_i) mem[scrub_row_i] <= '0;
    else if (write_i.valid) mem[write_i.idx] <= {parity(entry[Width-1:0]) ^ write_i.flip,
                                                 entry[Width-1:0]};
    // The key leaves the read register with reset, as the table is zeroed after it.
    if (!rst_ni) begin
      rd_q    <= '0;
      check_q <= 1'b0;
      bad_q   <= 1'b0;
      error_q <= 1'b0;
    end else begin
      check_q <= rd_en_i;
      error_q <= 1'b0;
      if (rd_en_i) rd_q <= mem[rd_idx_i];
      if (check_q) begin
        bad_q   <= parity(rd_q[Width-1:0]) != rd_q[Width +: Words];
        error_q <= parity(rd_q[Width-1:0]) != rd_q[Width +: Words];
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && write_i.valid) assert (!scrub_i)
      else $fatal(1, "nic_sa_table: write during scrub");
  end
`endif
endmodule
